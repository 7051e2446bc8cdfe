"""Tile blocks as Arrow rows, without a Python step per cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.catalog import Band, Layer
from cubeql.errors import StoreError
from cubeql.storage.blocks import TileBlock, microseconds
from cubeql.storage.columns import (
    CLASS_TYPE,
    DIMENSION_TYPES,
    TIMESTAMP,
    layer_schema,
    list_of,
    overview_levels,
)
from cubeql.storage.summaries import Summary, count_classes, inexact_sum, summarise
from cubeql.values.cells import format_cell


def encode(layer: Layer, blocks: Sequence[TileBlock]) -> pa.Table:
    """The rows of checked blocks, in their order, with the columns of :func:`layer_schema`.

    Raises:
        StoreError: sums of a 64-bit integer band would not be exact.
    """
    columns: dict[str, pa.Array] = {"tile": pa.array([block.tile for block in blocks], pa.int64())}
    if layer.time is not None:
        columns["time"] = _times([microseconds(block.time) for block in blocks])
        columns["time_end"] = _times([microseconds(block.time_end) for block in blocks])
    for i, dimension in enumerate(layer.dimensions):
        columns[dimension.name] = pa.array([b.dimensions[i] for b in blocks], DIMENSION_TYPES[dimension.type])
    masks = []
    for band in layer.bands:
        values = np.stack([block.bands[band.name][0] for block in blocks])
        valid = np.stack([block.bands[band.name][1] for block in blocks])
        masks.append(valid)
        columns |= _band_columns(layer, band, values, valid, blocks)
    columns |= _footprint_columns(masks)
    schema = layer_schema(layer)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _times(values: list[int | None]) -> pa.Array:
    return pa.array(values, pa.int64()).cast(TIMESTAMP)


def _band_columns(
    layer: Layer, band: Band, values: NDArray[Any], valid: NDArray[np.bool_], blocks: Sequence[TileBlock]
) -> dict[str, pa.Array]:
    if inexact_sum(values, valid):
        raise StoreError(
            f"layer {layer.name}, band {band.name}, tile {format_cell(blocks[0].tile)} or one after it: "
            "64-bit integers whose sum is beyond 2^53 cannot be summed exactly; store the band as float64"
        )
    found = summarise(values, valid)
    some = found.tile.count > 0
    columns = {
        band.name: _lists(values, valid),
        f"{band.name}__count": pa.array(found.tile.count.astype(np.int64)),
        f"{band.name}__sum": _flat(found.tile.sum, some),
        f"{band.name}__min": _flat(found.tile.min, some),
        f"{band.name}__max": _flat(found.tile.max, some),
    }
    if band.kind == "categorical":
        classes = count_classes(values, valid)
        entries = pa.StructArray.from_arrays(
            [pa.array(classes.codes), pa.array(classes.counts)], fields=list(CLASS_TYPE)
        )
        columns[f"{band.name}__classes"] = pa.ListArray.from_arrays(
            pa.array(classes.offsets), entries, type=list_of(CLASS_TYPE)
        )
    for level, overview in zip((2, 4), (found.l2, found.l4), strict=True):
        if level in overview_levels(layer) and overview is not None:
            columns[f"{band.name}__l{level}"] = _overview(overview, band)
    return columns


def _overview(entries: Summary, band: Band) -> pa.Array:
    """An overview as a column; of class codes nobody asks for more than how many there are."""
    some = entries.count > 0
    lists = {"count": _lists(entries.count, np.ones_like(some))}
    for name, values in (("sum", entries.sum), ("min", entries.min), ("max", entries.max)):
        if band.kind == "categorical":
            lists[name] = pa.nulls(len(values), list_of(pa.from_numpy_dtype(values.dtype)))
        else:
            lists[name] = _lists(values, some)
    return pa.StructArray.from_arrays(list(lists.values()), names=list(lists))


def _footprint_columns(masks: Sequence[NDArray[np.bool_]]) -> dict[str, pa.Array]:
    """``footprint__count``; and in a layer of several bands ``valid``, NULL in rows where all bands agree."""
    footprint = masks[0] if len(masks) == 1 else np.logical_or.reduce(masks)
    columns = {"footprint__count": pa.array(np.count_nonzero(footprint, axis=1).astype(np.int64))}
    if len(masks) > 1:
        agree = np.ones(len(footprint), np.bool_)
        for mask in masks:
            agree &= (mask == footprint).all(axis=1)
        kept = np.flatnonzero(~agree)
        lengths = np.where(agree, 0, footprint.shape[1])
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        columns["valid"] = pa.ListArray.from_arrays(
            pa.array(offsets), _bits(footprint[kept]), type=list_of(pa.bool_()), mask=pa.array(agree)
        )
    return columns


def _lists(values: NDArray[Any], valid: NDArray[np.bool_]) -> pa.Array:
    """A list per row of a 2-D array, NULL where not valid."""
    rows, width = values.shape
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * np.int32(width))
    items = _flat(values.reshape(-1), valid.reshape(-1))
    return pa.ListArray.from_arrays(offsets, items, type=list_of(items.type))


def _flat(values: NDArray[Any], valid: NDArray[np.bool_]) -> pa.Array:
    """An Arrow array over the same memory, NULL where not valid."""
    kind = pa.from_numpy_dtype(values.dtype)
    invalid = len(values) - int(np.count_nonzero(valid))
    bitmap = pa.py_buffer(np.packbits(valid, bitorder="little")) if invalid else None
    return pa.Array.from_buffers(
        kind, len(values), [bitmap, pa.py_buffer(np.ascontiguousarray(values))], invalid
    )


def _bits(values: NDArray[np.bool_]) -> pa.Array:
    packed = pa.py_buffer(np.packbits(values.reshape(-1), bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), values.size, [None, packed], 0)
