"""The row in memory: one tile at one time, every band as an array of its slots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cubeql.catalog import Band, Layer
from cubeql.errors import StoreError
from cubeql.values.cells import fault_of, format_cell, resolution_of
from cubeql.values.tiles import cells_of, dead_slots, has_dead_slots, slot_count, tile_resolution

Key = tuple[Any, ...]
BandArrays = tuple[NDArray[Any], NDArray[np.bool_]]
_DIMENSION_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int, np.integer),
    "number": (float, int, np.floating, np.integer),
    "text": (str,),
    "timestamp": (datetime, np.datetime64),
}

# Adding 0.0 turns -0.0 into 0.0: equal keys must be one key.
_PLAIN: dict[str, Callable[[Any], Any]] = {
    "integer": int,
    "number": lambda v: float(v) + 0.0,
    "text": str,
    "timestamp": lambda v: utc_datetime(v),
}


@dataclass(frozen=True, slots=True, eq=False)
class TileBlock:
    """One row of a layer.

    Attributes:
        tile: H3 index of the tile.
        time: UTC instant with microseconds; None in a static layer.
        time_end: end of the row's step where it has one.
        dimensions: a value per dimension of the layer, in its order; a timestamp is a datetime in UTC.
        bands: per band (values of its storage type, valid), both of shape ``(slot_count,)``; a band left
            out is nowhere valid.
    """

    tile: int
    time: np.datetime64 | None
    time_end: np.datetime64 | None
    dimensions: tuple[Any, ...]
    bands: Mapping[str, BandArrays]

    @property
    def key(self) -> Key:
        """What makes the row unique and orders it: (tile, time in microseconds or 0, *dimensions)."""
        return (self.tile, microseconds(self.time) or 0, *self.dimensions)

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return sum(values.nbytes + valid.nbytes for values, valid in self.bands.values())


def utc_datetime(value: datetime | np.datetime64) -> datetime:
    """An instant as Python's datetime in UTC, which one without a zone means."""
    plain = value if isinstance(value, datetime) else value.astype("M8[us]").item()
    return plain.replace(tzinfo=UTC) if plain.tzinfo is None else plain.astimezone(UTC)


def microseconds(time: np.datetime64 | None) -> int | None:
    """Microseconds since 1970 of an instant, None for None."""
    return None if time is None else int(time.astype("M8[us]").astype(np.int64))


def checked(layer: Layer, block: TileBlock, *, copy: bool = True) -> TileBlock | None:
    """The block as the layer stores it: all bands, own copies unless told, NaN invalid; None where no cell is valid.

    Raises:
        StoreError: it does not fit the layer; names tile, band and what was found.
    """
    place = _check_tile(layer, block)
    _check_times(layer, block, place)
    dimensions = _check_dimensions(layer, block, place)
    unknown = block.bands.keys() - {band.name for band in layer.bands}
    if unknown:
        raise StoreError(f"{place}: the layer has no band {sorted(unknown)[0]!r}")
    slots = slot_count(layer.resolution, tile_resolution(layer.resolution))
    bands = {b.name: _arrays(b, block.bands.get(b.name), slots, place, copy=copy) for b in layer.bands}
    if not any(valid.any() for _, valid in bands.values()):
        return None
    if has_dead_slots(int(block.tile)):
        _check_dead(layer, block.tile, bands, place)
    return TileBlock(int(block.tile), block.time, block.time_end, dimensions, bands)


def _check_tile(layer: Layer, block: TileBlock) -> str:
    place = f"layer {layer.name}, tile {format_cell(int(block.tile))}"
    fault = fault_of(int(block.tile))
    if fault is not None:
        raise StoreError(f"{place}: {block.tile} is no H3 cell: {fault}")
    wanted, found = tile_resolution(layer.resolution), resolution_of(int(block.tile))
    if found != wanted:
        raise StoreError(
            f"{place}: a tile of resolution {found}; "
            f"cells of resolution {layer.resolution} lie in tiles of resolution {wanted}"
        )
    return place


def _check_times(layer: Layer, block: TileBlock, place: str) -> None:
    if (layer.time is None) != (block.time is None):
        found = "no time" if block.time is None else f"the time {block.time}"
        raise StoreError(f"{place}: {found} in a layer {'without' if layer.time is None else 'with'} time")
    if block.time is None:
        if block.time_end is not None:
            raise StoreError(f"{place}: an end of step in a layer without time")
        return
    if np.isnat(block.time) or (block.time_end is not None and np.isnat(block.time_end)):
        raise StoreError(f"{place}: the time is not a time (NaT)")
    if block.time_end is not None and block.time_end < block.time:
        raise StoreError(f"{place}: the step ends ({block.time_end}) before its time ({block.time})")


