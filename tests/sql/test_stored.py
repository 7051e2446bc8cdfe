"""Stored values as what they stand for."""

from __future__ import annotations

from cubeql.catalog import Band
from cubeql.sql.printer import print_expr
from cubeql.sql.stored import decoded, decoded_late
from cubeql.sql.tree import Ident

V = Ident("v")


def test_an_offset_of_nothing_is_not_added_to_every_value() -> None:
    """Rasters with a scale say an offset of 0."""
    plain = print_expr(decoded(V, Band("v", "int16", scale=0.5)))
    assert print_expr(decoded(V, Band("v", "int16", scale=0.5, offset=0.0))) == plain
    assert "+" in print_expr(decoded(V, Band("v", "int16", scale=0.5, offset=2.0)))


def test_sums_are_decoded_once_unless_an_offset_counts() -> None:
    assert decoded_late("sum", Band("v", "int16", scale=0.5, offset=0.0)) is not None
    assert decoded_late("sum", Band("v", "int16", scale=0.5, offset=2.0)) is None
