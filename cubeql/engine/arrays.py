"""Results as arrays over cell and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.errors import CubeQLError
from cubeql.grid.cells import centers
from cubeql.values.cells import distinct

if TYPE_CHECKING:
    import xarray


def dataset(table: pa.Table, cell_column: str, statement: str) -> xarray.Dataset:
    """A dataset over ``cell`` and, where there is one, ``time``."""
    import xarray

    cells = table[cell_column].to_numpy().astype(np.int64)
    axes = [distinct(cells)]
    places = [np.searchsorted(axes[0], cells)]
    names = ["cell"]
    time = "time" if "time" in table.column_names and pa.types.is_timestamp(table.schema.field("time").type) else None
    if time is not None:
        times = table[time].cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]")
        axes.append(np.unique(times))
        places.append(np.searchsorted(axes[1], times))
        names.append("time")
    shape = tuple(len(a) for a in axes)
    flat = np.ravel_multi_index(tuple(places), shape) if len(cells) else np.zeros(0, int)
    if len(distinct(flat)) < len(flat):
        raise CubeQLError("a cell comes more than once; group by cell (and time) to place its values")
    variables = {}
    for field in table.schema:
        if field.name in (cell_column, time):
            continue
        unit = (field.metadata or {}).get(b"unit")
        values = _placed(table[field.name], flat, shape)
        inside = [f"{field.name}_place"] if values.ndim > len(shape) else []
        variables[field.name] = ([*names, *inside], values, {"units": unit.decode()} if unit else {})
    lon, lat = centers(axes[0])
    coordinates = {"cell": axes[0].astype(np.uint64), "lon": ("cell", lon), "lat": ("cell", lat)}
    if time is not None:
        coordinates["time"] = axes[1].astype("datetime64[ns]")
    return xarray.Dataset(variables, coordinates, {"history": statement})


def _placed(column: pa.ChunkedArray, flat: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[Any]:
    kind = column.type
    if pa.types.is_fixed_size_list(kind) and not pa.types.is_nested(kind.value_type):
        return _packed(column, flat, shape)
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    values = column.cast(pa.float64()).to_numpy() if numeric else _objects(column.to_pylist())
    found = np.full(int(np.prod(shape)), np.nan if numeric else None, values.dtype)
    found[flat] = values
    return found.reshape(shape)


def _objects(values: list[Any]) -> NDArray[Any]:
    found = np.empty(len(values), object)
    found[:] = values  # an array made of lists of one length would have two dimensions
    return found


def _packed(column: pa.ChunkedArray, flat: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[Any]:
    """Lists of one length, along a dimension of their own."""
    length = column.type.list_size
    found = np.full((int(np.prod(shape)), length), np.nan)
    rows = column.cast(pa.list_(pa.float64(), length)).combine_chunks()
    valid = rows.is_valid().to_numpy(zero_copy_only=False)
    found[flat[valid]] = rows.flatten().to_numpy(zero_copy_only=False).reshape(-1, length)
    return found.reshape(*shape, length)
