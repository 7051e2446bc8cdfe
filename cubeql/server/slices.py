"""Record batches cut to messages that clients take, without copies."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa


def slices(batch: pa.RecordBatch, most_bytes: int) -> Iterator[tuple[pa.RecordBatch, int]]:
    """A batch in pieces of about so many bytes, each with its bytes; a single row is never cut.

    Rows may be of very different sizes: a piece that is still much too large is cut again.
    """
    size = batch.nbytes
    if size * 4 <= most_bytes * 5 or batch.num_rows <= 1:
        if batch.num_rows:
            yield batch, size
        return
    step = max(1, batch.num_rows * most_bytes // size)
    if step >= batch.num_rows:
        step = (batch.num_rows + 1) // 2
    for start in range(0, batch.num_rows, step):
        yield from slices(batch.slice(start, step), most_bytes)


def has_dictionary(kind: pa.DataType) -> bool:
    """Whether values of a type are written by numbers of a dictionary, at any depth."""
    if pa.types.is_dictionary(kind):
        return True
    return any(has_dictionary(kind.field(n).type) for n in range(kind.num_fields))
