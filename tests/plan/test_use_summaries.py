"""use_summaries: when arrays need not be read, and that the answer is the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cubeql.plan.nodes import Summaries
from cubeql.plan.rules import RULES
from cubeql.plan.walking import walk
from tests.engine.test_pruning_law import regions
from tests.plan.reading import lines, plan_of
from tests.support import product
from tests.support.answers import differences

EVERY = tuple(rule.__name__ for rule in RULES)


def resolution(cube: Any, text: str) -> int | None:
    """The resolution of the overview that a query reads; None where it reads cells."""
    found = [n for n in walk(plan_of(cube, text, *EVERY)) if isinstance(n, Summaries)]
    return found[0].scan.overview.resolution if found and found[0].scan.overview else None


@pytest.mark.parametrize(
    "text,expected",
    [
        ("FROM fine SELECT avg(red)", 2),
        ("FROM fine FILTER month(time) = 5 GROUP BY CELL(1), time SELECT count(*), max(nir)", 2),
        ("FROM fine GROUP BY CELL(3) SELECT sum(red)", 3),
        ("FROM fine GROUP BY CELL(5), CELL(2) SELECT mean(red) HAVING min(nir) > 0 ORDER BY max(red)", 5),
        ("FROM fine GROUP BY CELL(4) SELECT avg(red) / avg(nir)", 5),
        ("FROM fine FILTER cell WITHIN BBOX(11, 48, 12, 49) GROUP BY CELL(2) SELECT avg(red)", 2),
        ("FROM rain GROUP BY date_trunc('month', time) AS month SELECT month, sum(precip)", 1),
        ("FROM fine SELECT count(*) FILTER (WHERE time IN '2024'), avg(red) FILTER (WHERE month(time) IN (3, 5))", 2),
        ("FROM fine GROUP BY CASE WHEN month(time) < 6 THEN 'a' ELSE 'b' END AS half SELECT half, min(red - 1)", 2),
        ("FROM fine SELECT avg(red * 2 - 0.5), sum(-nir), max(3 - red / 4), count(red + 1)", 2),
        ("FROM twin GROUP BY CELL(3) SELECT avg(convert(v, 'degC')), min(convert(v, 'degF'))", 3),
        ("FROM fine SELECT min(time), max(time), count(DISTINCT time), count_if(month(time) = 5)", 2),
        ("FROM fine GROUP BY CELL(3) SELECT max(time), avg(red)", 3),
        ("FROM fine GROUP BY month(time) AS m SELECT m, count(*) / sum(count(*)) OVER () AS share", 2),
        ("FROM fine FILTER red > 0.1 AND nir IS NOT NULL GROUP BY time SELECT avg(red), count(*)", 2),
        ("FROM fine SELECT avg(red) FILTER (WHERE nir > 0 AND month(time) = 5), count_if(red < 0.1)", 2),
        ("FROM twin GROUP BY CELL(3) SELECT count(*), count(*) FILTER (WHERE CELL(4) IS NOT NULL)", 5),
    ],
)
def test_overviews_that_hold_enough(cube: Any, text: str, expected: int) -> None:
    assert resolution(cube, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "FROM fine GROUP BY CELL(6) SELECT avg(red)",
        "FROM fine GROUP BY CELL(3) SELECT count(*)",
        "FROM fine SELECT avg(red + nir)",
        "FROM fine SELECT median(red)",
        "FROM fine SELECT count(DISTINCT red)",
        "FROM fine SELECT avg(red) FILTER (WHERE nir > red)",
        "FROM fine GROUP BY CELL(3) SELECT avg(red) FILTER (WHERE nir > 0)",
        "FROM fine FILTER red > 0 GROUP BY CELL(3) SELECT avg(red)",
        "FROM fine FILTER red > NULL SELECT avg(red)",
        "FROM fine FILTER red IN (0.1, NULL) SELECT avg(red)",
        "FROM fine FILTER sqrt(red) > 0.2 SELECT avg(red)",
        "FROM fine GROUP BY CELL(3) SELECT count(*) FILTER (WHERE time IN '2024')",
        "FROM fine SELECT avg(red * nir)",
        "FROM fine SELECT avg(red * red)",
        "FROM fine SELECT sum(red / 0)",
        "FROM fine SELECT max(1 / red)",
        "FROM sparse SELECT sum(a)",
        "FROM fine SELECT sum(DISTINCT month(time))",
        "FROM fine SELECT median(month(time))",
        "FROM fine FILTER red > nir SELECT avg(red)",
        "FROM fine FILTER NOT cell WITHIN BBOX(11, 48, 12, 49) SELECT avg(red)",
        "FROM fine FILTER cell WITHIN BBOX(11, 48, 12, 49) OR month(time) = 5 SELECT avg(red)",
        "FROM fine JOIN twin SELECT avg(red)",
        "FROM fine AT RESOLUTION 6 SELECT avg(red)",
        "FROM fine GROUP BY red > 0 SELECT avg(red)",
        "FROM fine GROUP BY cell SELECT avg(red)",
        "FROM fine GROUP BY cell_area(cell) > 5 SELECT avg(red)",
        "FROM fine SELECT area()",
        "FROM fine SELECT red",
    ],
)
def test_queries_that_need_cells(cube: Any, text: str) -> None:
    assert resolution(cube, text) is None


def reason(cube: Any, text: str) -> str:
    """Why a query reads arrays, as its plan says."""
    (line,) = [line for line in lines(cube, text, *EVERY) if line.startswith("arrays are read")]
    return line.removeprefix("arrays are read: ")


@pytest.mark.parametrize(
    "text,expected",
    [
        ("FROM fine SELECT median(red)", "median(red) needs every value"),
        ("FROM twin GROUP BY CELL(6) SELECT min(v)", "groups of resolution 6, the finest overview is of resolution 5"),
        ("FROM fine GROUP BY red > 0 SELECT avg(red)", "it asks for red cell by cell"),
        ("FROM fine JOIN twin SELECT avg(red)", "layers meet cell by cell"),
        ("FROM fine AT RESOLUTION 6 SELECT avg(red)", "fine, groups of resolution 6, the finest overview is of "
         "resolution 5"),
        ("FROM coarse AT RESOLUTION 6 SELECT avg(t2m)", "the layer is brought to resolution 6 first"),
        ("FROM fine AT '2024-06-01' SELECT avg(red)", "a frozen layer takes each cell's latest value"),
        ("FROM fine SELECT area()", "area of every cell"),
        ("FROM cover GROUP BY kind SELECT kind, area()", "area of every cell"),
        ("FROM cover GROUP BY kind SELECT kind, avg(height)", "it asks for kind cell by cell"),
        ("FROM cover GROUP BY CELL(3), kind SELECT kind, count(*)", "classes are counted of whole tiles"),
        ("FROM cover SELECT mode(kind), max(time)", "mode() beside what reads time"),
        ("FROM cover GROUP BY kind SELECT kind, list(kind)", "list(kind) needs every value"),
        ("FROM sparse SELECT sum(a)", "sums of a might not be exact, it has 64 bits"),
    ],
)
def test_plans_say_why_arrays_are_read(cube: Any, text: str, expected: str) -> None:
    assert reason(cube, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "FROM cover GROUP BY kind SELECT kind, count(*)",
        "FROM cover GROUP BY CELL(1), kind, month(time) SELECT kind, count(*)",
        "FROM cover SELECT count(*) FILTER (WHERE kind = 'forest') / count(*)",
        "FROM cover FILTER kind IN ('forest', 'crop') GROUP BY time SELECT count(*), max(time)",
        "FROM cover FILTER kind IS NULL SELECT count(*)",
        "FROM cover GROUP BY CELL(2) SELECT mode(kind), count(DISTINCT kind), min(kind)",
        "FROM cover SELECT sum(CASE WHEN kind = 'water' THEN 1 ELSE 0 END), bool_or(kind = 'urban')",
        "FROM cover FILTER cell WITHIN BBOX(11, 48, 11.6, 49) GROUP BY kind SELECT kind, count(*)",
        "FROM classes GROUP BY class SELECT class, count(*) / sum(count(*)) OVER () AS share",
    ],
)
def test_classes_answer(cube: Any, text: str) -> None:
    (found,) = [n for n in walk(plan_of(cube, text, *EVERY)) if isinstance(n, Summaries)]
    assert found.scan.overview is not None and found.scan.overview.classes in ("kind", "class")


LAYERS = ("fine", "pent", "dateline", "pole", "finer", "far", "rain", "forecast", "coarse", "twin", "cover")


@given(st.data())
@settings(max_examples=80)
def test_answers_are_those_of_cells(cube: Any, cube_without_rules: Any, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(LAYERS))
    layer = cube.layer(name)
    bands = [b.name for b in layer.bands if b.kind == "continuous"]
    keys = data.draw(st.lists(st.integers(0, layer.resolution).map(lambda n: f"CELL({n})"), max_size=2, unique=True))
    keys += [d.name for d in layer.dimensions if data.draw(st.booleans())]
    keys += data.draw(st.sampled_from([[], ["month(time)"], ["time"]])) if layer.time is not None else []
    args = [arg.format(b) for b in bands for arg in ("{}", "{}", "{} * 2 + 1", "1.5 - {}", "{} / 4", "-{} * 0.1")]
    calls = [f"{f}({x})" for x in args for f in ("count", "sum", "avg", "min", "max")] + ["count(*)"]
    if layer.time is not None:
        calls += [f"{c} FILTER (WHERE month(time) > 3)" for c in calls] + ["max(time)", "count(DISTINCT time)"]
    asked = data.draw(st.lists(st.sampled_from(calls), min_size=1, max_size=4, unique=True))
    where = data.draw(st.sampled_from(["", "FILTER", "FILTER"]))
    condition = f" FILTER cell WITHIN {data.draw(regions())}" if where else ""
    group = f" GROUP BY {', '.join(keys)}" if keys else ""
    text = f"FROM {name}{condition}{group} SELECT {', '.join([*keys, *asked])}"
    wrong = differences(product.query(cube_without_rules, text), product.query(cube, text))
    assert not wrong, f"{text}\n" + "\n".join(wrong)


def conditions(data: st.DataObject, name: str) -> str:
    """A condition on the values of a layer that some tile rows settle."""
    low = data.draw(st.sampled_from({"cover": [-60, 0, 30, 59, 100, 1000, 2000], "twin": [200, 285, 299]}[name]))
    band, high = {"cover": ("height", low + 59), "twin": ("v", low + 9)}[name]
    tests = [f"{band} > {low}", f"{band} <= {high}", f"{band} BETWEEN {low} AND {high}", f"NOT {band} < {low}"]
    tests += [f"({band} < {low} OR {band} > {high})", f"{band} IN ({low}, {high})", f"{band} <> {low}"]
    tests += [f"{band} IS NOT NULL", f"{band} * 2 - 1 >= {low}", f"(- {band} < {low} OR month(time) = 5)"]
    tests += ["kind = 'forest'", "kind <> 'crop'", "kind IS NOT NULL"] if name == "cover" else []
    return str(data.draw(st.sampled_from(tests)))


@given(st.data())
@settings(max_examples=50)
def test_rows_that_values_settle_answer_as_cells_do(cube: Any, cube_without_rules: Any, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["cover", "cover", "twin"]))
    band = {"cover": "height", "twin": "v"}[name]
    where = [conditions(data, name) for _ in range(data.draw(st.integers(0, 2)))]
    where += [f"cell WITHIN {data.draw(regions())}"] if data.draw(st.booleans()) else []
    condition = conditions(data, name)
    calls = [f"count({band})", f"avg({band})", f"sum({band} * 2)", f"min({band})", "count(*)", "max(time)"]
    calls += [f"{c} FILTER (WHERE {condition})" for c in calls] + [f"count_if({condition})"]
    calls += [f"count(*) FILTER (WHERE {condition} AND month(time) > 3)"]
    asked = data.draw(st.lists(st.sampled_from(calls), min_size=1, max_size=4, unique=True))
    every = ["CELL(0)", "CELL(2)", "CELL(3)", "month(time)"]
    keys = data.draw(st.lists(st.sampled_from(every), max_size=2, unique=True))
    filters = f" FILTER {' AND '.join(where)}" if where else ""
    group = f" GROUP BY {', '.join(keys)}" if keys else ""
    text = f"FROM {name}{filters}{group} SELECT {', '.join([*keys, *asked])}"
    wrong = differences(product.query(cube_without_rules, text), product.query(cube, text))
    assert not wrong, f"{text}\n" + "\n".join(wrong)


@pytest.mark.parametrize("condition,expected", [("< 60", (2, 0)), ("> 30", (0, 2)), ("> 90", (0, 0))])
def test_rows_that_values_settle_are_not_opened(cube: Any, condition: str, expected: tuple[int, int]) -> None:
    text = f"FROM cover FILTER height {condition} AND time IN '2024-03' SELECT count(*)"
    (whole, cells) = cube.explain(text).scans
    assert (whole.tiles_kept, cells.tiles_kept) == expected


@given(st.data())
@settings(max_examples=60)
def test_classes_answer_as_cells_do(cube: Any, cube_without_rules: Any, data: st.DataObject) -> None:
    name, band = data.draw(st.sampled_from([("cover", "kind"), ("cover", "kind"), ("classes", "class")]))
    tests = [f"{band} = 'forest'", f"{band} IN ('crop', 'water')", f"{band} IS NULL", f"NOT {band} = 'urban'"]
    keys = [f"CELL({n})" for n in range(2 if name == "classes" else 3)] + [band, f"{band} = 'crop'"]
    calls = [f"count({band})", f"count(DISTINCT {band})", f"min({band})", f"max({band})", f"mode({band})", "count(*)"]
    calls += [f"count_if({test})" for test in tests] + [f"bool_and({test})" for test in tests]
    calls += [f"{c} FILTER (WHERE {test})" for c in calls[:6] for test in tests[:2]]
    calls += [f"avg(CASE WHEN {band} = 'crop' THEN 1 WHEN {band} = 'water' THEN 0 END)"]
    if name == "cover":
        keys += ["month(time)", "time"]
        calls += ["max(time)", "count(*) FILTER (WHERE month(time) = 5)"]
    chosen = data.draw(st.lists(st.sampled_from(keys), max_size=2, unique=True))
    asked = data.draw(st.lists(st.sampled_from(calls), min_size=1, max_size=4, unique=True))
    filters = data.draw(st.lists(st.sampled_from(tests), max_size=1))
    filters += [f"cell WITHIN {data.draw(regions())}"] if data.draw(st.booleans()) else []
    where = f" FILTER {' AND '.join(filters)}" if filters else ""
    group = f" GROUP BY {', '.join(chosen)}" if chosen else ""
    text = f"FROM {name}{where}{group} SELECT {', '.join([*chosen, *asked])}"
    wrong = differences(product.query(cube_without_rules, text), product.query(cube, text))
    assert not wrong, f"{text}\n" + "\n".join(wrong)


def test_only_the_edges_of_a_region_are_read_as_cells(cube: Any) -> None:
    inside = "FROM fine FILTER cell WITHIN CELL '821f8ffffffffff' SELECT avg(red)"
    across = "FROM fine FILTER cell WITHIN BBOX(11.5, 48.1, 11.6, 48.2) SELECT avg(red)"
    assert [s.tiles_kept > 0 for s in cube.explain(inside).scans] == [True, False]
    assert [s.tiles_kept > 0 for s in cube.explain(across).scans] == [False, True]


def test_a_layer_is_counted_once_in_totals(cube: Any) -> None:
    every = sum(s.tiles_all for s in cube.explain("FROM fine SELECT median(red)").scans)
    split = cube.explain("FROM fine FILTER cell WITHIN BBOX(11.5, 48.1, 11.6, 48.2) SELECT avg(red)")
    assert f"of {every};" in split.summary()
