"""The files of a layer as planning sees them: one row a file, with what it can be pruned by."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cubeql.catalog import Layer
from cubeql.storage.columns import DIMENSION_TYPES, STORAGE_TYPES, TIMESTAMP
from cubeql.storage.rowcolumns import BOUNDS


def file_table(layer: Layer, files: pa.Table, place: str) -> pa.Table:
    """A table format's file table under the names planning uses; ``place`` is the table's address.

    Columns: ``path`` (text DuckDB reads), ``rows``, ``bytes`` (int64), ``tile_min``, ``tile_max`` (int64),
    ``time_min``, ``time_max`` (timestamp us UTC, NULL in a static layer), ``<dimension>__min``,
    ``<dimension>__max`` in their type, ``<band>__min``, ``<band>__max`` in storage type, ``<band>__nulls``
    (int64: rows without any valid value in the band). A bound that is NULL is unknown and excludes nothing,
    unless ``<band>__nulls`` equals ``rows``. ``lacks`` names the bands, with commas, that the layer had not yet when
    the file was written: nothing is valid in them.

    Points have ``cell_min``, ``cell_max``, zones ``xmin``, ``ymin``, ``xmax``, ``ymax`` (of all zones of the file).
    """
    count = files.num_rows
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        "path": _below(place, files["path"].to_pylist()),
        "rows": _column(files, "num_records", pa.int64(), count),
        "bytes": _column(files, "size_bytes", pa.int64(), count),
        "tile_min": _column(files, "min.tile", pa.int64(), count),
        "tile_max": _column(files, "max.tile", pa.int64(), count),
        "time_min": _column(files, "min.time", TIMESTAMP, count),
        "time_max": _column(files, "max.time", TIMESTAMP, count),
    }
    told = any(name.startswith("null_count.") for name in files.column_names)
    lacking: list[tuple[str, pa.ChunkedArray]] = []
    for dimension in layer.dimensions:
        kind = DIMENSION_TYPES[dimension.type]
        columns[f"{dimension.name}__min"] = _column(files, f"min.{dimension.name}", kind, count)
        columns[f"{dimension.name}__max"] = _column(files, f"max.{dimension.name}", kind, count)
    for band in layer.bands:
        kind = STORAGE_TYPES[band.storage]
        columns[f"{band.name}__min"] = _column(files, f"min.{band.name}__min", kind, count)
        columns[f"{band.name}__max"] = _column(files, f"max.{band.name}__max", kind, count)
        nulls = _column(files, f"null_count.{band.name}__min", pa.int64(), count)
        # Of a column that a file has its writer always tells the NULLs; of rasters in place nothing is told.
        if told and nulls.null_count:
            lacking.append((band.name, nulls.is_null()))
            import pyarrow.compute as pc  # takes long to load, and is seldom needed

            nulls = pc.coalesce(nulls, columns["rows"])
        columns[f"{band.name}__nulls"] = nulls
    if layer.kind == "grid":
        columns["lacks"] = _lacks(lacking, count)
    if layer.kind == "points":
        columns["cell_min"] = _column(files, "min.cell", pa.int64(), count)
        columns["cell_max"] = _column(files, "max.cell", pa.int64(), count)
    if layer.kind == "zones":
        for name in BOUNDS:
            columns[name] = _column(files, f"{name[1:]}.{name}", pa.float64(), count)
    return pa.table(columns)


def _lacks(lacking: list[tuple[str, pa.ChunkedArray]], count: int) -> pa.Array:
    masks = [(name, mask.to_pylist()) for name, mask in lacking]
    if not masks:  # as in _below: no arrays of Python's values where nothing calls for them
        return pa.StringArray.from_buffers(count, pa.py_buffer(np.zeros(count + 1, np.int32)), pa.py_buffer(b""))
    return pa.array([",".join(name for name, mask in masks if mask[i]) for i in range(count)], pa.string())


def _column(files: pa.Table, name: str, kind: pa.DataType, count: int) -> pa.Array | pa.ChunkedArray:
    if name not in files.column_names:
        return pa.nulls(count, kind)
    column = files[name]
    return column if column.type == kind else column.cast(kind)


def _below(place: str, paths: list[str]) -> pa.Array:
    """The paths below a place; ``pa.array`` would look for pandas first, which costs 0.2 s if it is there."""
    texts = [f"{place}/{path}".encode() for path in paths]
    ends = np.append(0, np.cumsum([len(text) for text in texts])).astype(np.int32)
    return pa.StringArray.from_buffers(len(paths), pa.py_buffer(ends), pa.py_buffer(b"".join(texts)))
