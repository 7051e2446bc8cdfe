"""CSV and TSV: a header, a line a row; NULL is empty, an empty text is ``""``."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from cubeql.formats.rows import Rows, Target
from cubeql.formats.values import exact_texts


def write_csv(rows: Rows, target: Target) -> int:
    """Comma-separated values (RFC 4180, lines end with a line feed)."""
    return _write(rows, target, ",")


def write_tsv(rows: Rows, target: Target) -> int:
    """Tab-separated values, quoted like CSV where a text holds a tab, a quote or a line break."""
    return _write(rows, target, "\t")


def _write(rows: Rows, target: Target, delimiter: str) -> int:
    special = f'["\\r\\n{re.escape(delimiter)}]'
    header = _quoted(pa.array(rows.schema.names, pa.string()), special)
    target.write(delimiter.join(header.to_pylist()) + "\n")
    count = 0
    for batch in rows.batches:
        columns = [_column(c, f, special) for c, f in zip(batch.columns, rows.schema)]
        if batch.num_rows and columns:
            target.write(_lines(columns, delimiter) + "\n")
        count += batch.num_rows
    return count


def _column(column: pa.Array, field: pa.Field, special: str) -> pa.Array:
    texts = exact_texts(column, field)
    kind = field.type
    if (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_nested(kind)
        or pa.types.is_dictionary(kind)
        or pa.types.is_binary(kind)
    ):
        return _quoted(texts, special)
    return texts


def _quoted(texts: pa.Array, special: str) -> pa.Array:
    texts = texts.cast(pa.string())
    needed = pc.or_(pc.match_substring_regex(texts, special), pc.equal(pc.binary_length(texts), 0))
    if not pc.any(needed).as_py():
        return texts
    doubled = pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
    return pc.if_else(needed, doubled, texts)


def _lines(columns: list[pa.Array], delimiter: str) -> str:
    lines = pc.binary_join_element_wise(*columns, delimiter, null_handling="replace", null_replacement="")
    # A lone NULL would be an empty line, which readers skip.
    if len(columns) == 1:
        lines = pc.if_else(pc.equal(lines, ""), '""' if columns[0].null_count == 0 else "", lines)
    return str(pc.binary_join(pa.LargeListArray.from_arrays([0, len(lines)], lines), "\n")[0].as_py())
