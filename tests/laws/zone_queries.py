"""Random queries that join zones: to layers, to what queries give, once or twice, with every kind of condition."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.laws.queries import LAYERS, Draft, _comparison, _conditions, _from, _join

DRIVERS = ("fine", "twin", "rain", "coarse", "classes", "sparse", "dateline", "pent")
USING = ("", "", "", " USING center", " USING overlap", " USING full")
OF_ZONES = (
    "{0}.name = 'west'", "{0}.people > 60", "{0}.kind = 'town'", "{0}.open", "{0}.name IS NULL",
    "{0}.zone IN (1, 2, 6)",
    "{0}.limit_m IS NOT NULL AND {0}.people < 500", "NOT {0}.open", "{0}.name LIKE '%e%' OR {0}.people IS NULL",
)  # fmt: skip
KEYS = ("{0}.zone", "{0}.name", "{0}.kind", "{0}.open", "upper({0}.name)", "{0}.people > 60")
AGGREGATES = (
    "count(*)", "count({0}.name)", "sum({0}.people)", "max({0}.limit_m)", "count(DISTINCT {0}.zone)", "min({0}.name)",
)  # fmt: skip


@st.composite
def zone_queries(draw: st.DrawFn) -> str:
    """A query that joins zones."""
    driver = LAYERS[draw(st.sampled_from(DRIVERS))]
    text, draft = _from(draw, driver)
    if draw(st.booleans()) and driver.name not in ("dateline", "pent"):
        partner = draw(st.sampled_from([n for n in ("coarse", "classes", "far") if n != driver.name]))
        clause, draft = _join(draw, LAYERS[partner], draft)
        text += clause
    if draw(st.integers(0, 4)) == 0:
        band = driver.bands[0].name
        text = f"WITH q AS (FROM {driver.name} GROUP BY cell SELECT cell, max({band}) AS {band})\nFROM q"
        draft = Draft(driver.resolution, (_without_time(driver),))
    seen = []
    for alias in ("a", "b")[: draw(st.sampled_from([1, 1, 1, 2]))]:
        clause, kept = _zones(draw, alias, draft)
        text += clause
        seen += [alias] if kept else []
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        own = [st.sampled_from(OF_ZONES).map(lambda c, a=a: c.format(a)) for a in seen]  # type: ignore[misc]
        text += f"\nFILTER {draw(st.one_of(_conditions(draft), *own, *own))}"
    return text + (_groups(draw, draft, seen) if draw(st.integers(0, 2)) else _rows(draw, draft, seen))


def _without_time(layer: object) -> object:
    from dataclasses import replace

    return replace(layer, time=None, bands=layer.bands[:1])  # type: ignore[type-var,attr-defined]


def _zones(draw: st.DrawFn, alias: str, draft: Draft) -> tuple[str, bool]:
    """A join of zones, and whether it brings columns."""
    kind = draw(st.sampled_from(["JOIN", "JOIN", "LEFT JOIN", "SEMI JOIN", "ANTI JOIN"]))
    text = f"\n{kind} districts AS {alias}{draw(st.sampled_from(USING))}"
    band = draft.bands[0]
    mixed = [f"{band.name} < {alias}.people", f"{alias}.people > {band.name} + 100"]
    mixed = [] if band.kind == "categorical" else mixed
    conditions = [c.format(alias) for c in OF_ZONES] + mixed * 3
    if draw(st.booleans()):
        text += f" ON {draw(st.sampled_from(conditions))}"
        if draw(st.integers(0, 3)) == 0:
            text += f" AND {draw(_comparison(band)) if band.name in _real(draft) else 'TRUE'}"
    return text, kind in ("JOIN", "LEFT JOIN")


def _real(draft: Draft) -> set[str]:
    return {b.name for b in draft.bands}


def _groups(draw: st.DrawFn, draft: Draft, seen: list[str]) -> str:
    keys = [k.format(a) for a in seen for k in KEYS] + [f"CELL({max(0, draft.resolution - 2)})"]
    keys += ["month(time)"] if draft.timed else []
    chosen = draw(st.lists(st.sampled_from(keys), max_size=3, unique=True))
    band = draft.bands[0]
    calls = [c.format(a) for a in seen for c in AGGREGATES] + ["count(*)", f"min({band.name})", f"count({band.name})"]
    items = [f"k{n}" for n in range(len(chosen))]
    items += [f"{c} AS v{n}" for n, c in enumerate(draw(st.lists(st.sampled_from(calls), min_size=1, max_size=3)))]
    by = "\nGROUP BY " + ", ".join(f"{k} AS k{n}" for n, k in enumerate(chosen)) if chosen else ""
    having = draw(st.sampled_from(["", "", "\nHAVING count(*) > 2"])) if chosen else ""
    return f"{by}\nSELECT {', '.join(items)}{having}"


def _rows(draw: st.DrawFn, draft: Draft, seen: list[str]) -> str:
    columns = [f"{a}.{c}" for a in seen for c in ("zone", "name", "people")] + [b.name for b in draft.bands]
    chosen = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=4, unique=True))
    head = "cell, time" if draft.timed else "cell"
    return f"\nSELECT {head}, " + ", ".join(f"{c} AS x{n}" for n, c in enumerate(chosen))
