"""Scans of points and zones: which files matter, and the relation that reads them."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.engine.scans import ScanWork, overlaps, time_tests, total
from cubeql.grid.ranges import TileRanges
from cubeql.plan.nodes import RowScan
from cubeql.sql import quote
from cubeql.sql.printer import literal
from cubeql.storage import Snapshot
from cubeql.values.times import TimeRange

_SQL_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "text": "VARCHAR", "boolean": "BOOLEAN",
              "timestamp": "TIMESTAMP"}  # fmt: skip
_OWN_TYPES = {"cell": "BIGINT", "zone": "BIGINT", "time": "TIMESTAMP", "lon": "DOUBLE", "lat": "DOUBLE",
              "geometry": "GEOMETRY"}  # fmt: skip


def provide_rows(
    cursor: duckdb.DuckDBPyConnection, scan: RowScan, snapshot: Snapshot, work: ScanWork, cover: TileRanges | None
) -> None:
    """Make the relation of a scan on a cursor, of the files and rows that can matter.

    Args:
        cursor: where the relation is made.
        scan: the scan.
        snapshot: the layer it reads.
        work: is told what is kept.
        cover: cells of points that can matter, None for all.
    """
    kept = snapshot.files.filter(pa.array(_files(snapshot, scan.times, cover)))
    work.files_kept = kept.num_rows
    work.sizes = dict(zip(kept["path"].to_pylist(), kept["bytes"].to_pylist(), strict=True))
    name, kinds = quote(scan.name), _kinds(scan)
    if not work.paths:
        nothing = ", ".join(f"NULL::{kind} AS {quote(column)}" for column, kind in kinds.items())
        cursor.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {nothing} WHERE FALSE")
        work.tiles_kept = 0
        return
    tests = [*time_tests(scan.times), *_cell_tests(cover)]
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    columns = ", ".join(_read(column, kind) for column, kind in kinds.items())
    listed = ", ".join(literal(p) for p in work.paths)
    source = f"read_parquet([{listed}], hive_partitioning = false)"
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {columns} FROM {source}{where}")  # noqa: S608 - identifiers are quoted, constants are our own
    work.tiles_kept = _count(cursor, name) if tests else total(kept["rows"])


def distinct_cells(cursor: duckdb.DuckDBPyConnection, scan: RowScan) -> NDArray[np.int64]:
    """The cells that points of a scan lie in, sorted."""
    found = cursor.execute(f"SELECT DISTINCT cell FROM {quote(scan.name)} ORDER BY cell").fetchnumpy()  # noqa: S608 - identifiers are quoted, constants are our own
    return np.asarray(found["cell"], np.int64)


def _count(cursor: duckdb.DuckDBPyConnection, name: str) -> int:
    row = cursor.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608 - identifiers are quoted, constants are our own
    assert row is not None
    return int(row[0])


def _files(snapshot: Snapshot, times: TimeRange, cover: TileRanges | None) -> NDArray[np.bool_]:
    """Which files may hold points of these times and in these cells."""
    kept = overlaps(snapshot, times)
    if cover is not None:
        first = np.searchsorted(cover.high, snapshot.bounds("cell_min")[0], "left")
        starts = np.append(cover.low, np.iinfo(np.int64).max)
        kept &= starts[first] <= snapshot.bounds("cell_max")[0]
    return kept


def _cell_tests(cover: TileRanges | None) -> list[str]:
    if cover is None:
        return []
    return [f"cell BETWEEN {cover.low[0]} AND {cover.high[-1]}"] if cover.low.size else ["FALSE"]


def _kinds(scan: RowScan) -> dict[str, str]:
    attributes = {a.name: _SQL_TYPES[a.type] for a in scan.layer.attributes}
    return {c: attributes.get(c) or _OWN_TYPES[c] for c in scan.columns}


def _read(column: str, kind: str) -> str:
    name = quote(column)
    return f"({name} AT TIME ZONE 'UTC') AS {name}" if kind == "TIMESTAMP" else name
