"""Every fault CubeQL can find in a statement: one row a code, by the stage that finds it."""

from __future__ import annotations

from cubeql.errors.catalogue import analysis, running, syntax
from cubeql.errors.catalogue.rows import Fault

FAULTS: dict[str, Fault] = {f.code: f for f in (*syntax.ROWS, *analysis.ROWS, *running.ROWS)}


def row(code: str) -> Fault:
    """The catalogue row of a code."""
    return FAULTS[code]
