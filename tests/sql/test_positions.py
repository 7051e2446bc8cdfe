"""Cells of a tile as SQL, from digits that are made once for all of its slots."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from cubeql.catalog import Band, Layer, MemoryCatalog, TimeAxis
from cubeql.compiler import compile_query
from cubeql.sql import positions
from cubeql.sql.printer import print_expr
from cubeql.sql.tree import Ident
from cubeql.values.cells import parent, parse_cell
from cubeql.values.tiles import cells_of, dead_slots

TILES = [parse_cell("8408001ffffffff"), parse_cell("841f8d5ffffffff")]
"""A pentagon and a hexagon."""


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("depth", [0, 1, 3, 5])
def test_cells_of_all_slots_and_their_ancestors(tile: int, depth: int) -> None:
    resolution, digits = 4 + depth, print_expr(positions.digits_of_slots(4, 4 + depth))
    wanted = [*range(2, resolution + 1)]
    cells = [print_expr(positions.with_digits(Ident("tile"), Ident("d"), 4, resolution, w)) for w in wanted]
    dead = print_expr(positions.are_dead(Ident("tile"), Ident("d"), 4, resolution))
    text = f"SELECT {', '.join(cells)}, {dead} FROM (SELECT {tile} AS tile, unnest({digits}) AS d)"
    *found, lost = duckdb.sql(text).fetchnumpy().values()
    expected = cells_of(tile, resolution)
    for level, made in zip(wanted, found, strict=True):
        assert np.array_equal(made, parent(expected, level))
    assert np.array_equal(lost, dead_slots(tile, resolution))


def test_digits_of_an_ancestor() -> None:
    both = [print_expr(positions.digits_of_slots(4, r)) for r in (9, 7)]
    above = print_expr(positions.digits_above(Ident("d"), 7))
    found = duckdb.sql(f"SELECT {above} AS a FROM (SELECT unnest({both[0]}) AS d)").fetchnumpy()["a"]
    expected = duckdb.sql(f"SELECT unnest({both[1]}) AS d").fetchnumpy()["d"]
    assert np.array_equal(found, np.repeat(expected, 49))


@pytest.mark.parametrize("text", ["SELECT cell, red FROM fine", "FROM fine GROUP BY cell SELECT cell, max(red) AS m",
                                  "FROM fine GROUP BY CELL(6) SELECT cell, median(red) AS m"])  # fmt: skip
def test_nothing_is_divided_for_each_cell(text: str) -> None:
    sql = compile_query(text, MemoryCatalog([Layer("fine", 7, (Band("red", "int16"),), TimeAxis())])).sql
    once = print_expr(positions.digits_of_slots(2, 7))
    assert sql.count(once) == 1 and "//" not in sql.replace(once, "")
