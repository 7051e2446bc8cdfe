"""share_regions: a layer that meets a subquery is read where the subquery's region is."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.plan.nodes import Scan
from cubeql.plan.walking import walk
from tests.plan.reading import plan_of

RULES = ("push_filters", "prune_regions", "share_regions")
HERE = "cell WITHIN POINT(11.58, 48.14)"


def region(cube: Any, text: str) -> Any:
    """Region of the scan of ``finer``."""
    scans = [n for n in walk(plan_of(cube, text, *RULES)) if isinstance(n, Scan)]
    return next(s.region for s in scans if s.layer.name == "finer")


@pytest.mark.parametrize(
    "text,shared",
    [
        (f"WITH m AS (SELECT cell, red FROM fine FILTER {HERE}) SELECT * FROM m JOIN finer", True),
        (f"WITH m AS (FROM fine SELECT cell, max(red) FILTER {HERE} GROUP BY cell) SELECT * FROM m JOIN finer", True),
        (f"WITH m AS (SELECT cell, red FROM fine FILTER {HERE}) SELECT * FROM m LEFT JOIN finer", True),
        ("WITH m AS (SELECT cell, red FROM fine) SELECT * FROM m JOIN finer", False),
        (f"WITH m AS (SELECT CELL(5) AS cell, red FROM fine FILTER {HERE}) SELECT * FROM m JOIN finer", False),
        (f"WITH m AS (SELECT cell, red FROM fine FILTER NOT {HERE}) SELECT * FROM m JOIN finer", False),
    ],
)
def test_when_it_is_shared(cube: Any, text: str, shared: bool) -> None:
    assert (region(cube, text) is not None) == shared
