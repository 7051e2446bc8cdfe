"""Reading points and zones as Arrow tables: for what works on whole rows; queries read the files themselves."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.dataset as ds

from cubeql.catalog import Layer
from cubeql.errors import StoreError
from cubeql.storage.rowcolumns import row_schema, row_shape


def read_rows(layer: Layer, paths: Iterable[str], columns: Iterable[str] | None = None) -> pa.Table:
    """The rows of files of a layer, ordered by (cell, time) or by zone.

    Args:
        layer: its record.
        paths: the files.
        columns: only these columns, in this order.

    Raises:
        StoreError: a file is missing or damaged.
    """
    schema = row_schema(layer)
    wanted = list(columns) if columns is not None else schema.names
    keys = row_shape(layer).sorted_by
    listed = list(paths)
    if not listed:
        return schema.empty_table().select(wanted)
    try:
        rows = ds.dataset(listed, schema=schema, format="parquet").to_table(list(dict.fromkeys([*wanted, *keys])))
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"layer {layer.name}: a file cannot be read: {error}") from error
    return rows.sort_by([(k, "ascending") for k in keys]).select(wanted).combine_chunks()
