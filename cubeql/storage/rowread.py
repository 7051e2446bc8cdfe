"""Reading points and zones as Arrow tables: for what works on whole rows; queries read the files themselves."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from cubeql.catalog import Layer
from cubeql.errors import StoreError
from cubeql.storage.rowcolumns import row_schema, row_shape
from cubeql.storage.tablefiles import TableFiles


def read_rows(layer: Layer, table: TableFiles, names: Iterable[str], columns: Iterable[str] | None = None) -> pa.Table:
    """The rows of files of a layer, ordered by (cell, time) or by zone.

    Args:
        layer: its record.
        table: its files.
        names: of those to read.
        columns: only these columns, in this order.

    Raises:
        StoreError: a file is missing or damaged.
    """
    schema = row_schema(layer)
    wanted = list(columns) if columns is not None else schema.names
    keys = row_shape(layer).sorted_by
    read = list(dict.fromkeys([*wanted, *keys]))
    parts = [schema.empty_table().select(read)]
    for name in names:
        try:
            with table.open(name) as file:
                parts.append(pq.read_table(file, columns=read, schema=schema))
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"layer {layer.name}: {table.uri(name)} cannot be read: {error}") from error
    rows = pa.concat_tables(parts)
    return rows.sort_by([(k, "ascending") for k in keys]).select(wanted).combine_chunks()
