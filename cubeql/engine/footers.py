"""How much a scan will read: row groups and sizes of column chunks, from the footers of the files that are kept."""

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from cubeql.engine.explanation import ToRead
from cubeql.engine.scans import ScanWork
from cubeql.engine.selecting import Integers, Selection
from cubeql.plan.nodes import RowScan, Scan
from cubeql.sql.printer import literal

_SCALARS = ("tile", "time", "footprint__count")


def to_read(cursor: duckdb.DuckDBPyConnection, work: ScanWork, scan: Scan | RowScan) -> ToRead:
    """The row groups that hold rows a scan keeps, and in them the compressed bytes of the columns that it names.

    The engine reads the footers, which it needs for the scan in any case, and remembers them. Of points and zones it is
    the share of the files that their rows make up at most.
    """
    if not work.paths or not work.tiles_kept:
        return ToRead()
    wanted = ", ".join(literal(n) for n in sorted(set(scan.columns) if isinstance(scan, RowScan) else _columns(scan)))
    listed = f"[{', '.join(literal(p) for p in work.paths)}]"
    text = f"""SELECT file_name, row_group_id, any_value(row_group_num_rows) AS n, coalesce(sum(total_compressed_size)
                 FILTER (WHERE part[1] IN ({wanted}) OR array_to_string(part, '.') IN ({wanted})), 0)::BIGINT AS size
               FROM (SELECT *, string_split(path_in_schema, ', ')[:2] AS part FROM parquet_metadata({listed}))
               GROUP BY file_name, row_group_id ORDER BY file_name, row_group_id"""  # noqa: S608 - paths are quoted
    groups = cursor.execute(text).fetchnumpy()
    rows, sizes = np.asarray(groups["n"], np.int64), np.asarray(groups["size"], np.int64)
    if isinstance(scan, RowScan):
        share = min(1.0, work.tiles_kept / rows.sum())
        return ToRead(int(sizes.sum() * share), len(rows), len(rows))
    if work.selection is None or work.selection.is_whole:
        return ToRead(int(sizes.sum()), len(rows), len(rows))
    touched = _touched(cursor, work, work.selection, groups["file_name"].tolist(), rows)
    return ToRead(int(sizes[touched].sum()), int(np.count_nonzero(touched)), len(rows))


def _touched(
    cursor: duckdb.DuckDBPyConnection, work: ScanWork, selection: Selection, files: list[str], rows: Integers
) -> NDArray[np.bool_]:
    """Which row groups, in the order of files by name, hold rows that are kept."""
    kept = selection.rows or selection.read_rows(cursor, timed=False)
    numbers = np.unique(kept.file) if selection.rows is not None else np.arange(len(work.paths))
    first = {name: n for n, name in reversed(list(enumerate(files)))}
    touched = np.zeros(len(files), bool)
    for number, path in zip(numbers.tolist(), work.paths, strict=True):
        begin = first[path]
        ends = np.cumsum(rows[begin : begin + files.count(path)])
        touched[begin + np.unique(np.searchsorted(ends, kept.place[kept.file == number], "right"))] = True
    return touched


def _band_columns(scan: Scan) -> set[str]:
    """Columns of arrays, or of the statistics that are read in their place."""
    overview = scan.overview
    if overview is None:
        return {"valid", *scan.bands}
    if overview.resolution == scan.tile:
        classes = {f"{overview.classes}__classes"} if overview.classes is not None else set()
        return classes | {f"{band}__{what}" for band, what in overview.statistics}
    steps = scan.layer.resolution - overview.resolution
    return {f"{band}__l{steps}.{what}" for band, what in overview.statistics}


def _columns(scan: Scan) -> set[str]:
    return {*_SCALARS, *(d.name for d in scan.layer.dimensions), *_band_columns(scan)}
