"""Marks among the rows of a scan, by which a running statement tells how far it is.

A statement that is to tell lets some of the rows of its scans, the marks, pass a function that counts them.
"""

from __future__ import annotations

import itertools
import math
import threading
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

import duckdb
from duckdb.sqltypes import BIGINT, BOOLEAN

from cubeql.plan.nodes import Scan
from cubeql.values.cells import MAX_RESOLUTION


def shift(scan: Scan) -> int:
    """By how many bits a tile is moved so that its last digit stands last."""
    return 3 * (MAX_RESOLUTION - scan.tile)


@dataclass(slots=True, weakref_slot=True)
class Marks:
    """The marks of one scan, and how many were met.

    Attributes:
        rows: that the scan reads.
        total: how many of them are marks.
        in_hand: how many of these a thread of the engine may have in hand at once.
        earlier: how many are met by what reads no arrays.
        number: by which the engine knows them.
        condition: what counts them and lets every row pass.
        met: by thread.
    """

    rows: int
    total: int
    in_hand: int
    earlier: int
    number: int = 0
    condition: str = "TRUE"
    met: dict[int, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Rows that are done with."""
        met = sum(max(0, n - self.in_hand) for n in self.met.copy().values()) - self.earlier
        return self.rows * max(0, min(met, self.total)) // self.total

    def set_out(self, scan: Scan, every: int) -> None:
        """Have the rows counted whose tile has a place that ``every`` divides."""
        self.number = next(_NUMBERS)
        _AT_WORK[self.number] = self
        is_mark, count = f"(tile >> {shift(scan)}) % {every}::BIGINT = 0", f"cubeql_count({self.number}::BIGINT, tile)"
        self.condition = f"CASE WHEN {is_mark} THEN {count} ELSE TRUE END"


_NUMBERS = itertools.count(1)
_AT_WORK: WeakValueDictionary[int, Marks] = WeakValueDictionary()


def provide_marks(database: duckdb.DuckDBPyConnection) -> None:
    """Give a database the function that :func:`condition` names."""

    def count(number: int, tile: int) -> bool:
        marks, thread = _AT_WORK.get(number), threading.get_ident()
        if marks is not None:
            marks.met[thread] = marks.met.get(thread, 0) + 1
        return True

    database.create_function("cubeql_count", count, [BIGINT, BIGINT], BOOLEAN, side_effects=True)


def in_hand(rows: int, every: int) -> int:
    """Marks among so many rows, where one in ``every`` is one; at least one."""
    return max(1, math.ceil(rows / every))