def _check_dimensions(layer: Layer, block: TileBlock, place: str) -> tuple[Any, ...]:
    if len(block.dimensions) != len(layer.dimensions):
        names = ", ".join(d.name for d in layer.dimensions) or "none"
        raise StoreError(f"{place}: {len(block.dimensions)} dimension values for the dimensions: {names}")
    values: list[Any] = []
    for dimension, value in zip(layer.dimensions, block.dimensions, strict=True):
        fits = isinstance(value, _DIMENSION_TYPES[dimension.type]) and not isinstance(value, bool)
        if not fits or value != value:  # NaN and NaT
            raise StoreError(f"{place}: {dimension.name} = {value!r} is no {dimension.type}")
        values.append(_PLAIN[dimension.type](value))
    return tuple(values)


def _arrays(band: Band, given: BandArrays | None, slots: int, place: str, *, copy: bool) -> BandArrays:
    dtype = np.dtype(band.storage)
    if given is None:
        return np.zeros(slots, dtype), np.zeros(slots, np.bool_)
    values, valid = given
    if values.shape != (slots,) or valid.shape != (slots,):
        raise StoreError(
            f"{place}, band {band.name}: shapes {values.shape} and {valid.shape}, wanted ({slots},)"
        )
    if values.dtype != dtype or valid.dtype != np.bool_:
        raise StoreError(
            f"{place}, band {band.name}: types {values.dtype} and {valid.dtype}, wanted {dtype} and bool"
        )
    if dtype.kind == "f":
        valid = valid & ~np.isnan(values)
    # Copies: the caller may fill the same arrays again before the buffer is written.
    return (values.copy(), valid.copy()) if copy else (values, valid)


def _check_dead(layer: Layer, tile: int, bands: Mapping[str, BandArrays], place: str) -> None:
    dead = dead_slots(tile, layer.resolution)
    for name, (_, valid) in bands.items():
        if (valid & dead).any():
            slot = int(np.flatnonzero(valid & dead)[0])
            raise StoreError(f"{place}, band {name}: slot {slot} is valid but no cell (below a pentagon)")


class RowExistsError(StoreError):
    """A cell has a row already where only new ones were to be added.

    Attributes:
        layer: the layer's name.
        cell: the cell, as text.
        at: time and dimensions of the row, in words; empty where there are none.
    """

    def __init__(self, layer: str, cell: str, at: str) -> None:
        super().__init__(f"layer {layer} has a row for the cell {cell}{at} already")
        self.layer, self.cell, self.at = layer, cell, at


def merged(layer: Layer, old: TileBlock, new: TileBlock) -> TileBlock:
    """The row that two checked blocks of one key make: per cell and band the new value wins where valid."""
    bands = {}
    for name, (values, valid) in new.bands.items():
        old_values, old_valid = old.bands[name]
        bands[name] = (np.where(valid, values, old_values), valid | old_valid)
    return _together(old, new, bands)


def inserted(layer: Layer, old: TileBlock, new: TileBlock) -> TileBlock:
    """The row that two checked blocks of one key make where no cell has a row in both.

    Raises:
        RowExistsError: names the first cell that has.
    """
    both = footprint(old) & footprint(new)
    if both.any():
        cell = cells_of(new.tile, layer.resolution)[int(np.flatnonzero(both)[0])]
        raise RowExistsError(layer.name, format_cell(int(cell)), describe_place(layer, new.key))
    return merged(layer, old, new)


def overwritten(layer: Layer, old: TileBlock, new: TileBlock) -> TileBlock:
    """The row that two checked blocks of one key make: a cell that has a row in the new one has that alone."""
    there = footprint(new)
    bands = {}
    for name, (values, valid) in new.bands.items():
        old_values, old_valid = old.bands[name]
        bands[name] = (np.where(there, values, old_values), np.where(there, valid, old_valid))
    return _together(old, new, bands)


def footprint(block: TileBlock) -> NDArray[np.bool_]:
    """The slots whose cell has a row: where some band is valid."""
    found: NDArray[np.bool_] = np.logical_or.reduce([valid for _, valid in block.bands.values()])
    return found


def _together(old: TileBlock, new: TileBlock, bands: dict[str, BandArrays]) -> TileBlock:
    time_end = old.time_end if new.time_end is None else new.time_end
    return TileBlock(new.tile, new.time, time_end, new.dimensions, bands)


def describe_place(layer: Layer, key: Key) -> str:
    """Time and dimensions of a key for a message: ``at 2024-05-01T00:00:00.000000, horizon = 24``."""
    _, time, *dimensions = key
    text = f" at {np.datetime64(time, 'us')}" if layer.time is not None else ""
    shown = (v.isoformat() if isinstance(v, datetime) else repr(v) for v in dimensions)
    return text + "".join(f", {d.name} = {v}" for d, v in zip(layer.dimensions, shown, strict=True))


COMBINE: dict[str, Callable[[Layer, TileBlock, TileBlock], TileBlock]] = {
    "merge": merged,
    "insert": inserted,
    "overwrite": overwritten,
}
"""What becomes of two blocks of one key, by the mode of conflict that puts them together."""
