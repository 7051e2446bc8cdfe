"""prune_regions: before and after."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.plan.nodes import Cells
from cubeql.plan.walking import walk
from tests.plan.reading import lines, plan_of

RULES = ("push_filters", "prune_regions")


def cells(cube: Any, condition: str) -> Any:
    plan = plan_of(cube, f"SELECT red, v FROM fine JOIN twin FILTER {condition}", *RULES)
    return next(n for n in walk(plan) if isinstance(n, Cells))


def test_a_required_region_prunes(cube: Any) -> None:
    text = "SELECT red FROM fine FILTER cell WITHIN POINT(11.58, 48.14)"
    assert "mask POINT" in lines(cube, text, "push_filters")
    assert "mask POINT, prunes tiles" in lines(cube, text, *RULES)
    found = cells(cube, "cell WITHIN POINT(11.58, 48.14) AND red > 0.1")
    assert found.driver.scan.region.kind == "point" == found.joins[0].aligned.scan.region.kind


@pytest.mark.parametrize(
    "condition",
    [
        "cell NOT WITHIN POINT(11.58, 48.14)",
        "NOT cell WITHIN POINT(11.58, 48.14)",
        "cell WITHIN POINT(11.58, 48.14) OR red > 0.1",
        "CELL(5) WITHIN POINT(11.58, 48.14)",
        "(cell WITHIN POINT(11.58, 48.14)) = (red > 0.1)",
    ],
)
def test_what_other_cells_may_meet_prunes_nothing(cube: Any, condition: str) -> None:
    found = cells(cube, condition)
    assert found.driver.scan.region is None and not any(r.required for r in found.regions)


def test_the_required_one_of_two_regions_prunes(cube: Any) -> None:
    found = cells(cube, "cell NOT WITHIN BBOX(1, 2, 3, 4) AND cell WITHIN POINT(11.58, 48.14)")
    assert [(r.region.kind, r.required) for r in found.regions] == [("point", True), ("bbox", False)]
