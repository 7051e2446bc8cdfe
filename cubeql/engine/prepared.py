"""A statement that is prepared: what it will read, and what the engine will be asked."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cubeql.compiler import CompiledQuery
from cubeql.engine.meeting import Meeting
from cubeql.engine.scans import ScanWork
from cubeql.engine.shipment import Shipment
from cubeql.sql.known import NOTHING, Known


@dataclass(slots=True)
class Prepared:
    """A statement ready to run, and the work it will be.

    Attributes:
        compiled: the query, what was found out about its tile rows known.
        works: of each scan, in order.
        shipped: what attached servers do, by the name of its relation.
        tiles: in which the cells of a node lie, by its name.
        known: what was found out about tile rows.
        apart: the query that reads what meets range by range, where some of it does.
        meetings: what meets so.
    """

    compiled: CompiledQuery
    works: list[ScanWork] = field(default_factory=list)
    shipped: dict[str, Shipment] = field(default_factory=dict)
    tiles: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    known: Known = NOTHING
    apart: CompiledQuery | None = None
    meetings: tuple[Meeting, ...] = ()

    @property
    def query(self) -> CompiledQuery:
        """What the engine is asked."""
        return self.compiled if self.apart is None else self.apart
