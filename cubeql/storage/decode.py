"""Tile files back into tile blocks: for merges, rewrites and tests (queries read files with DuckDB)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cubeql.catalog import Layer
from cubeql.errors import StoreError
from cubeql.storage.blocks import TileBlock
from cubeql.storage.columns import key_fields, layer_schema, slots_of_layer
from cubeql.storage.objects import ObjectMissing
from cubeql.storage.older import is_of_today, made_anew
from cubeql.storage.tablefiles import TableFiles

Choice = Callable[[pa.Table], NDArray[np.bool_]]
"""Which rows are wanted, given their key columns."""


def read_keys(table: TableFiles, name: str, layer: Layer) -> pa.Table:
    """The key columns of all rows of a file.

    Raises:
        StoreError: the file is missing, truncated or of other columns.
    """
    with opened(table, name, layer) as file:
        return _checked(table.uri(name), lambda: file.read(columns=[field.name for field in key_fields(layer)]))


def opened(table: TableFiles, name: str, layer: Layer) -> pq.ParquetFile:
    """A tile file, checked to have columns of the layer alone; some may be missing (see ``older``), but no key.

    Raises:
        StoreError: the file is missing, truncated or of other columns.
    """
    # Without pre_buffer each column of each row group would be a request of its own on S3.
    file = _checked(
        table.uri(name), lambda: pq.ParquetFile(table.open(name), page_checksum_verification=True, pre_buffer=True)
    )
    found, wanted = file.schema_arrow, layer_schema(layer)
    keys = {f.name for f in key_fields(layer)}
    different = next((f for f in found if f.name not in wanted.names or wanted.field(f.name).type != f.type), None)
    different = different or next((wanted.field(k) for k in sorted(keys) if k not in found.names), None)
    if different is not None:
        file.close()
        raise StoreError(
            f"{table.uri(name)}: the columns are not those of layer {layer.name} (first difference: {different})"
        )
    return file


def read_groups(table: TableFiles, name: str, layer: Layer, choice: Choice) -> Iterator[pa.Table]:
    """The chosen rows of a file, one table per row group that has any, as they would be written today.

    Raises:
        StoreError: the file is missing, truncated, damaged or of other columns.
    """
    keys = [field.name for field in key_fields(layer)]
    with opened(table, name, layer) as file:
        whole = is_of_today(layer, file.schema_arrow.names)
        for i in range(file.num_row_groups):
            chosen = choice(_checked(table.uri(name), partial(file.read_row_group, i, columns=keys)))
            if chosen.any():
                rows = _checked(table.uri(name), partial(file.read_row_group, i))
                rows = rows if chosen.all() else rows.filter(pa.array(chosen))
                names = layer_schema(layer).names
                yield rows.select(names) if whole else made_anew(layer, rows, table.uri(name))


def _checked(place: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except ObjectMissing as error:
        raise StoreError(f"{place}: the file is missing though the layer's log names it") from error
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{place}: the file is damaged or cannot be read: {error}") from error


def decode(layer: Layer, rows: pa.Table, place: str) -> list[TileBlock]:
    """The blocks of rows read from a file.

    Raises:
        StoreError: a band has another number of slots than the layer's tiles.
    """
    slots = slots_of_layer(layer)
    tiles = rows["tile"].to_pylist()
    times = _instants(rows, "time", layer)
    ends = _instants(rows, "time_end", layer)
    dimensions = list(zip(*(rows[d.name].to_pylist() for d in layer.dimensions), strict=True)) or [()] * len(tiles)
    bands = {band.name: _stack(rows[band.name], slots, f"{place}, band {band.name}") for band in layer.bands}
    return [
        TileBlock(tiles[i], times[i], ends[i], dimensions[i], {n: (v[i], m[i]) for n, (v, m) in bands.items()})
        for i in range(len(tiles))
    ]


def _instants(rows: pa.Table, name: str, layer: Layer) -> list[np.datetime64 | None]:
    if layer.time is None:
        return [None] * rows.num_rows
    values = rows[name].cast(pa.int64()).to_pylist()
    return [None if value is None else np.datetime64(value, "us") for value in values]


def _stack(column: pa.ChunkedArray, slots: int, place: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    lists = column.combine_chunks()
    lists = lists if isinstance(lists, pa.ListArray) else pa.concat_arrays(lists.chunks)
    lengths = np.diff(lists.offsets.to_numpy())
    if lists.null_count or (lengths != slots).any():
        raise StoreError(f"{place}: rows of {sorted(set(lengths.tolist()))} slots, tiles of the layer have {slots}")
    items = lists.flatten()
    shape = (len(lists), slots)
    return _values(items).reshape(shape), _validity(items).reshape(shape)


def _values(items: pa.Array) -> NDArray[Any]:
    dtype = np.dtype(items.type.to_pandas_dtype())
    whole = np.frombuffer(items.buffers()[1], dtype=dtype, count=items.offset + len(items))
    return whole[items.offset :]


def _validity(items: pa.Array) -> NDArray[np.bool_]:
    bitmap = items.buffers()[0]
    if bitmap is None:
        return np.ones(len(items), np.bool_)
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8), bitorder="little", count=items.offset + len(items))
    return bits[items.offset :].view(np.bool_)
