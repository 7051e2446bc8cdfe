"""JSON (one array) and JSON lines (one object a line)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cubeql.formats.rows import Rows, Target
from cubeql.formats.values import json_values


def write_jsonl(rows: Rows, target: Target) -> int:
    """An object a line."""
    count = 0
    for lines in _objects(rows):
        target.write("".join(f"{line}\n" for line in lines))
        count += len(lines)
    return count


def write_json(rows: Rows, target: Target) -> int:
    """One array of objects, an object a line."""
    count = 0
    for lines in _objects(rows):
        target.write("".join(f"{',' if count + i else '['}\n{line}" for i, line in enumerate(lines)))
        count += len(lines)
    target.write("\n]\n" if count else "[]\n")
    return count


def _objects(rows: Rows) -> Iterator[list[str]]:
    encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
    keys = [encoder.encode(name) for name in rows.schema.names]
    for batch in rows.batches:
        columns = [json_values(c, f) for c, f in zip(batch.columns, rows.schema)]
        encoded = [[encoder.encode(v) for v in column] for column in columns]
        yield ["{" + ", ".join(f"{k}: {v}" for k, v in zip(keys, row)) + "}" for row in zip(*encoded)]
