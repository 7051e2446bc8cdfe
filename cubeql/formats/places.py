"""Where the rows of a result lie: a geometry of their own, the point of a reading, or the outline of a cell."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.formats.values import cell_column, is_geometry, unit_of

Shapes = NDArray[np.object_]

_FINEST = b"15"


@dataclass(frozen=True, slots=True)
class Places:
    """How rows are placed.

    Attributes:
        columns: numbers of the columns that say where.
        shapes: shapely geometries of a batch's rows, longitude first; None where a row has no place.
        is_geometry: whether a column of geometries says it, which is no property of the rows then.
    """

    columns: tuple[int, ...]
    shapes: Callable[[pa.RecordBatch], Shapes]
    is_geometry: bool = False


def places_of(schema: pa.Schema) -> Places | None:
    """How the rows of a result are placed: by the first geometry, by longitude and latitude of points, or by the first
    cell; None where it has none of these.
    """
    geometry = next((n for n, field in enumerate(schema) if is_geometry(field)), None)
    if geometry is not None:
        return Places((geometry,), lambda batch: _from_wkb(batch.column(geometry)), is_geometry=True)
    cell = cell_column(schema)
    if cell is None:
        return None
    points = _lon_lat(schema, cell)
    if points is not None:
        lon, lat = points
        return Places(points, lambda batch: _points(batch.column(lon), batch.column(lat)))
    return Places((cell,), lambda batch: _outlines(batch.column(cell)))


def _lon_lat(schema: pa.Schema, cell: int) -> tuple[int, int] | None:
    """The columns of a point's place beside its cell of the finest resolution."""
    if (schema.field(cell).metadata or {}).get(b"cubeql.resolution") != _FINEST:
        return None
    found = [schema.get_field_index(name) for name in ("lon", "lat")]
    if any(n < 0 or unit_of(schema.field(n)) != "degree" for n in found):
        return None
    return found[0], found[1]


def geoparquet(schema: pa.Schema) -> dict[bytes, bytes]:
    """What GeoParquet wants to be told of a result's geometries; empty without any."""
    names = [field.name for field in schema if is_geometry(field)]
    if not names:
        return {}
    columns = {name: {"encoding": "WKB", "geometry_types": []} for name in names}
    return {b"geo": json.dumps({"version": "1.1.0", "primary_column": names[0], "columns": columns}).encode()}


def _from_wkb(column: pa.Array) -> Shapes:
    import shapely

    return np.asarray(shapely.from_wkb(np.array(column.to_pylist(), dtype=object)), dtype=object)


def _points(lon: pa.Array, lat: pa.Array) -> Shapes:
    import shapely

    x, y = (np.array([np.nan if v is None else v for v in c.to_pylist()], float) for c in (lon, lat))
    made: Any = np.asarray(shapely.points(x, y), dtype=object)
    made[np.isnan(x) | np.isnan(y)] = None
    return np.asarray(made, dtype=object)


def _outlines(column: pa.Array) -> Shapes:
    from cubeql.grid.cells import boundaries

    found: Shapes = np.full(len(column), None, dtype=object)
    known = column.drop_null().to_numpy(zero_copy_only=False).astype(np.int64)
    if len(known):
        found[column.is_valid().to_numpy(zero_copy_only=False)] = boundaries(known)
    return found
