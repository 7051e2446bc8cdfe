"""Parquet and Arrow: the columns as they are, schema metadata included; Parquet with geometries is GeoParquet."""

from __future__ import annotations

import pyarrow as pa

from cubeql.formats.places import geoparquet
from cubeql.formats.rows import Rows, Target

_ROW_GROUP = 122_880


def write_parquet(rows: Rows, target: Target) -> int:
    """A Parquet file; small batches are gathered into row groups."""
    import pyarrow.parquet as pq

    schema = rows.schema.with_metadata({**(rows.schema.metadata or {}), **geoparquet(rows.schema)})
    count, waiting = 0, list[pa.RecordBatch]()
    with pq.ParquetWriter(target.binary, schema, compression="zstd") as writer:
        for batch in rows.batches:
            count += batch.num_rows
            waiting.append(batch)
            if sum(b.num_rows for b in waiting) >= _ROW_GROUP:
                writer.write_table(pa.Table.from_batches(waiting, rows.schema).replace_schema_metadata(schema.metadata))
                waiting = []
        if any(b.num_rows for b in waiting):
            writer.write_table(pa.Table.from_batches(waiting, rows.schema).replace_schema_metadata(schema.metadata))
    return count


def write_arrow_stream(rows: Rows, target: Target) -> int:
    """The Arrow IPC stream format."""
    with pa.ipc.new_stream(target.binary, rows.schema) as writer:
        return _write_batches(rows, writer)


def write_arrow_file(rows: Rows, target: Target) -> int:
    """The Arrow IPC file format, which readers may map into memory."""
    with pa.ipc.new_file(target.binary, rows.schema) as writer:
        return _write_batches(rows, writer)


def _write_batches(rows: Rows, writer: pa.ipc.RecordBatchStreamWriter) -> int:
    count = 0
    for batch in rows.batches:
        writer.write_batch(batch)
        count += batch.num_rows
    return count
