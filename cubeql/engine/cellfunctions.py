"""Functions of cells that SQL arithmetic cannot do, given to DuckDB: one call for thousands of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from duckdb.sqltypes import BIGINT, BOOLEAN, DOUBLE, VARCHAR, DuckDBPyType
from numpy.typing import NDArray

from cubeql.engine.packing import packed
from cubeql.engine.running import refusal
from cubeql.values.cells import is_pentagon, parse_cell

Cells = NDArray[np.int64]
Numbers = NDArray[np.float64]
Texts = NDArray[np.object_]


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
    from h3 import H3BaseException
    from h3.api import numpy_int as h3

    def steps(a: int, b: int) -> int | None:
        try:
            return int(h3.grid_distance(a, b))
        except H3BaseException:
            return None

    pairs = zip(left.astype(np.uint64).tolist(), right.astype(np.uint64).tolist())
    return pa.array([steps(a, b) for a, b in pairs], pa.int64())


def _latlng(cells: Cells) -> pa.Array:
    from cubeql.grid.cells import centers

    lon, lat = centers(cells)
    pairs = np.stack([lat, lon], axis=1).reshape(-1)
    return _lists(pa.array(pairs), np.arange(len(cells) + 1) * 2)


def _cell_at(lat: Numbers, lng: Numbers, resolutions: Cells) -> pa.Array:
    from cubeql.grid.cells import cells_at

    beyond = np.flatnonzero(~(np.abs(lat) <= 90.0))
    if beyond.size:
        raise ValueError(refusal(f"latlng_to_cell takes the latitude first, and {lat[beyond[0]]:g} lies beyond a pole"))
    return pa.array(cells_at(lng, lat, int(resolutions[0])) if len(lat) else resolutions)


def _spelled(texts: Texts) -> pa.Array:
    cells = {text: _parsed(text) for text in set(texts.tolist())}
    return pa.array([cells[t] for t in texts.tolist()], pa.int64())


def _parsed(text: str) -> int | None:
    try:
        return parse_cell(text)
    except ValueError:
        return None


def _pentagons(cells: Cells) -> pa.Array:
    return pa.array(is_pentagon(cells))


def _disk(cells: Cells, steps: Cells) -> pa.Array:
    return _around(cells, steps, least=0)


def _ring(cells: Cells, steps: Cells) -> pa.Array:
    return _around(cells, steps, least=int(steps[0]) if len(steps) else 0)


def _around(cells: Cells, steps: Cells, least: int) -> pa.Array:
    from cubeql.grid.cells import neighbours

    around, counts = neighbours(cells, least, int(steps[0]) if len(steps) else 0)
    return _lists(pa.array(around), np.concatenate(([0], np.cumsum(counts))))


def _near(cells: Cells, steps: Cells) -> pa.Array:
    from cubeql.grid.cells import disks

    return _lists(*disks(cells, int(steps[0]) if len(steps) else 0))


def _lists(values: pa.Array | Cells, offsets: NDArray[np.int64]) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values))


_CELLS = duckdb.list_type(BIGINT)
_FUNCTIONS: tuple[tuple[str, Callable[..., pa.Array], list[DuckDBPyType], DuckDBPyType], ...] = (
    ("cubeql_cell_area", _area, [BIGINT], DOUBLE),
    ("cubeql_cell_to_lng", _lng, [BIGINT], DOUBLE),
    ("cubeql_cell_to_lat", _lat, [BIGINT], DOUBLE),
    ("cubeql_cell_to_latlng", _latlng, [BIGINT], duckdb.list_type(DOUBLE)),
    ("cubeql_cell_to_boundary", _boundary, [BIGINT], VARCHAR),
    ("cubeql_grid_distance", _distance, [BIGINT, BIGINT], BIGINT),
    ("cubeql_grid_disk", _disk, [BIGINT, BIGINT], _CELLS),
    ("cubeql_grid_ring", _ring, [BIGINT, BIGINT], _CELLS),
    ("cubeql_near", _near, [BIGINT, BIGINT], _CELLS),
    ("cubeql_is_pentagon", _pentagons, [BIGINT], BOOLEAN),
    ("cubeql_latlng_to_cell", _cell_at, [DOUBLE, DOUBLE, BIGINT], BIGINT),
    ("cubeql_string_to_cell", _spelled, [VARCHAR], BIGINT),
)

_PACKED = {"number": DOUBLE, "integer": BIGINT, "boolean": BOOLEAN}
_MAY_BE_NULL = frozenset({"cubeql_grid_distance", "cubeql_string_to_cell"})


def provide_cell_functions(database: duckdb.DuckDBPyConnection) -> None:
    """Give a database the functions that rows of :mod:`cubeql.functions.cells` name."""
    make: Any = database.create_function
    for name, function, kinds, result in _FUNCTIONS:
        null_handling = "special" if name in _MAY_BE_NULL else "default"
        make(name, _ON_ARRAYS[len(kinds)](function), kinds, result, type="arrow", null_handling=null_handling)
    for kind, element in _PACKED.items():
        pairs = duckdb.list_type(duckdb.struct_type({"place": BIGINT, "value": element}))
        make(f"cubeql_pack_{kind}", packed, [BIGINT, pairs, BIGINT, BIGINT], duckdb.list_type(element), type="arrow",
             null_handling="special")  # fmt: skip


# DuckDB counts the parameters of what it is given, so that a variadic function does not do.


def _of_one(function: Callable[..., pa.Array]) -> Callable[..., pa.Array]:
    return lambda a: _called(function, a)


def _of_two(function: Callable[..., pa.Array]) -> Callable[..., pa.Array]:
    return lambda a, b: _called(function, a, b)


def _of_three(function: Callable[..., pa.Array]) -> Callable[..., pa.Array]:
    return lambda a, b, c: _called(function, a, b, c)


_ON_ARRAYS = {1: _of_one, 2: _of_two, 3: _of_three}


def _called(function: Callable[..., pa.Array], *args: pa.ChunkedArray) -> pa.Array:
    """The function of the rows without NULL, NULL elsewhere; the engine passes such rows only where it is told to."""
    if not any(a.null_count for a in args):
        return function(*(np.asarray(a.to_numpy()) for a in args))
    valid = np.logical_and.reduce([np.asarray(a.is_valid().to_numpy()) for a in args])
    found = function(*(np.asarray(a.filter(pa.array(valid)).to_numpy()) for a in args))
    return found.take(pa.array(np.cumsum(valid) - 1, mask=~valid))
