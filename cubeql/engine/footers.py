"""How many bytes a scan will read: sizes of column chunks, from the footers of the files that are kept."""

from __future__ import annotations

import duckdb

from cubeql.engine.scans import ScanWork
from cubeql.plan.nodes import RowScan, Scan
from cubeql.sql.printer import literal

_SCALARS = ("tile", "time", "footprint__count")


def bytes_to_read(cursor: duckdb.DuckDBPyConnection, work: ScanWork, scan: Scan | RowScan) -> int:
    """Compressed bytes of the columns a scan names, in the share of row groups that its kept rows make up at most.

    The engine reads the footers, which it needs for the scan in any case, and remembers them.
    """
    if not work.paths:
        return 0
    listed = f"[{', '.join(literal(p) for p in work.paths)}]"
    wanted = set(scan.columns) if isinstance(scan, RowScan) else _tile_columns(scan)
    counted = f"SELECT sum(num_rows) FROM parquet_file_metadata({listed})"  # noqa: S608 - paths are quoted
    sized = f"""SELECT string_split(path_in_schema, ', ')[:2] AS part, sum(total_compressed_size)
                FROM parquet_metadata({listed}) GROUP BY part"""  # noqa: S608 - paths are quoted
    ((rows,),) = cursor.execute(counted).fetchall()
    parts = cursor.execute(sized).fetchall()
    total = sum(int(size) for part, size in parts if part[0] in wanted or ".".join(part) in wanted)
    return int(total * min(1.0, (work.tiles_kept or 0) / rows)) if rows else 0


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


def _tile_columns(scan: Scan) -> set[str]:
    return {*_SCALARS, *(d.name for d in scan.layer.dimensions), *_band_columns(scan)}
