"""Arrow columns as exact texts and as plain Python values for JSON.

Cells are 15 hexadecimal digits, instants ISO 8601 with ``Z``, floats the shortest text that reads back to the
same value, geometries WKT; NULL stays NULL. Work is done a column at a time.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pyarrow as pa

_TYPE = b"cubeql.type"
_UNIT = b"unit"
_CLASSES = b"cubeql.classes"
_DAY = 86_400_000_000
_FEW = 1_000
"""Of so many values Python makes the texts: that takes less than to load pyarrow.compute, which makes those of more."""
_MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}


def is_cell(field: pa.Field) -> bool:
    """Whether a column holds cells."""
    return (field.metadata or {}).get(_TYPE) == b"cell" and pa.types.is_integer(field.type)


def is_geometry(field: pa.Field) -> bool:
    """Whether a column holds geometries, as WKB."""
    return (field.metadata or {}).get(_TYPE) == b"geometry" and pa.types.is_binary(field.type)


def cell_column(schema: pa.Schema) -> int | None:
    """Number of the first column that holds cells."""
    return next((number for number, field in enumerate(schema) if is_cell(field)), None)


def unit_of(field: pa.Field) -> str | None:
    """The unit to show with a column's name; None where there is none or the column counts."""
    unit = (field.metadata or {}).get(_UNIT, b"").decode()
    return unit if unit not in ("", "1") else None


def classes_of(field: pa.Field) -> dict[str, str]:
    """Class names by code, both as texts; empty for a column that holds no class codes."""
    pairs = (field.metadata or {}).get(_CLASSES, b"").decode().split("|")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def is_number(field: pa.Field) -> bool:
    """Whether a column holds numbers to be read as numbers."""
    kind = field.type
    return not is_cell(field) and (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def exact_texts(column: pa.Array, field: pa.Field) -> pa.Array:
    """A column as a string array, NULL where it is NULL."""
    kind = field.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if is_cell(field):
        return _hexadecimal(column)
    if pa.types.is_timestamp(kind):
        return pa.array(_instants(column), pa.string()) if len(column) <= _FEW else _distinct(column, _instants)
    if pa.types.is_duration(kind) or pa.types.is_interval(kind):
        return _distinct(column, _intervals)
    if pa.types.is_nested(kind):
        texts = [None if v is None else json.dumps(v, ensure_ascii=False) for v in json_values(column, field)]
        return pa.array(texts, pa.string())
    if is_geometry(field):
        return _well_known_text(column)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.array([None if v is None else v.hex() for v in column.to_pylist()], pa.string())
    if len(column) <= _FEW and (pa.types.is_integer(kind) or kind == pa.float64()):
        values = column.to_pylist()
        if all(v is None or isinstance(v, int) or v == 0 or 1e-4 <= abs(v) < 1e15 for v in values):  # else 1e+16
            return pa.array([None if v is None else repr(v).removesuffix(".0") for v in values], pa.string())
    return column if pa.types.is_string(kind) else column.cast(pa.string())


def json_values(column: pa.Array, field: pa.Field) -> list[Any]:
    """A column as values that ``json`` writes exactly; what is no finite number becomes a text."""
    kind = field.type
    if pa.types.is_floating(kind):
        return [_json_float(v) for v in _doubles(column).to_pylist()]
    if pa.types.is_decimal(kind):
        return [v if v is None else (int(v) if kind.scale <= 0 else float(v)) for v in column.to_pylist()]
    if is_number(field) or pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return list(column.to_pylist())
    if pa.types.is_struct(kind):
        return _objects(column)
    if pa.types.is_map(kind):
        return [None if v is None else [list(pair) for pair in v] for v in column.to_pylist()]
    if pa.types.is_nested(kind):
        return _lists(column, field)
    return list(exact_texts(column, field).to_pylist())


def _hexadecimal(column: pa.Array) -> pa.Array:
    filled = (column.fill_null(0) if column.null_count else column).to_numpy(zero_copy_only=False)
    digits = np.frombuffer(filled.astype(">u8").tobytes().hex().encode(), "S1").reshape(-1, 16)[:, 1:]
    offsets = np.arange(0, 15 * (len(column) + 1), 15, dtype=np.int32)
    buffers = (pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(digits)))
    texts = pa.StringArray.from_buffers(len(column), *buffers)
    if not column.null_count:
        return texts
    import pyarrow.compute as pc  # takes long to load, and is seldom needed

    return pc.if_else(column.is_valid(), texts, None)


