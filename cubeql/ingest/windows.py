"""Which blocks of pixels are read for a group of tiles, and the pixels of a map out of such a block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from cubeql.ingest.gridmap import PatchMap, Positions
from cubeql.ingest.pixelgrid import PixelWindow
from cubeql.ingest.regrid import Picked
from cubeql.ingest.source import Flags, SourceBand, Values

_WASTE = 2.0  # a common window may hold this many times the pixels of its parts

TileMaps = Iterable[tuple[int, PatchMap]]
"""Tiles, ascending, each with the maps of its patches that have pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """Maps read with one window."""

    window: PixelWindow
    members: list[tuple[int, PatchMap]]


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Pixels that were read: of one band, of some slices.

    Attributes:
        window: the block.
        values: ``(slices, height, width)``.
        mask: the source's own mask, of the same shape, where it has one.
    """

    window: PixelWindow
    values: Values
    mask: Flags | None


def units_of(maps: TileMaps, turn: int, most_pixels: float) -> Iterator[Unit]:
    """Maps in windows of at most so many pixels, as large as neighbours make sensible.

    Args:
        maps: the maps.
        turn: columns of a grid that goes round the earth, else 0.
        most_pixels: a window of one map alone may have more.
    """
    unit: Unit | None = None
    used = 0
    for tile, grid_map in maps:
        window = grid_map.window
        assert window is not None
        near = _beside(window, unit.window, turn) if unit else window
        joined = near.union(unit.window) if unit else near
        used += window.pixels
        if unit and (joined.pixels > most_pixels or joined.pixels > _WASTE * used):
            yield unit
            unit, joined, used = None, window, window.pixels
        members = unit.members if unit else []
        members.append((tile, grid_map))
        unit = Unit(joined, members)
    if unit:
        yield unit


def _beside(window: PixelWindow, other: PixelWindow, turn: int) -> PixelWindow:
    """The window moved by whole turns so that it lies next to another one."""
    if not turn:
        return window
    column = (window.column - other.column + turn // 2) % turn + other.column - turn // 2
    return PixelWindow(window.row, column, window.height, window.width)


def pick(band: SourceBand, pixels: Pixels, number: int, grid_map: PatchMap, turn: int) -> Picked:
    """The pixels of a map in one slice of a block that holds the map's own window."""
    assert grid_map.window is not None
    window, read = _within(grid_map.window, pixels.window, turn), pixels.window
    own = pixels
    if window != read:
        top, left = window.row - read.row, window.column - read.column
        part = (slice(None), slice(top, top + window.height), slice(left, left + window.width))
        own = Pixels(window, pixels.values[part], None if pixels.mask is None else pixels.mask[part])
    return taken(band, own, number, grid_map.pixels, None if grid_map.whole else grid_map.known)


def _within(window: PixelWindow, read: PixelWindow, turn: int) -> PixelWindow:
    if not turn or read.column <= window.column <= read.column + read.width - window.width:
        return window
    column = (window.column - read.column) % turn + read.column
    return PixelWindow(window.row, column, window.height, window.width)


def taken(band: SourceBand, pixels: Pixels, number: int, positions: Positions, known: Flags | None) -> Picked:
    """The values at some positions of a slice, and which of them are data: of those only the ones that are known."""
    found = pixels.values[number].reshape(-1).take(positions, mode="clip")
    valid = band.valid(found)
    if pixels.mask is not None:
        valid &= pixels.mask[number].reshape(-1).take(positions, mode="clip")
    if known is not None:
        valid &= known
    return Picked(found, valid)


def no_pixels(band: SourceBand, grid_map: PatchMap) -> Picked:
    """Room for the pixels of a map, none of them valid."""
    return Picked(np.zeros(grid_map.pixels.shape, band.dtype), np.zeros(grid_map.pixels.shape, np.bool_))
