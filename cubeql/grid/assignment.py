"""Which zones hold the cells of a tile, as it is kept; :mod:`cubeql.grid.zoning` finds it out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Assignment:
    """The zones of the cells of a tile.

    Attributes:
        zones: int32, shape (levels, slots): numbers of zones from 1, 0 where none. A cell in so many zones stands in
            the first so many levels, smallest number first; the fullest cell needs all levels, so there may be none.
        fractions: float64 in the same shape, the share of the cell's area that lies in the zone; None unless asked.
    """

    zones: NDArray[np.int32]
    fractions: NDArray[np.float64] | None = None

    def of(self, chosen: NDArray[np.bool_]) -> Assignment:
        """The assignment of some of the zones: ``chosen`` tells of each number, 0 included, whether it counts."""
        level, slot = np.nonzero(chosen[self.zones])
        zones = self.zones[level, slot]
        fractions = None if self.fractions is None else self.fractions[level, slot]
        return in_levels(self.zones.shape[1], slot, zones, fractions)


def in_levels(
    slots: int, slot: NDArray[np.int64], zone: NDArray[np.int32], share: NDArray[np.float64] | None
) -> Assignment:
    """Pairs of a slot and a zone as arrays by level."""
    depth = int(np.bincount(slot, minlength=1).max())
    level = np.zeros(slot.shape, dtype=np.int64)
    if depth > 1:
        order = np.lexsort((zone, slot))
        slot, zone, share = slot[order], zone[order], None if share is None else share[order]
        begins = np.flatnonzero(np.concatenate([[True], slot[1:] != slot[:-1]]))
        level = np.arange(slot.size) - np.repeat(begins, np.diff(np.append(begins, slot.size)))
    zones = np.zeros((depth, slots), dtype=np.int32)
    zones[level, slot] = zone
    if share is None:
        return Assignment(zones)
    fractions = np.zeros((depth, slots))
    fractions[level, slot] = share
    return Assignment(zones, fractions)
