"""share_keys: a grouped query is made only of the groups that rows can meet."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plan.reading import lines

RULES = ("share_keys", "push_filters", "prune_regions", "share_regions", "prune_times")
HERE = "cell WITHIN CELL '851f8d47fffffff'"
BY_MONTH = "anomaly(total, '2021/2022', BY month) AS a"


def inner(cube: Any, text: str) -> str:
    """The plan from the added source on."""
    found = lines(cube, text, *RULES)
    start = next(n for n, line in enumerate(found) if line.startswith("subquery"))
    return "\n".join(found[start:])


def test_a_range_of_time_leaves_its_months(cube: Any) -> None:
    plan = inner(cube, f"SELECT {BY_MONTH} FROM monthly FILTER time DURING '2023-11/2024-01'")
    assert "month(time) in (1, 11, 12)" in plan


def test_a_test_of_the_month_is_one_of_the_key(cube: Any) -> None:
    assert "month(time) = 3" in inner(cube, f"SELECT {BY_MONTH} FROM monthly FILTER month(time) = 3")


def test_a_region_and_a_dimension_are_shared(cube: Any) -> None:
    text = f"SELECT anomaly(t, '2024') AS a FROM forecast FILTER horizon = 24 AND {HERE}"
    plan = inner(cube, text)
    assert "horizon = 24" in plan and "mask CELL, prunes tiles" in plan


def test_a_coarser_layer_is_pruned_by_the_region_and_not_masked(cube: Any) -> None:
    text = f"SELECT anomaly(t2m, '2024') AS a FROM fine JOIN coarse ON TIME SAME MONTH FILTER {HERE}"
    assert "mask" not in inner(cube, text)


@pytest.mark.parametrize(
    "condition",
    ["total > 3", "time > '2022-05'", "year(time) = 2022", "cell IN (SELECT cell FROM classes)", "month(time) = days"],
)
def test_what_says_nothing_of_the_keys_stays(cube: Any, condition: str) -> None:
    plan = inner(cube, f"SELECT {BY_MONTH} FROM monthly FILTER {condition}")
    (filtered,) = (line for line in plan.splitlines() if line.startswith("filter"))
    assert filtered.count(" and ") == 1 and filtered.startswith("filter tile rows: time >= 2021")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT cell, max(days) AS d FROM monthly GROUP BY cell ORDER BY cell LIMIT 3",
        "SELECT cell, max(days) AS d, row_number() OVER (ORDER BY cell) AS n FROM monthly GROUP BY cell",
        "SELECT cell, max(days) AS d FROM monthly GROUP BY cell QUALIFY row_number() OVER (ORDER BY cell) < 3",
    ],
)
def test_groups_that_depend_on_others_are_all_made(cube: Any, query: str) -> None:
    plan = inner(cube, f"WITH q AS ({query}) SELECT * FROM classes JOIN q FILTER {HERE}")
    assert "mask" not in plan
