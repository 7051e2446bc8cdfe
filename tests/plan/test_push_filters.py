"""push_filters: before and after, in words."""

from __future__ import annotations

from typing import Any

from tests.plan.reading import lines

RULE = "push_filters"


def test_conditions_of_rows_and_cells_are_told_apart(cube: Any) -> None:
    text = "SELECT red FROM fine FILTER red > 0.1 AND month(time) = 6"
    assert "filter red > 0.1 and month(time) = 6" in lines(cube, text)
    after = lines(cube, text, RULE)
    assert "filter cells: red > 0.1" in after and "filter tile rows: month(time) = 6" in after
    assert not [line for line in after if line.startswith("filter red")]


def test_a_condition_on_a_joined_layer_is_one_of_cells(cube: Any) -> None:
    after = lines(cube, "SELECT red FROM fine JOIN twin FILTER v > 280 AND twin.time > '2024-05-01'", RULE)
    (filters,) = [line for line in after if line.startswith("filter")]
    assert filters.startswith("filter cells: v > 280 and time >")


def test_conditions_go_below_joins_of_cells_where_they_can(cube: Any) -> None:
    text = "WITH m AS (SELECT cell, v FROM twin) SELECT red FROM fine JOIN m FILTER red > 0.1 AND m.v > 280"
    before, after = lines(cube, text), lines(cube, text, RULE)
    assert before.index("filter red > 0.1 and v > 280") < before.index("inner join by cell, any time")
    assert after.index("filter v > 280") < after.index("inner join by cell, any time")
    assert after.index("filter cells: red > 0.1") > after.index("inner join by cell, any time")


def test_a_left_joins_columns_are_tested_after_it(cube: Any) -> None:
    text = "WITH m AS (SELECT cell, v FROM twin) SELECT red FROM fine LEFT JOIN m FILTER m.v IS NULL"
    after = lines(cube, text, RULE)
    assert after.index("filter v is null") < after.index("left join by cell, any time")
