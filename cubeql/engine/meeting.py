"""Tile rows that meet range by range: a relation whose rows are asked for while the statement that reads it runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa

from cubeql.compiler import CompiledQuery
from cubeql.engine.ranges import Ranges, ranges_of
from cubeql.engine.running import Running
from cubeql.engine.scancolumns import columns_of
from cubeql.engine.scans import ScanWork, files_between, tile_tests, with_scans
from cubeql.plan.nodes import Cells, Scan
from cubeql.plan.walking import layers_of
from cubeql.sql import bound_values, print_query
from cubeql.sql.apart import Apart, apart, tables, within

if TYPE_CHECKING:
    from cubeql.engine.prepared import Prepared

_BATCH_BYTES = 4 * 2**20
_MOST_ROWS = 2048


@dataclass(slots=True)
class Meeting:
    """What one node of cells reads, range by range.

    Attributes:
        cells: the node.
        ranges: in which its tiles meet.
        parts: the statement in two.
        works: of the scans that are read, by name.
        values: that are bound.
        running: the statement.
        conditions: what rows of scans fulfil beside, by the scan's name; it counts marks.
        met: how many rows came of each range.
        schema: of the rows.
    """

    cells: Cells
    ranges: Ranges
    parts: Apart
    works: dict[str, ScanWork]
    values: dict[str, Any] | None
    running: Running
    conditions: dict[str, str] = field(default_factory=dict)
    met: list[int] = field(default_factory=list)
    schema: pa.Schema | None = None

    def prepare(self) -> bool:
        """Make the relation; tells whether Arrow can hold its rows."""
        with self.running.connections.another() as cursor:
            text = f"FROM ({self._text(cursor, 0)}) LIMIT 0"
            self.schema = cursor.execute(text, self.values).to_arrow_table().schema
        if any(pa.types.is_dictionary(f.type.value_type) for f in self.schema if pa.types.is_list(f.type)):
            return False
        self.running.cursor.register(self.parts.name, self)
        return True

    def _text(self, cursor: duckdb.DuckDBPyConnection, number: int) -> str:
        """The query of a range; what it reads is made on a connection."""
        scans = {a.scan.name: a.scan for a in layers_of(self.cells)}
        works, held = [], {}
        for name in tables(self.parts.rows):
            scan = scans.get(name)
            low, high = self.ranges.ends(number, self.cells.tile if scan is None else scan.tile)
            if scan is not None and name in self.works:
                works.append(_part(cursor, scan, self.works[name], low, high))
            else:
                held[name] = low, high
        return with_scans(print_query(within(self.parts.rows, held)), works, self.conditions)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        rows = max(1, min(_MOST_ROWS, _BATCH_BYTES // max(1, self.ranges.row_bytes)))
        self.met = [0] * len(self.ranges.first)
        with self.running.connections.another() as cursor:
            for number in range(len(self.ranges.first)):
                self.running.check()
                reader = cursor.execute(self._text(cursor, number), self.values).to_arrow_reader(rows)
                for batch in reader:
                    self.running.check()
                    self.met[number] += batch.num_rows
                    yield batch

    def _guarded(self) -> Iterator[pa.RecordBatch]:
        """The rows for the engine, which keeps of an error nothing but words."""
        try:
            yield from self._batches()
        except Exception as error:
            self.running.breaks(error)
            raise

    def __arrow_c_schema__(self) -> Any:
        """The schema as the engine sees it."""
        assert self.schema is not None
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows, from the first range on."""
        reader = pa.RecordBatchReader.from_batches(self.schema, self._guarded())
        return reader.__arrow_c_stream__(requested_schema)


def _part(cursor: duckdb.DuckDBPyConnection, scan: Scan, work: ScanWork, low: int, high: int) -> ScanWork:
    """The work of a scan in a range of its tiles."""
    whole = work.selection
    assert whole is not None
    tiles = work.tiles[np.searchsorted(work.tiles, low) : np.searchsorted(work.tiles, high, "right")]
    between = f"tile BETWEEN {low} AND {high}"
    if not len(tiles) or not work.paths:
        return replace(work, query=f"SELECT * FROM ({work.query}) WHERE FALSE")  # noqa: S608 - of our own making
    if whole.rows is not None:
        rows = whole.rows.where((whole.rows.tile >= low) & (whole.rows.tile <= high))
        kept = np.isin(np.unique(whole.rows.file), rows.file)
        part = replace(whole, files=whole.files[kept], rows=rows)
    else:
        files = whole.files[files_between(whole.snapshot, tiles, tiles)[whole.files]]
        tests = [between] if whole.within is None else tile_tests(cursor, scan.name, tiles)
        part = replace(whole, files=files, tiles=tuple(tests))
    columns = ", ".join((*columns_of(scan), *part.flagged))
    return replace(work, query=" UNION ALL ".join(part.queries(columns)))


def with_meetings(prepared: Prepared, running: Running) -> Prepared:
    """A prepared statement, what meets in it cut into ranges where its arrays do not fit in memory."""
    nodes = [c for c in prepared.compiled.statement.cells if c.joins]
    cuts = [(c, r) for c in nodes if (r := _ranges(c, prepared, running, len(nodes))) is not None]
    if not cuts:
        return prepared
    # Arrow and the engine do not agree on lists of the numbers that stand for values of a key.
    whole = query = prepared.compiled.knowing(replace(prepared.known, values={}))
    meetings = []
    for cells, ranges in cuts:
        found = _meeting(cells, ranges, query, prepared, running)
        if found is not None and found.prepare():
            meetings.append(found)
            query = replace(query, statement=replace(query.statement, query=found.parts.rest))
    return prepared if query is whole else replace(prepared, apart=query, meetings=tuple(meetings))


def _ranges(cells: Cells, prepared: Prepared, running: Running, parts: int) -> Ranges | None:
    """The ranges in which cells are to be read; None where they fit, or where a layer is frozen."""
    tiles, works = prepared.tiles.get(cells.name), {w.name: w for w in prepared.works}
    if tiles is None or any(a.scan.frozen is not None or a.scan.name not in works for a in layers_of(cells)):
        return None
    return ranges_of(cells, tiles, works, prepared.known.at_most, running.cursor, parts)


def _meeting(
    cells: Cells, ranges: Ranges, query: CompiledQuery, prepared: Prepared, running: Running
) -> Meeting | None:
    """What cells read range by range; None where they read what only the statement itself can."""
    found = apart(query.statement.query, cells.name)
    names = {a.scan.name for a in layers_of(cells)}
    read = {w.name: w for w in prepared.works if w.name in names and w.query}
    if found is None or not tables(found.rows) <= read.keys() | running.connections.relations.keys():
        return None
    return Meeting(cells, ranges, found, read, bound_values(found.rows, query.statement.values.bound), running)
