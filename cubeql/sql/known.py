"""What the engine has found out about the tile rows of a statement, so that its SQL can do without testing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ListedSlots = Mapping[int, tuple[int, ...]]
"""Slots by tile, from 1."""


@dataclass(frozen=True, slots=True)
class Known:
    """Facts by name of scan.

    Attributes:
        at_most: how many rows of a joined layer may meet a row of the driver at a cell, where that was counted.
        witness: a band that is valid at exactly the cells that have a row.
        whole: scans of which every slot of every tile row has a row.
        listed: of regions of few cells, the slots of these.
        empty: scans of summaries that have no row.
        values: the few values of a key that is asked by number, of the layer's scan.
    """

    at_most: Mapping[str, int] = field(default_factory=dict)
    witness: Mapping[str, str] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    listed: Mapping[str, ListedSlots] = field(default_factory=dict)
    empty: frozenset[str] = frozenset()
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


NOTHING = Known()
