"""Tile rows whose stored values settle conditions, as SQL over their stored columns: read as summaries, or as cells.

A row is settled where all cells fulfil every condition of WHERE, and all cells or none each condition of an aggregate.
Of the others those are read as cells in which some cell may fulfil WHERE.
"""

from __future__ import annotations

from cubeql.engine.scans import Told
from cubeql.engine.tiletests import bands_of, none_test, whole_test
from cubeql.plan.nodes import Summaries
from cubeql.plan.summarising import flag_name
from cubeql.plan.tiletests import Values


def settled_rows(node: Summaries, values: Values) -> Told:
    """What is asked of rows that are read as summaries."""
    flags = tuple((whole_test(c, node.scan, values), flag_name(n)) for n, c in enumerate(node.flags))
    tests = [whole_test(c, node.scan, values) for c in node.settled]
    tests += [f"({test} OR {none_test(c, node.scan, values)})" for (test, _), c in zip(flags, node.flags, strict=True)]
    return Told(tuple(tests), flags, frozenset(bands_of((*node.settled, *node.flags), node.scan)))


def unsettled_rows(node: Summaries, values: Values, cut: str | None) -> Told:
    """What is asked of rows that are read as cells; ``cut`` is a relation of tiles of which all rows are."""
    told = settled_rows(node, values)
    settled = " AND ".join(told.tests)
    if not settled:
        return Told()
    some = tuple(f"NOT {none_test(c, node.scan, values)}" for c in node.settled)
    cut_too = f" OR tile IN (SELECT tile FROM {cut})" if cut is not None else ""  # noqa: S608 - it is quoted
    return Told((f"(NOT ({settled}){cut_too})", *some), bands=told.bands)
