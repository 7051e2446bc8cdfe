"""SAMPLE: a number for each row of a result that its keys alone decide, and which of the numbers are taken.

The same rows are taken of the same data every time, and those of 5 PERCENT are among those of 10. Of cells the key is
where and when they are, so that other columns of the same query give the same cells.
"""

from __future__ import annotations

from cubeql.sql.cells import Part
from cubeql.sql.tree import Fill, Ident, Sql, Windowed, fill

_RANGE = 2**64


def chance_of(part: Part, group_by: tuple[Sql, ...]) -> Sql:
    """A number from 0 to 2^64 - 1 for each row of a relation, or for each group of its rows."""
    if group_by:
        return number_of(group_by)
    if part.keys:
        return number_of(tuple(Ident(k) for k in part.keys))
    columns = tuple(Ident(c) for c in part.columns)
    if "digits" in part.columns:
        return number_of(columns)
    # Rows that are alike in all columns are told apart by counting them.
    return number_of((*columns, Windowed(fill("row_number()"), columns)))


def number_of(keys: tuple[Sql, ...]) -> Sql:
    """A number that keys decide."""
    return Fill("hash({args})", keys)


def is_taken(chance: Sql, percent: float) -> Sql:
    """Whether a row with this number is taken."""
    return fill(f"({{0}} < {int(percent / 100 * _RANGE)}::UBIGINT)", chance)
