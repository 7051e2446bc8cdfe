"""Summaries and overviews of tiles: count, sum, min and max of groups of slots, exact.

Slots below one coarser cell are a contiguous run, so every level is a reshape of the level below it:
all cells are touched once, in groups of 49.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PAIR = 49
"""Cells below one cell two resolutions coarser."""

EXACT_LIMIT = 2.0**53
"""Integers of float64 are exact below this magnitude."""

_AT_ONCE = 2**16  # slots that are worked on while they are in the processor's cache
_FEW_CODES = 2**16


@dataclass(frozen=True, slots=True)
class Summary:
    """Aggregates of groups of slots.

    Attributes:
        count: int32, valid slots of the group.
        sum: float64, exact for integers; 0 where the count is 0.
        min: storage type; meaningless where the count is 0.
        max: as ``min``.
    """

    count: NDArray[np.int32]
    sum: NDArray[np.float64]
    min: NDArray[Any]
    max: NDArray[Any]


@dataclass(frozen=True, slots=True)
class TileSummaries:
    """Summaries of ``n`` tiles of depth ``d``: shapes (n,), ``l2`` (n, 7^(d-2)), ``l4`` (n, 7^(d-4)).

    An overview is None where its cells would not be finer than the tile.
    """

    tile: Summary
    l2: Summary | None
    l4: Summary | None


def summarise(values: NDArray[Any], valid: NDArray[np.bool_]) -> TileSummaries:
    """Summaries of a stack of tiles.

    Args:
        values: shape (n, 7^d), storage type; NaN only where not valid.
        valid: shape (n, 7^d).
    """
    slots = values.shape[1]
    l2 = _of_cells(values, valid, PAIR) if slots > PAIR else None
    l4 = _coarser(l2, PAIR) if l2 is not None and slots > PAIR * PAIR else None
    finest = l4 or l2
    tile = _coarser(finest, finest.count.shape[1]) if finest else _of_cells(values, valid, slots)
    flat = Summary(tile.count[:, 0], tile.sum[:, 0], tile.min[:, 0], tile.max[:, 0])
    return TileSummaries(flat, l2, l4)


def inexact_sum(values: NDArray[Any], valid: NDArray[np.bool_]) -> bool:
    """Whether a tile's sum of 64-bit integers could leave the range in which float64 is exact."""
    if values.dtype != np.int64 or not values.size:
        return False
    if max(-float(values.min()), float(values.max())) * values.shape[1] < EXACT_LIMIT:
        return False
    magnitude = np.abs(np.where(valid, values, 0).astype(np.float64)).sum(axis=1)
    return bool((magnitude >= EXACT_LIMIT).any())


def _of_cells(values: NDArray[Any], valid: NDArray[np.bool_], group: int) -> Summary:
    n, slots = values.shape
    shape = (n, slots // group)
    ends = np.empty((2, *shape), values.dtype)
    found = Summary(np.empty(shape, np.int32), np.empty(shape, np.float64), ends[0], ends[1])
    step = max(1, _AT_ONCE // slots)
    for first in range(0, n, step):
        rows = slice(first, first + step)
        _summed(values[rows].reshape(-1), valid[rows].reshape(-1), group, found, rows)
    return found


def _summed(
    values: NDArray[Any], valid: NDArray[np.bool_], group: int, into: Summary, rows: slice
) -> None:
    """Fill in the rows of a summary with the aggregates of runs of ``group`` slots."""
    shape = into.count[rows].shape
    starts = np.arange(0, values.size, group)
    low, high = _extremes(values.dtype)
    if valid.all():
        known, least, most = values, values, values
        into.count[rows] = group
    else:
        known, least, most = _filled(values, valid, (values.dtype.type(0), high, low))
        into.count[rows] = np.add.reduce(valid.reshape(*shape, group).view(np.uint8), axis=2, dtype=np.int32)
    with np.errstate(invalid="ignore", over="ignore"):
        into.sum[rows] = np.add.reduceat(known.astype(np.float64), starts).reshape(shape)
    into.min[rows] = np.minimum.reduceat(least, starts).reshape(shape)
    into.max[rows] = np.maximum.reduceat(most, starts).reshape(shape)


def _filled(values: NDArray[Any], valid: NDArray[np.bool_], fills: Sequence[Any]) -> list[NDArray[Any]]:
    """The values with something else where they are not valid; on their bits, which takes a fifth of ``where``."""
    whole = np.dtype(f"i{values.itemsize}")
    keep = np.negative(valid.view(np.int8)).astype(whole)  # all bits set, or none
    kept = values.view(whole) & keep
    drop = ~keep
    return [(kept | (drop & np.array(fill, values.dtype).view(whole))).view(values.dtype) for fill in fills]


def _coarser(finer: Summary, group: int) -> Summary:
    n, entries = finer.count.shape
    shape = (n, entries // group, group)
    low, high = _extremes(finer.min.dtype)
    empty = finer.count == 0
    with np.errstate(invalid="ignore", over="ignore"):
        sums = finer.sum.reshape(shape).sum(axis=2)
    return Summary(
        finer.count.reshape(shape).sum(axis=2, dtype=np.int32),
        sums,
        np.where(empty, high, finer.min).reshape(shape).min(axis=2),
        np.where(empty, low, finer.max).reshape(shape).max(axis=2),
    )


def _extremes(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    if dtype.kind == "f":
        return dtype.type(-np.inf), dtype.type(np.inf)
    info = np.iinfo(dtype)
    return dtype.type(info.min), dtype.type(info.max)


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """Classes of ``n`` tiles: tile i holds the entries ``offsets[i]:offsets[i + 1]``, codes ascending."""

    offsets: NDArray[np.int32]
    codes: NDArray[np.int64]
    counts: NDArray[np.int64]


def count_classes(values: NDArray[Any], valid: NDArray[np.bool_]) -> ClassCounts:
    """How many valid slots of each tile of a stack (shape (n, slots)) hold each code."""
    codes: list[NDArray[np.int64]] = []
    counts: list[NDArray[np.int64]] = []
    for row, mask in zip(values, valid, strict=True):
        found, times = _counted(row[mask])
        codes.append(found)
        counts.append(times)
    lengths = [0, *(len(found) for found in codes)]
    return ClassCounts(np.cumsum(lengths).astype(np.int32), np.concatenate(codes), np.concatenate(counts))


def _counted(values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The different values, ascending, and how often each is there."""
    least = int(values.min(initial=np.iinfo(values.dtype).max))
    if not values.size or int(values.max()) - least >= _FEW_CODES:
        found, times = np.unique(values, return_counts=True)
        return found.astype(np.int64), times.astype(np.int64)
    times = np.bincount(values.astype(np.int64) - least)
    found = np.flatnonzero(times)
    return found + least, times[found]
