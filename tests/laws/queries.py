"""Random queries over the tiny cube, as text: whatever is drawn is a query with one right answer.

A query is drawn clause by clause in the order in which it is read: the driver, its grid, joins that suit both
grids and clocks, filters with values that occur in the data, then either rows or groups.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from hypothesis import strategies as st

from cubeql.catalog.records import Band, Layer
from tests.support.cube import A, B, tiny_cube
from tests.support.oracle.regions import text_of
from tests.support.oracle.relations import decode

LAYERS = {name: layer.record for name, layer in tiny_cube().items()}
EUROPE = ("fine", "twin", "rain", "coarse", "classes", "finer", "sparse", "forecast", "far", "monthly")
PENTAGON = ("pent", "pentfine")
ELSEWHERE = ("dateline", "pole")
CLOCKS = (
    "EQUAL", "SAME DAY", "SAME DEKAD", "SAME WEEK", "SAME MONTH", "SAME SEASON", "SAME YEAR", "AS OF",
    "AS OF WITHIN '20 days'", "AS OF WITHIN '1 month'", "NEXT", "NEXT WITHIN '10 days'", "NEAREST",
    "NEAREST WITHIN '8 days'", "PRECEDING '14 days'", "FOLLOWING '1 month'", "AROUND '20 days'", "ANY",
    "AS OF VALID", "NEAREST VALID WITHIN '30 days'", "NEAREST 2", "NEXT VALID",
)  # fmt: skip
INSTANTS = ("2024-05-03T10:30Z", "2024-05-10", "2024", "2022-07-15", "2025-06", "2000")
PERIODS = ("2024", "2021/2022", "../2024-05", "2024-03/2024-05", "2023-06/..", "1991/2020")
BUCKETS = ("", ", BY month", ", BY season", ", BY dekad", ", BY hour", ", BY year", ", BY week", ", BY doy")
WINDOWS = ("PRECEDING '14 days'", "FOLLOWING '1 month'", "AROUND '20 days'")
SO_FAR, FROM_HERE = "UNBOUNDED PRECEDING AND CURRENT ROW", "CURRENT ROW AND UNBOUNDED FOLLOWING"
TIMES = (
    "2024", "2024-05", "2024-05/2024-06", "2024-03/..", "../2024-05-03", "2024-07-01", "2023-12/2024-04",
    "2024-01",
)  # fmt: skip
REGIONS = (
    "BBOX(11.4, 48.1, 11.6, 48.2)", "BBOX(10.5, 47.5, 11.5, 48.8)", "BBOX(170, -90, -170, 90)",
    "BBOX(-180, 60, 180, 90)", f"CELL '{text_of(A)}'", f"CELL '{text_of(B)}'", "CELL '861f8d447ffffff'",
    "DISK('871f8d440ffffff', 2)", "POINT(11.49, 48.17)", "CIRCLE(11.49, 48.18, '6500 m')",
    "POLYGON 'POLYGON((11.3 48.1, 11.7 48.1, 11.6 48.3, 11.35 48.25, 11.3 48.1))'",
)  # fmt: skip
ONE = ("count", "sum", "avg", "min", "max", "median", "stddev", "variance", "mode", "count(DISTINCT")
OF_CODES = ("count", "min", "max", "mode", "count(DISTINCT")


@dataclass(frozen=True)
class Draft:
    """What is known of a query while it is drawn.

    Attributes:
        resolution: of its grid.
        sources: layers whose columns it can read, the driver first.
    """

    resolution: int
    sources: tuple[Layer, ...]

    @property
    def bands(self) -> list[Band]:
        return [band for layer in self.sources for band in layer.bands]

    @property
    def timed(self) -> bool:
        return any(layer.time for layer in self.sources)

    @property
    def columns(self) -> list[str]:
        others = [f"{s.name}.time" for s in self.sources if s.time]
        return [*others, *(d.name for s in self.sources for d in s.dimensions), *(b.name for b in self.bands)]


@st.composite
def queries(draw: st.DrawFn) -> str:
    """A query, now and then one over the result of another."""
    return draw(st.one_of(plain_queries(), plain_queries(), plain_queries(), nested_queries()))


@st.composite
def plain_queries(draw: st.DrawFn) -> str:
    """A query over layers."""
    family = draw(st.sampled_from([EUROPE] * 6 + [PENTAGON, ELSEWHERE]))
    driver = LAYERS[draw(st.sampled_from([*family * 4, "nothing"]))]
    text, draft = _from(draw, driver)
    partners = [n for n in [*family * 4, "nothing"] if n != driver.name and family is not ELSEWHERE]
    for name in draw(st.lists(st.sampled_from(partners), max_size=2, unique=True)) if partners else []:
        clause, draft = _join(draw, LAYERS[name], draft)
        text += clause
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 1, 2]))):
        text += f"\nFILTER {draw(_conditions(draft))}"
    return text + draw(st.one_of(_rows(draft), _groups(draft)))


@st.composite
def nested_queries(draw: st.DrawFn) -> str:
    """A query over the groups of another by cell, and by month where it has a time; perhaps joined to a layer."""
    inner = LAYERS[draw(st.sampled_from(["fine", "twin", "rain", "finer", "classes", "sparse", "coarse"]))]
    grid = draw(st.integers(max(0, inner.resolution - 4), inner.resolution))
    draft = Draft(inner.resolution, (inner,))
    month = ", date_trunc('month', time) AS time" if inner.time and draw(st.booleans()) else ""
    head = "cell, time" if month else "cell"
    items = f"{head}, {draw(_aggregate(draft))} AS z0, count(*) AS z1"
    where = f" FILTER {draw(_conditions(draft))}" if draw(st.booleans()) else ""
    grouped = f"FROM {inner.name}{where} GROUP BY CELL({grid}){month} SELECT {items}"
    if draw(st.booleans()):
        return f"SELECT count(*) AS n, sum(z1) AS s, max({head.split(', ')[-1]}) AS m FROM ({grouped}) AS q"
    layer = LAYERS[draw(st.sampled_from(["far", "classes", "coarse", "rain", "forecast", "coarse"]))]
    clock = f" ON TIME {draw(st.sampled_from(CLOCKS))}" if layer.time and month else ""
    columns = f"cell, z0, z1, {layer.bands[0].name} AS x0"
    kind = draw(st.sampled_from(["JOIN", "LEFT JOIN"]))
    return f"WITH q AS ({grouped})\nFROM q {kind} {layer.name}{clock}\nSELECT {columns}"


def _from(draw: st.DrawFn, driver: Layer) -> tuple[str, Draft]:
    step = draw(st.sampled_from([0, 0, 0, 0, -1, -2, 1 if driver.resolution < 7 else -3]))
    grid = max(0, driver.resolution + step)
    written = "" if step == 0 else f" AT RESOLUTION {grid}"
    name, seen = _frozen(draw, driver)
    return f"FROM {name}{written}", Draft(grid, (seen,))


def _frozen(draw: st.DrawFn, layer: Layer) -> tuple[str, Layer]:
    """A layer as it is written, now and then frozen at an instant, and what the query sees of it."""
    if layer.time is None or draw(st.integers(0, 7)):
        return layer.name, layer
    return f"{layer.name} AT '{draw(st.sampled_from(INSTANTS))}'", replace(layer, time=None)


def _join(draw: st.DrawFn, layer: Layer, draft: Draft) -> tuple[str, Draft]:
    kind = draw(st.sampled_from(["JOIN", "JOIN", "LEFT JOIN", "SEMI JOIN", "ANTI JOIN"]))
    name, layer = _frozen(draw, layer)
    text = f"\n{kind} {name}"
    clock = draw(st.sampled_from([*CLOCKS, *WINDOWS])) if layer.time and draft.timed and draw(st.booleans()) else ""
    if clock and layer.time and layer.time.stamp == "start" and draw(st.integers(0, 4)) == 0:
        clock = "DURING"
    text += f" ON TIME {clock}" if clock else ""
    if draw(st.booleans()):
        text += f" ON {draw(_comparison(draw(st.sampled_from(layer.bands))))}"
    if layer.resolution > draft.resolution or (clock in WINDOWS and draw(st.booleans())):
        text += draw(_methods(layer))
    kept = kind in ("JOIN", "LEFT JOIN")
    seen = replace(layer, time=None) if clock in WINDOWS else layer
    return text, Draft(draft.resolution, (*draft.sources, seen)) if kept else draft


def _methods(layer: Layer) -> st.SearchStrategy[str]:
    if any(b.kind == "categorical" for b in layer.bands):
        return st.sampled_from(["", " USING min", " USING max", " USING mode", " USING first"])
    words = ("min", "max", "sum", "mean", "median", "mode", "first", "last", "stddev")
    each = st.sampled_from([f" USING ({layer.bands[0].name} {word})" for word in words])
    return st.one_of(st.just(""), st.sampled_from([f" USING {word}" for word in words]), each)


# ------------------------------------------------------------------ conditions


def _conditions(draft: Draft) -> st.SearchStrategy[str]:
    simple = [st.sampled_from([f"cell WITHIN {r}" for r in REGIONS] + [f"cell NOT WITHIN {REGIONS[0]}"])]
    simple += [_comparison(band) for band in draft.bands]
    if draft.timed:
        simple.append(_time_test())
    one = st.one_of(*simple, *([_comparison(band) for band in draft.bands] * 2))
    both = st.builds(lambda a, b, word: f"({a} {word} {b})", one, one, st.sampled_from(["AND", "OR"]))
    frames = ("NOT {0}", "({0}) = false", "({0}) IS NULL", "CASE WHEN {0} THEN false ELSE true END")
    framed = st.builds(lambda text, frame: frame.format(text), both, st.sampled_from(frames))
    return st.one_of(one, one, both, framed)


def _time_test() -> st.SearchStrategy[str]:
    during = st.sampled_from([f"time DURING '{t}'" for t in TIMES])
    single = st.sampled_from([t for t in TIMES if "/" not in t])
    beside = st.builds(lambda word, t: f"time {word} '{t}'", st.sampled_from(["BEFORE", "AFTER", "IN"]), single)
    calendar = st.sampled_from(["month(time) IN (1, 5, 7)", "season(time) = 'DJF'", "year(time) = 2024"])
    return st.one_of(during, beside, calendar)


def _comparison(band: Band) -> st.SearchStrategy[str]:
    """A condition on a band, with values that occur in it."""
    null = st.sampled_from([f"{band.name} IS NULL", f"{band.name} IS NOT NULL"])
    if band.kind == "categorical":
        names = st.sampled_from([name for _, name in band.classes])
        equal = st.builds(lambda o, n: f"{band.name} {o} '{n}'", st.sampled_from(["=", "<>"]), names)
        return st.one_of(equal, equal, null)
    value = st.sampled_from(_values(band))
    operator = st.sampled_from(["<", "<=", ">", ">=", "=", "<>"])
    compared = st.builds(lambda o, v: f"{band.name} {o} {v}", operator, value)
    between = st.builds(lambda a, b: f"{band.name} BETWEEN {min(a, b)} AND {max(a, b)}", value, value)
    return st.one_of(compared, compared, compared, between, null)


def _values(band: Band) -> list[float]:
    """A few decoded values of a band, low to high."""
    layer = next(layer for layer in tiny_cube().values() if band in layer.record.bands)
    found = sorted({row[band.name] for row in layer.values.values() if band.name in row})
    few = found[:: max(1, len(found) // 8)] or [0]
    return [value for stored in few if (value := decode(band, stored)) is not None]


# ------------------------------------------------------------------ results


def _rows(draft: Draft) -> st.SearchStrategy[str]:
    plain = st.sampled_from(_items(draft))
    columns = st.lists(st.one_of(plain, plain, plain, *_baselines(draft)), min_size=1, max_size=4, unique=True)
    head = "cell, time" if draft.timed else "cell"

    def written(names: list[str], window: str, qualify: str, distinct: bool, order: str) -> str:
        items = ", ".join(f"{name} AS x{n}" for n, name in enumerate([*names, *([window] if window else [])]))
        return f"\nSELECT {'DISTINCT ' if distinct else ''}{head}, {items}{qualify}{order}"

    orders = st.sampled_from(["", "", f"\nORDER BY x0 DESC, {head}", "\nORDER BY cell, x0 NULLS FIRST"])
    plain = st.just("")
    windows = st.one_of(plain, plain, _windows(draft))
    tests = st.one_of(plain, plain, plain, _ranks(draft).map(lambda rank: f"\nQUALIFY {rank} <= 2"))
    return st.builds(written, columns, windows, tests, st.booleans(), orders)


def _ranks(draft: Draft) -> st.SearchStrategy[str]:
    """Ranks, which are right however equal rows are ordered."""
    by = st.sampled_from([*(b.name for b in draft.bands), "cell", *(["time"] if draft.timed else [])])
    return st.builds(
        lambda name, part, key, turn: f"{name}() OVER ({part}ORDER BY {key}{turn})",
        st.sampled_from(["rank", "dense_rank"]), st.sampled_from(_parts(draft)), by, st.sampled_from(["", " DESC"]),
    )  # fmt: skip


def _windows(draft: Draft) -> st.SearchStrategy[str]:
    """Aggregates over windows, over what is equal in the window's order; rows beside a row of the same cell."""
    frames = ["", *(f" RANGE BETWEEN {f}" for f in (SO_FAR, FROM_HERE))]
    time = ["'1 month' PRECEDING", "BETWEEN '12 days' PRECEDING AND '1 day' FOLLOWING"]
    ordered = [f"ORDER BY {b.name}{f}" for b in draft.bands for f in frames]
    ordered += [f"ORDER BY time RANGE {t}" for t in time] if draft.timed else []
    parts, orders = st.sampled_from(_parts(draft)), st.sampled_from(["", *ordered])
    over = st.builds(lambda part, order: f" OVER ({part}{order})", parts, orders)
    if draft.timed:
        over = st.one_of(over, st.sampled_from([" OVER TIME", *(f" OVER TIME RANGE {t}" for t in time)]))
    beside = [f"{name}({b.name}) OVER TIME" for name in ("lag", "lead") for b in draft.bands if draft.timed]
    running = st.builds(lambda call, over: call + over, _aggregate(draft), over)
    return st.one_of(running, _ranks(draft), *([st.sampled_from(beside)] if beside else []))


