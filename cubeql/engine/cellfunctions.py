"""Functions of cells that SQL arithmetic cannot do, given to DuckDB: one call for thousands of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from duckdb.sqltypes import BIGINT, DOUBLE, VARCHAR, DuckDBPyType
from numpy.typing import NDArray

Cells = NDArray[np.int64]


def _area(cells: Cells) -> pa.Array:
    from cubeql.grid.cells import area_km2

    return pa.array(area_km2(cells))


def _lng(cells: Cells) -> pa.Array:
    from cubeql.grid.cells import centers

    return pa.array(centers(cells)[0])


def _lat(cells: Cells) -> pa.Array:
    from cubeql.grid.cells import centers

    return pa.array(centers(cells)[1])


def _boundary(cells: Cells) -> pa.Array:
    import shapely

    from cubeql.grid.cells import boundaries

    return pa.array(shapely.to_wkt(boundaries(cells), rounding_precision=-1).tolist(), pa.string())


def _distance(left: Cells, right: Cells) -> pa.Array:
    from h3.api import numpy_int as h3

    def steps(a: int, b: int) -> int | None:
        try:
            return int(h3.grid_distance(a, b))
        except h3.H3BaseException:
            return None

    pairs = zip(left.astype(np.uint64).tolist(), right.astype(np.uint64).tolist())
    return pa.array([steps(a, b) for a, b in pairs], pa.int64())


_FUNCTIONS: tuple[tuple[str, Callable[..., pa.Array], int, DuckDBPyType], ...] = (
    ("cubeql_cell_area", _area, 1, DOUBLE),
    ("cubeql_cell_to_lng", _lng, 1, DOUBLE),
    ("cubeql_cell_to_lat", _lat, 1, DOUBLE),
    ("cubeql_cell_to_boundary", _boundary, 1, VARCHAR),
    ("cubeql_grid_distance", _distance, 2, BIGINT),
)


def provide_cell_functions(database: duckdb.DuckDBPyConnection) -> None:
    """Give a database the functions that rows of :mod:`cubeql.functions.cells` name."""
    for name, function, count, result in _FUNCTIONS:
        kind: Any = "arrow"
        database.create_function(name, _on_arrays(function, count), [BIGINT] * count, result, type=kind)


def _on_arrays(function: Callable[..., pa.Array], count: int) -> Callable[..., pa.Array]:
    """DuckDB counts the parameters of what it is given, so that a variadic function does not do."""

    def one(cells: pa.ChunkedArray) -> pa.Array:
        return function(_plain(cells))

    def two(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.Array:
        return function(_plain(left), _plain(right))

    return one if count == 1 else two


def _plain(cells: pa.ChunkedArray) -> Cells:
    return np.asarray(cells.to_numpy(), np.int64)
