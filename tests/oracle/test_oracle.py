"""The oracle itself, on layers so small that every answer is worked out by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from cubeql.catalog.records import Band, Dimension, Layer, TimeAxis
from cubeql.lang import parse_query
from tests.support.answers import Answer, Cell, differences, table, table_differences
from tests.support.cube import A, TinyLayer, below
from tests.support.oracle import RefusedError, UncoveredError, UndeterminedError, evaluate

ONE, TWO, THREE = below(A, 6)[:3]
FINE = below(ONE, 7)
D1, D2, D3, D5 = (datetime(2024, 5, day) for day in (1, 2, 3, 5))


def layer(name: str, resolution: int, values: dict[Any, dict[str, Any]], *bands: Band) -> TinyLayer:
    """A layer of given values by (cell, time)."""
    timed = any(time is not None for _, time in values)
    record = Layer(name, resolution, bands, TimeAxis("instant") if timed else None)
    return TinyLayer(record, {(cell, time, ()): row for (cell, time), row in values.items()})


KINDS = ((1, "water"), (2, "crop"))
LAYERS = {
    "a": layer("a", 6, {(ONE, D1): {"x": 1}, (ONE, D3): {"x": 3}, (TWO, D3): {"x": 5}}, Band("x", "int16")),
    "b": layer(
        "b", 6,
        {(ONE, D2): {"y": 20.0}, (ONE, D5): {"y": 50.0}, (TWO, D1): {"y": 11.0}, (TWO, D5): {"y": 55.0}},
        Band("y", "float64"),
    ),
    "deep": layer(
        "deep", 7, {(FINE[n], None): {"k": k} for n, k in enumerate((2, 1, 1, 2))},
        Band("k", "int16", kind="categorical", classes=KINDS),
    ),
    "wide": layer("wide", 5, {(A, None): {"w": 7}}, Band("w", "int8", scale=0.5, offset=1.0)),
    "gaps": layer(
        "gaps", 6, {(ONE, None): {"p": 4}, (TWO, None): {"q": 6}}, Band("p", "int16"), Band("q", "int16")
    ),
}  # fmt: skip


def rows(text: str, **params: Any) -> list[tuple[Any, ...]]:
    return list(evaluate(parse_query(text), params, LAYERS).rows)


def test_equal_instants_meet_and_no_others() -> None:
    assert rows("FROM a JOIN b SELECT x, y") == []


def test_as_of_takes_the_latest_row_of_the_cell() -> None:
    found = rows("FROM a JOIN b ON TIME AS OF SELECT x, y, b.time AS t ORDER BY x")
    assert found == [(3, 20.0, D2), (5, 11.0, D1)]


def test_as_of_within_measures_the_age_of_the_row() -> None:
    assert rows("FROM a JOIN b ON TIME AS OF WITHIN '1 day' SELECT x, y") == [(3, 20.0)]


def test_next_takes_the_earliest_row_at_or_after() -> None:
    assert rows("FROM a JOIN b ON TIME NEXT SELECT x, y ORDER BY x") == [(1, 20.0), (3, 50.0), (5, 55.0)]


def test_nearest_takes_the_earlier_of_two_as_close() -> None:
    assert rows("FROM a JOIN b ON TIME NEAREST FILTER x = 5 SELECT y") == [(11.0,)]


def test_left_keeps_and_anti_finds_what_has_no_match() -> None:
    assert rows("FROM a LEFT JOIN b ON TIME AS OF SELECT x, y ORDER BY x") == [
        (1, None),
        (3, 20.0),
        (5, 11.0),
    ]
    assert rows("FROM a ANTI JOIN b ON TIME AS OF SELECT x") == [(1,)]
    assert rows("FROM a SEMI JOIN b ON TIME AS OF SELECT x ORDER BY x") == [(3,), (5,)]


def test_a_finer_layer_is_brought_by_its_method_and_ties_take_the_smaller_code() -> None:
    assert rows("FROM gaps JOIN deep SELECT cell, k") == [(Cell(ONE), 1)]
    assert rows("FROM gaps JOIN deep USING count SELECT k") == [(4,)]
    assert rows("FROM gaps JOIN deep USING last SELECT k") == [(2,)]


def test_a_coarser_layer_gives_its_decoded_value_to_every_cell() -> None:
    assert rows("FROM gaps JOIN wide SELECT cell, w ORDER BY cell") == [(Cell(ONE), 4.5), (Cell(TWO), 4.5)]


def test_a_row_exists_where_any_band_is_valid() -> None:
    assert rows("FROM gaps SELECT p, q ORDER BY cell") == [(4, None), (None, 6)]


def test_logic_has_three_values() -> None:
    text = "FROM gaps SELECT p > 1 AND q > 1 AS x, p > 1 OR q > 1 AS y, p > 9 AND q > 1 AS z ORDER BY cell"
    assert rows(text) == [(None, True, False), (None, True, None)]


def test_aggregates_of_nothing_are_null_and_counts_zero() -> None:
    assert rows("FROM gaps FILTER p > 9 SELECT count(*) AS n, sum(p) AS s, median(p) AS m") == [(0, None, None)]


def test_group_keys_collect_null() -> None:
    assert rows("FROM gaps GROUP BY p SELECT p, count(*) AS n ORDER BY p NULLS FIRST") == [(None, 1), (4, 1)]


def test_class_names_stand_for_codes() -> None:
    assert rows("FROM deep FILTER k = 'Crop' SELECT count(*) AS n, mode(k) AS k") == [(2, 2)]


def test_partial_dates_stand_for_their_period() -> None:
    assert rows("FROM b FILTER time AFTER '2024-05-02' SELECT y ORDER BY y") == [(50.0,), (55.0,)]
    assert rows("FROM b FILTER time BEFORE '2024-05-02' SELECT y") == [(11.0,)]
    assert len(rows("FROM b FILTER time DURING '2024-05-02/2024-05' SELECT y")) == 3


def test_a_grid_coarser_than_the_driver_aggregates_it() -> None:
    assert rows("FROM a AT RESOLUTION 5 FILTER time IN '2024-05-03' SELECT cell, x") == [(Cell(A), 4.0)]


def test_a_grid_finer_than_the_driver_repeats_it() -> None:
    assert rows("FROM gaps AT RESOLUTION 7 SELECT count(*) AS n, sum(p) AS p") == [(14, 28)]


def test_each_value_of_a_dimension_is_a_series_of_its_own() -> None:
    record = Layer("f", 6, (Band("v", "int16"),), TimeAxis(), (Dimension("lead", "integer"),))
    values = {(ONE, D1, (24,)): {"v": 1}, (ONE, D1, (48,)): {"v": 2}, (ONE, D2, (24,)): {"v": 3}}
    layers = {**LAYERS, "f": TinyLayer(record, values)}
    text = "FROM a JOIN f ON TIME AS OF FILTER time = '2024-05-03' SELECT lead, v ORDER BY lead"
    assert evaluate(parse_query(text), None, layers).rows == ((24, 3), (48, 2))


def test_a_tie_that_limit_cuts_is_told() -> None:
    with pytest.raises(UndeterminedError):
        rows("FROM a SELECT x, time ORDER BY time DESC LIMIT 1")


def test_what_is_not_covered_is_named() -> None:
    with pytest.raises(UncoveredError, match="string_agg"):
        rows("FROM a SELECT string_agg(x) AS m")


def test_a_frame_of_days_holds_the_rows_of_these_days() -> None:
    text = "FROM a SELECT x, sum(x) OVER TIME RANGE '{} days' PRECEDING AS s ORDER BY x"
    assert rows(text.format(1)) == [(1, 1), (3, 3), (5, 5)]
    assert rows(text.format(2)) == [(1, 1), (3, 4), (5, 5)]


def test_rows_held_equal_are_in_each_others_frame_of_values_only() -> None:
    assert rows("FROM a SELECT x, sum(x) OVER (ORDER BY time) AS s ORDER BY x") == [(1, 1), (3, 9), (5, 9)]
    assert rows("FROM a SELECT x, sum(x) OVER (ORDER BY x ROWS 1 PRECEDING) AS s ORDER BY x") == [
        (1, 1),
        (3, 4),
        (5, 8),
    ]


def test_windows_over_groups_see_groups() -> None:
    text = "FROM a GROUP BY time SELECT sum(x) AS s, lag(sum(x)) OVER (ORDER BY time) AS l ORDER BY time"
    assert rows(text) == [(1, None), (8, 1)]


def test_qualify_tests_windows_worked_out_before_it() -> None:
    assert rows("FROM a SELECT x QUALIFY row_number() OVER (ORDER BY x) = 2") == [(3,)]
    assert rows("FROM a SELECT count(*) OVER () AS n QUALIFY n = 3 AND x = 1") == [(3,)]


def test_rows_numbered_without_an_order_are_told() -> None:
    with pytest.raises(UndeterminedError):
        rows("FROM a SELECT row_number() OVER () AS n")


@pytest.mark.parametrize(
    "text",
    [
        "FROM a SELECT z",
        "FROM a GROUP BY cell SELECT x",
        "FROM a JOIN deep ON TIME AS OF SELECT x",
        "FROM c SELECT x",
    ],
)
def test_wrong_queries_are_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        rows(text)


# ------------------------------------------------------------------ comparing answers


def answer(*found: tuple[Any, ...], **options: Any) -> Answer:
    return Answer(("a", "b"), found, **options)


def test_answers_agree_in_any_order_unless_ordered() -> None:
    assert not differences(answer((1, 2.0), (2, 3.0)), answer((2, 3.0), (1, 2.0)))
    assert differences(answer((1, 2.0), (2, 3.0), order=((1,), (2,))), answer((2, 3.0), (1, 2.0)))
    assert not differences(answer((1, 2.0), (1, 3.0), order=((1,), (1,))), answer((1, 3.0), (1, 2.0)))


def test_keys_too_close_to_tell_apart_leave_the_order_free() -> None:
    right = answer((1, 2.0), (2, 2.0 + 1e-13), order=((2.0, 1), (2.0 + 1e-13, 2)))
    assert not differences(right, answer((2, 2.0), (1, 2.0)))
    far = answer((1, 2.0), (2, 2.5), order=((2.0, 1), (2.5, 2)))
    assert differences(far, answer((2, 2.5), (1, 2.0)))


@pytest.mark.parametrize(
    "found",
    [
        ((1, 2),),
        ((1.0, 2.0),),
        ((1, 2.001),),
        ((1, None),),
        ((1, float("nan")),),
        ((Cell(1), 2.0),),
        (),
        ((1, 2.0),) * 2,
    ],
)
def test_every_kind_of_difference_is_seen(found: tuple[Any, ...]) -> None:
    assert differences(answer((1, 2.0)), answer(*found))


def test_exact_columns_forgive_nothing() -> None:
    near = 2.0 * (1 + 1e-12)
    assert not differences(answer((1, 2.0)), answer((1, near)))
    assert differences(answer((1, 2.0), exact=(True, True)), answer((1, near)))


def test_tables_can_be_read_back() -> None:
    given = answer((Cell(ONE), 0.1 + 0.2), (Cell(TWO), None))
    printed = table(given)
    assert not table_differences(printed, given)
    assert table_differences(printed, answer((Cell(ONE), 0.31), (Cell(TWO), None)))
    assert table_differences(printed, answer((Cell(ONE), 0.3)))