def _parts(draft: Draft) -> list[str]:
    """What windows are parted by, or nothing."""
    keys = ["cell", f"CELL({max(0, draft.resolution - 1)})", *(b.name for b in draft.bands if b.is_integer)]
    return ["", *(f"PARTITION BY {key} " for key in [*keys, *(["time"] if draft.timed else [])])]


def _baselines(draft: Draft) -> list[st.SearchStrategy[str]]:
    """Values held against other years, of the sources that have a time."""
    numbers = [b.name for s in draft.sources if s.time for b in s.bands if b.kind != "categorical"]
    if not numbers:
        return []
    parts = (st.sampled_from(["anomaly", "baseline"]), st.sampled_from(numbers), st.sampled_from(PERIODS))
    return [st.builds(lambda f, x, p, by: f"{f}({x}, '{p}'{by})", *parts, st.sampled_from(BUCKETS))]


def _items(draft: Draft) -> list[str]:
    """Columns, and expressions of one or two of them."""
    numbers = [b.name for b in draft.bands if b.kind != "categorical"]
    made = [f"CASE WHEN {n} > 1 THEN {n} ELSE 0 END" for n in numbers]
    made += [f"coalesce({n}, -1)" for n in numbers]
    made += [f"{a} / ({b} - 1)" for a, b in pairwise(numbers)]
    made += [f"{n} IS NULL OR {n} > 5" for n in numbers]
    return [*draft.columns, *draft.columns, *made, "CELL(0)", "cell_area(cell)"]


