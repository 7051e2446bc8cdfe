"""From pixel values to cell values: pick the pixels a map names, then reduce them by a method.

No method makes a value out of pixels that hold none: invalid pixels take no part, and a cell without a valid
pixel (for ``nearest`` and ``bilinear``: whose own pixel is invalid) has no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cubeql.ingest.gridmap import PatchMap
from cubeql.ingest.methods import Method
from cubeql.ingest.source import Flags, Values

Slots = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Values of a patch's slots and which of them are valid, both ``(slots,)``."""

    values: Values
    valid: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Picked:
    """The pixels of one map in one picture, in the map's order, and which of them are valid."""

    values: Values
    valid: Flags


def at_centre(grid_map: PatchMap, picked: Picked, method: Method, storage: np.dtype[Any]) -> Cells:
    """``nearest`` and ``bilinear``: a value for every slot of the map."""
    if method == "nearest":
        return Cells(picked.values.astype(storage, copy=False), picked.valid)
    return _bilinear(grid_map, picked, storage)


def _bilinear(grid_map: PatchMap, picked: Picked, storage: np.dtype[Any]) -> Cells:
    assert grid_map.weights is not None
    right, down = grid_map.weights.astype(np.float64)
    weights = np.stack([(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down])
    weights *= picked.valid[1:]
    total = weights.sum(axis=0)
    # The cell's own pixel is one of the four, with a quarter of the weight or more.
    valid = picked.valid[0] & (total > 0)
    four = np.where(picked.valid[1:], picked.values[1:], 0).astype(np.float64)
    mixed = np.einsum("ij,ij->j", four, weights) / np.where(valid, total, 1.0)
    return Cells(_as_storage(mixed, storage), valid)


def of_pixels(
    slots: int, method: Method, picked: Picked, starts: Slots, filled: Slots, storage: np.dtype[Any]
) -> Cells:
    """Aggregate pixels, grouped by slot.

    Args:
        slots: how many slots the patch has.
        method: any but ``nearest`` and ``bilinear``.
        picked: the pixels.
        starts: where the pixels of each filled slot begin.
        filled: the filled slots.
        storage: type of the result.
    """
    reduce: Any = {"mean": _mean, "sum": _sum, "min": _least, "max": _most, "median": _median, "mode": _mode}[method]
    out = Cells(np.zeros(slots, dtype=storage), np.zeros(slots, dtype=np.bool_))
    if starts.size:
        values, valid = reduce(picked, starts)
        out.values[filled] = _as_storage(values, storage)
        out.valid[filled] = valid
    return out


def _as_storage(values: Values, storage: np.dtype[Any]) -> Values:
    if storage.kind == "i" and values.dtype.kind == "f":
        values = np.rint(np.nan_to_num(values))
    return np.asarray(values.astype(storage, copy=False))


def _counts(picked: Picked, starts: Slots) -> Slots:
    return np.asarray(np.add.reduceat(picked.valid.astype(np.int64), starts))


def _totals(picked: Picked, starts: Slots, kind: type) -> Values:
    values: Values = picked.values.astype(kind)
    if not picked.valid.all():
        values = np.where(picked.valid, values, kind(0))
    return np.asarray(np.add.reduceat(values, starts))


def _mean(picked: Picked, starts: Slots) -> tuple[Values, Flags]:
    counts = _counts(picked, starts)
    return _totals(picked, starts, np.float64) / np.maximum(counts, 1), counts > 0


def _sum(picked: Picked, starts: Slots) -> tuple[Values, Flags]:
    kind = np.float64 if picked.values.dtype.kind == "f" else np.int64
    return _totals(picked, starts, kind), _counts(picked, starts) > 0


def _least(picked: Picked, starts: Slots) -> tuple[Values, Flags]:
    return _extreme(np.minimum, picked, starts, largest=True)


def _most(picked: Picked, starts: Slots) -> tuple[Values, Flags]:
    return _extreme(np.maximum, picked, starts, largest=False)


def _extreme(ufunc: np.ufunc, picked: Picked, starts: Slots, *, largest: bool) -> tuple[Values, Flags]:
    dtype = picked.values.dtype
    if dtype.kind == "f":
        neutral: Any = np.inf if largest else -np.inf
    else:
        neutral = np.iinfo(dtype).max if largest else np.iinfo(dtype).min
    values = np.where(picked.valid, picked.values, dtype.type(neutral))
    return np.asarray(ufunc.reduceat(values, starts)), _counts(picked, starts) > 0


def _sorted_valid(picked: Picked, starts: Slots) -> tuple[Values, Slots, Slots]:
    """Valid values sorted within their groups, the group of each, and how many each group has."""
    lengths = np.diff(np.concatenate([starts, [picked.values.size]]))
    group = np.repeat(np.arange(starts.size), lengths)[picked.valid]
    values = picked.values[picked.valid]
    order = np.lexsort((values, group))
    return values[order], group[order], np.bincount(group, minlength=starts.size)


def _median(picked: Picked, starts: Slots) -> tuple[Values, Flags]:
    values, _, counts = _sorted_valid(picked, starts)
    out = np.zeros(starts.size)
    some = counts > 0
    if some.any():
        first = (np.cumsum(counts) - counts)[some]
        low, high = first + (counts[some] - 1) // 2, first + counts[some] // 2
        out[some] = values[low].astype(np.float64) / 2 + values[high].astype(np.float64) / 2
    return out, some


def _mode(picked: Picked, starts: Slots) -> tuple[Values, Flags]:
    """The most frequent value; of equally frequent ones the smallest."""
    values, group, counts = _sorted_valid(picked, starts)
    out = np.zeros(starts.size, dtype=values.dtype)
    if values.size:
        change = np.concatenate([[True], (values[1:] != values[:-1]) | (group[1:] != group[:-1])])
        runs = np.flatnonzero(change)
        lengths = np.diff(np.concatenate([runs, [values.size]]))
        best = np.lexsort((-lengths, group[runs]))
        _, firsts = np.unique(group[runs][best], return_index=True)
        out[group[runs][best][firsts]] = values[runs][best][firsts]
    return out, counts > 0