def _well_known_text(column: pa.Array) -> pa.Array:
    import shapely

    shapes = shapely.from_wkb(np.array(column.to_pylist(), dtype=object))
    return pa.array(shapely.to_wkt(shapes, rounding_precision=-1).tolist(), pa.string())


def _distinct(column: pa.Array, texts_of: Any) -> pa.Array:
    """Make the text of each distinct value once: a million rows often hold a dozen instants."""
    encoded = column.dictionary_encode()
    return pa.array(texts_of(encoded.dictionary), pa.string()).take(encoded.indices)


def _instants(values: pa.Array) -> list[str | None]:
    whole = np.datetime_as_string(values.to_numpy(zero_copy_only=False))
    return [None if t == "NaT" else (t.rstrip("0").rstrip(".") if "." in t else t) + "Z" for t in whole.tolist()]


def _intervals(values: pa.Array) -> list[str]:
    if pa.types.is_duration(values.type):
        factor = _MICROSECONDS.get(values.type.unit, 1)
        counts = values.cast(pa.int64()).to_pylist()
        if values.type.unit == "ns":
            counts = [c // 1_000 for c in counts]
        return [_elapsed(c * factor) for c in counts]
    if values.type.id == pa.month_day_nano_interval().id:
        return [iso_duration(v.months, v.days, v.nanoseconds // 1_000) for v in values.to_pylist()]
    return [str(v) for v in values.to_pylist()]


def _elapsed(microseconds: int) -> str:
    days, rest = divmod(abs(microseconds), _DAY)  # a day of UTC is always 24 hours
    return iso_duration(0, days, rest) if microseconds >= 0 else iso_duration(0, -days, -rest)


def iso_duration(months: int, days: int, microseconds: int) -> str:
    """An interval as ISO 8601 writes it: ``P1Y2M``, ``P14D``, ``PT6H``; each part has its own sign."""
    date = _parts(months, ((12, "Y"), (1, "M"))) + _parts(days, ((1, "D"),))
    clock = _parts(microseconds, ((3_600_000_000, "H"), (60_000_000, "M")))
    rest = (abs(microseconds) % 60_000_000) / 1e6 * (1 if microseconds >= 0 else -1)
    clock += f"{rest:.6f}".rstrip("0").rstrip(".") + "S" if rest else ""
    return f"P{date}{'T' + clock if clock else ''}" if date or clock else "PT0S"


def _parts(amount: int, units: tuple[tuple[int, str], ...]) -> str:
    sign, rest, text = "-" if amount < 0 else "", abs(amount), ""
    for size, letter in units:
        count, rest = divmod(rest, size)
        text += f"{sign}{count}{letter}" if count else ""
    return text


def _doubles(column: pa.Array) -> pa.Array:
    """Doubles that print as the floats did: float32 0.1 must not become 0.10000000149011612."""
    if column.type == pa.float64():
        return column
    return column.cast(pa.string()).cast(pa.float64())


def _json_float(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _objects(column: pa.Array) -> list[Any]:
    names = [f.name for f in column.type]
    parts = [json_values(part, f) for part, f in zip(column.flatten(), column.type)]
    rows = zip(*parts) if parts else iter([()] * len(column))
    return [dict(zip(names, row)) if ok else None for row, ok in zip(rows, column.is_valid().to_pylist())]


def _lists(column: pa.Array, field: pa.Field) -> list[Any]:
    import pyarrow.compute as pc  # takes long to load, and is seldom needed

    inner = field.type.value_field
    if is_cell(pa.field("", inner.type, metadata=field.metadata)):  # a list of cells carries it on the outside
        inner = inner.with_metadata(field.metadata)
    values = json_values(column.flatten(), inner)
    found: list[Any] = []
    start = 0
    for length in pc.list_value_length(column).to_pylist():
        found.append(None if length is None else values[start : start + length])
        start += length or 0
    return found