def _groups(draft: Draft) -> st.SearchStrategy[str]:
    keys = st.lists(st.sampled_from(_keys(draft)), max_size=2, unique=True)
    items = st.lists(_aggregate(draft), min_size=1, max_size=3)
    having = st.sampled_from(["", "", "\nHAVING count(*) > 3"])

    def written(chosen: list[str], aggregates: list[str], having: str) -> str:
        named = [f"k{n}" for n in range(len(chosen))]
        by = "\nGROUP BY " + ", ".join(f"{k} AS {n}" for k, n in zip(chosen, named)) if chosen else ""
        listed = ", ".join([*named, *(f"{a} AS v{n}" for n, a in enumerate(aggregates))])
        order = f"\nORDER BY {', '.join(named)}" if chosen else ""
        return f"{by}\nSELECT {listed}{having if chosen else ''}{order}"

    return st.builds(written, keys, items, having)


def _keys(draft: Draft) -> list[str]:
    keys = ["cell", *(f"CELL({r})" for r in range(max(0, draft.resolution - 5), draft.resolution + 1))]
    keys += ["CELL(0)", *(d.name for s in draft.sources for d in s.dimensions)]
    keys += [b.name for b in draft.bands if b.is_integer or b.kind == "categorical"]
    if draft.timed:
        keys += ["time", "date_trunc('month', time)", "year(time)", "month(time)", "season(time)"]
        keys += ["dekad(time)", "time_bucket('10 days', time)"]
    return keys


@st.composite
def _aggregate(draw: st.DrawFn, draft: Draft) -> str:
    band = draw(st.sampled_from(draft.bands))
    if draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(["count(*)", "area()", "count(DISTINCT cell)"]))
    name = draw(st.sampled_from(OF_CODES if band.kind == "categorical" else ONE))
    call = f"{name} {band.name})" if name.endswith("DISTINCT") else f"{name}({band.name})"
    if draw(st.integers(0, 3)) == 0:
        call += f" FILTER (WHERE {draw(_comparison(draw(st.sampled_from(draft.bands))))})"
    return call
