"""Functions that know polygons, given to DuckDB: which zones hold cells or points that come out of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa
from duckdb.sqltypes import BIGINT, DOUBLE, INTEGER, VARCHAR
from numpy.typing import NDArray

from cubeql.engine.zonecache import ZoneCache
from cubeql.errors import InternalError
from cubeql.values.containment import CONTAINMENTS, Containment

if TYPE_CHECKING:
    from cubeql.grid.zoning import Zones


def handle_of(key: str, containment: Containment) -> str:
    """What tells the functions which polygons are meant, and when they hold a cell."""
    return f"{key}|{containment}"


def provide_zone_functions(database: duckdb.DuckDBPyConnection, cache: ZoneCache) -> None:
    """Give a database the functions that :mod:`cubeql.sql.zonejoin` names."""

    def asked(handles: pa.ChunkedArray) -> tuple[Zones, Containment]:
        key, _, how = handles[0].as_py().partition("|")
        zones = cache.at_work.get(key)
        if zones is None:
            raise InternalError("zones were forgotten while a statement asks for them")
        return zones.shapes, next(c for c in CONTAINMENTS if c == how)

    def zones_of(handles: pa.ChunkedArray, cells: pa.ChunkedArray) -> pa.Array:
        zones, how = asked(handles)
        place, number, _ = zones.holding(_cells(cells), how)
        return _lists(place, number.astype(np.int32), len(cells))

    def zone_shares(handles: pa.ChunkedArray, cells: pa.ChunkedArray) -> pa.Array:
        zones, how = asked(handles)
        place, _, share = zones.holding(_cells(cells), how)
        return _lists(place, share, len(cells))

    def zones_at(handles: pa.ChunkedArray, lon: pa.ChunkedArray, lat: pa.ChunkedArray) -> pa.Array:
        zones, _ = asked(handles)
        place, number = zones.at(*(np.asarray(v.to_numpy(), np.float64) for v in (lon, lat)))
        return _lists(place, number.astype(np.int32), len(lon))

    make: Any = database.create_function
    numbers, shares = duckdb.list_type(INTEGER), duckdb.list_type(DOUBLE)
    make("cubeql_zones_of", zones_of, [VARCHAR, BIGINT], numbers, type="arrow")
    make("cubeql_zone_shares", zone_shares, [VARCHAR, BIGINT], shares, type="arrow")
    make("cubeql_zones_at", zones_at, [VARCHAR, DOUBLE, DOUBLE], numbers, type="arrow")


def _cells(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(column.to_numpy(), np.int64)


def _lists(place: NDArray[np.int64], values: NDArray[Any], rows: int) -> pa.Array:
    """A list a row of what was found at its place; places ascend."""
    ends = np.searchsorted(place, np.arange(rows + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(values))
