"""SAMPLE: about the share that was asked for, of rows with the same chance, the same ones every time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import product

CELLS = "SELECT cell, elevation FROM finer"


def rows(session: Any, text: str) -> list[tuple[Any, ...]]:
    return list(product.query(session, text).rows)


KINDS = [
    CELLS,
    "SELECT fine.cell, time, red, elevation FROM fine JOIN finer USING max",
    "SELECT f.horizon, f.t, c.time FROM coarse AS c JOIN forecast AS f ON TIME ANY",
    "SELECT cell, time, sum(total) AS t FROM monthly GROUP BY cell, time",
    "SELECT DISTINCT elevation, slope FROM finer",
    "SELECT elevation FROM (SELECT elevation FROM finer) AS q",
    "SELECT cell, total, anomaly(total, '2021', BY month) AS a FROM monthly",
    "SELECT cell, total, lag(total) OVER TIME AS l FROM monthly",
    "SELECT cell, total FROM monthly QUALIFY row_number() OVER TIME > 1",
    "SELECT days, total FROM monthly AT '2023' JOIN finer",
]


@pytest.mark.parametrize("text", KINDS)
def test_it_is_a_part_of_the_rows_and_the_same_every_time(cube: Any, text: str) -> None:
    every, taken = rows(cube, text), rows(cube, f"{text} SAMPLE 40 PERCENT")
    again = rows(cube, f"{text} SAMPLE 40 PERCENT")
    assert sorted(map(repr, taken)) == sorted(map(repr, again))
    left = list(map(repr, every))
    for row in taken:
        left.remove(repr(row))
    # So far from the mean lies less than one sample in a million; this one never changes.
    spread = 5 * (0.4 * 0.6 * len(every)) ** 0.5
    assert abs(len(taken) - 0.4 * len(every)) <= spread


@pytest.mark.parametrize("text", KINDS)
def test_a_small_sample_lies_in_a_large_one(cube: Any, text: str) -> None:
    large = list(map(repr, rows(cube, f"{text} SAMPLE 50 PERCENT")))
    for row in rows(cube, f"{text} SAMPLE 12.5 PERCENT"):
        large.remove(repr(row))


@pytest.mark.parametrize("columns", ["cell, time, nir", "cell, time, red - nir", "cell, time"])
def test_the_cells_do_not_depend_on_the_columns(cube: Any, columns: str) -> None:
    wanted = sorted(r[:2] for r in rows(cube, "SELECT cell, time, red FROM fine SAMPLE 20 PERCENT"))
    assert sorted(r[:2] for r in rows(cube, f"SELECT {columns} FROM fine SAMPLE 20 PERCENT")) == wanted


def test_it_is_taken_before_order_and_limit(cube: Any) -> None:
    taken = rows(cube, f"{CELLS} SAMPLE 30 PERCENT")
    first = rows(cube, f"{CELLS} ORDER BY cell LIMIT 7 SAMPLE 30 PERCENT")
    assert first == sorted(taken)[:7]


def test_a_sample_of_a_subquery_is_aggregated(cube: Any) -> None:
    (whole,) = rows(cube, "SELECT count(*) AS n FROM finer")
    (part,) = rows(cube, f"SELECT count(*) AS n FROM ({CELLS} SAMPLE 25 PERCENT) AS s")
    assert 0 < part[0] < whole[0] / 2


def test_both_bounds_are_a_parameter(cube: Any) -> None:
    few = cube.query(f"{CELLS} SAMPLE $p PERCENT", {"p": 5}).to_arrow().num_rows
    many = cube.query(f"{CELLS} SAMPLE $p PERCENT", {"p": 95}).to_arrow().num_rows
    assert 0 < few < many
