"""prune_cells: before and after."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.plan.nodes import Cells
from cubeql.plan.walking import walk
from tests.plan.reading import lines, plan_of

RULES = ("push_filters", "prune_cells", "prune_regions")
CELL = "871f8d448ffffff"


def region(cube: Any, condition: str) -> Any:
    """The region that prunes the tiles of the driver, None where none does."""
    plan = plan_of(cube, f"SELECT red, v FROM fine JOIN twin FILTER {condition}", *RULES)
    return next(n for n in walk(plan) if isinstance(n, Cells)).driver.scan.region


def test_a_named_cell_prunes(cube: Any) -> None:
    text = f"SELECT red FROM fine FILTER cell = '{CELL}'"
    assert "mask CELL, prunes tiles" not in lines(cube, text, "push_filters", "prune_regions")
    assert "mask CELL, prunes tiles" in lines(cube, text, *RULES)


@pytest.mark.parametrize(
    "condition,cells",
    [
        (f"cell = '{CELL}' AND red > 0.1", (CELL,)),
        (f"'{CELL}' = cell", (CELL,)),
        (f"cell IN ('{CELL}', '871f8d44affffff', '{CELL}')", (CELL, "871f8d44affffff")),
        ("CELL(5) = '851f8d47fffffff'", ("851f8d47fffffff",)),
    ],
)
def test_cells_that_are_named_are_a_region(cube: Any, condition: str, cells: tuple[str, ...]) -> None:
    found = region(cube, condition)
    assert (found.kind, found.args) == ("cell", tuple(int(c, 16) for c in cells))


@pytest.mark.parametrize(
    "condition",
    [
        f"cell <> '{CELL}'",
        f"cell NOT IN ('{CELL}', '871f8d44affffff')",
        f"cell = '{CELL}' OR red > 0.1",
        f"cell IN ('{CELL}', NULL)",
        "cell = CELL(7)",
        f"cell >= '{CELL}'",
    ],
)
def test_what_other_cells_may_be_prunes_nothing(cube: Any, condition: str) -> None:
    assert region(cube, condition) is None


def test_names_of_regions_differ(cube: Any) -> None:
    text = f"cell = '{CELL}' AND CELL(5) = '851f8d47fffffff' AND cell WITHIN POINT(11.58, 48.14)"
    plan = plan_of(cube, f"SELECT red FROM fine FILTER {text}", *RULES)
    names = [r.name for n in walk(plan) if isinstance(n, Cells) for r in n.regions]
    assert len(names) == len(set(names)) == 3
