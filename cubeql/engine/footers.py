"""How many bytes a scan will read: sizes of column chunks, from the footers of the files that are kept."""

from __future__ import annotations

import pyarrow.parquet as pq

from cubeql.engine.scans import ScanWork
from cubeql.plan.nodes import RowScan, Scan

_SCALARS = ("tile", "time", "footprint__count")


def bytes_to_read(work: ScanWork, scan: Scan | RowScan) -> int:
    """Compressed bytes of the columns a scan names, in the share of row groups that its kept rows make up at most."""
    wanted = set(scan.columns) if isinstance(scan, RowScan) else _tile_columns(scan)
    total = rows = 0
    for path in work.paths:
        footer = pq.read_metadata(path)
        rows += footer.num_rows
        total += _chunks(footer, wanted)
    kept = work.tiles_kept or 0
    return int(total * min(1.0, kept / rows)) if rows else 0


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


def _chunks(footer: pq.FileMetaData, wanted: set[str]) -> int:
    total = 0
    for group in range(footer.num_row_groups):
        row_group = footer.row_group(group)
        for column in range(row_group.num_columns):
            chunk = row_group.column(column)
            top, _, inner = chunk.path_in_schema.partition(".")
            if top in wanted or f"{top}.{inner.partition('.')[0]}" in wanted:
                total += chunk.total_compressed_size
    return total
