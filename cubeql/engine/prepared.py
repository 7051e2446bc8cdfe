"""A statement that is prepared: what it will read, and what the engine will be asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cubeql.compiler import CompiledQuery
from cubeql.engine.arrayblocks import row_bytes
from cubeql.engine.meeting import Meeting
from cubeql.engine.scans import ScanWork
from cubeql.engine.shipment import Shipment
from cubeql.plan.nodes import Scan
from cubeql.plan.walking import layers_of
from cubeql.sql.known import NOTHING, Known

if TYPE_CHECKING:
    from cubeql.engine.caches import Caches
    from cubeql.engine.running import Running


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
        caches: of the session; None where what is read is not kept.
    """

    compiled: CompiledQuery
    works: list[ScanWork] = field(default_factory=list)
    shipped: dict[str, Shipment] = field(default_factory=dict)
    tiles: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    known: Known = NOTHING
    apart: CompiledQuery | None = None
    meetings: tuple[Meeting, ...] = ()
    caches: Caches | None = None

    @property
    def query(self) -> CompiledQuery:
        """What the engine is asked."""
        return self.compiled if self.apart is None else self.apart

    def begun(self, running: Running) -> list[ScanWork]:
        """The works of a statement that is to run now: of arrays that stay in memory the scans read these."""
        if self.caches is None or self.meetings:
            return self.works
        scans = {s.name: s for s in self.compiled.statement.scans if isinstance(s, Scan)}
        kept = self._kept()
        found = []
        for work in self.works:
            query, scan = None, scans.get(work.name)
            if scan is not None and work.selection is not None and work.in_place is None and work.paths:
                passes, keys = work.name not in kept, self.caches.keys
                query = self.caches.arrays.query(running.cursor, scan, work.selection, keys, passes, running.check)
            found.append(work if query is None else replace(work, query=query))
        return found

    def _kept(self) -> set[str]:
        """Scans that are to wait in memory for those that they meet: all but the largest of some cells."""
        rows = {w.name: w.tiles_kept or 0 for w in self.works}
        found: set[str] = set()
        for cells in self.compiled.statement.cells:
            scans = [a.scan for a in layers_of(cells)]
            found |= {s.name for s in sorted(scans, key=lambda s: rows.get(s.name, 0) * row_bytes(s))[:-1]}
        return found
