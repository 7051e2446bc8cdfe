"""Arrow out: cells as UINT64, times as UTC timestamps, and what is known of each column as metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from cubeql.analyze.bound import OutputColumn
from cubeql.catalog import Attribute, Band, Layer
from cubeql.values.types import Type

_GEOMETRY = {
    b"ARROW:extension:name": b"geoarrow.wkb",
    b"ARROW:extension:metadata": b'{"crs": "OGC:CRS84", "crs_type": "authority_code"}',
}
UTC_TIMESTAMP = pa.timestamp("us", tz="UTC")
_SAME_BITS = {(pa.int64(), pa.uint64()), (pa.timestamp("us"), UTC_TIMESTAMP)}
"""What the engine gives, and what a result calls it: a cast would copy, and take a tenth of what a stream takes."""


def result_schema(
    columns: tuple[OutputColumn, ...], given: pa.Schema, metadata: dict[str, str], layers: Mapping[str, Layer]
) -> pa.Schema:
    """The schema of a result: the engine's, with CubeQL's types and what is told of the columns and their layers."""
    fields = [
        pa.field(c.name, _arrow_type(c.type, g.type), metadata=_metadata(c.type) | _told(c, layers))
        for c, g in zip(columns, given, strict=True)
    ]
    return pa.schema(fields, {k.encode(): v.encode() for k, v in metadata.items()})


def _arrow_type(kind: Type, given: pa.DataType) -> pa.DataType:
    if kind.name == "cell":
        return pa.uint64()
    if pa.types.is_timestamp(given):
        return UTC_TIMESTAMP
    if pa.types.is_list(given) and kind.element is not None:
        inner = _arrow_type(kind.element, given.value_type)
        return pa.list_(pa.field("item", inner, metadata=_metadata(kind.element)), kind.length or -1)
    return given


def _metadata(kind: Type) -> dict[bytes, bytes]:
    found = {b"cubeql.type": kind.name.encode()}
    if kind.length is not None and kind.element is not None:
        found = _metadata(kind.element) | found
    if kind.unit is not None:
        found[b"unit"] = kind.unit.encode()
    if kind.resolution is not None:
        found[b"cubeql.resolution"] = str(kind.resolution).encode()
    if kind.name == "geometry":
        found |= _GEOMETRY
    if kind.classes:
        found[b"cubeql.classes"] = "|".join(f"{code}={name}" for code, name in kind.classes).encode()
    return found


def _told(column: OutputColumn, layers: Mapping[str, Layer]) -> dict[bytes, bytes]:
    """What is told of the band or attribute whose values a column has; of means and such of them how they are drawn."""
    source = _source(column, column.drawn_as, layers)
    found = _look(source) if isinstance(source, Band) else {}
    source = _source(column, column.origin, layers)
    if source is not None and column.origin is not None:
        layer = layers[column.origin[0]]
        found |= {
            "source": f"{layer.name}.{source.name}", "long_name": source.long_name,
            "standard_name": source.standard_name,
        }  # fmt: skip
    return {f"cubeql.{name}".encode(): text.encode() for name, text in found.items() if text}


def _source(
    column: OutputColumn, origin: tuple[str, str] | None, layers: Mapping[str, Layer]
) -> Band | Attribute | None:
    layer = layers.get(origin[0]) if origin is not None else None
    if layer is None or origin is None:
        return None
    source = layer.band(origin[1]) or layer.attribute(origin[1])
    return source if source is not None and source.unit == column.type.unit else None


def _look(band: Band) -> dict[str, str | None]:
    """How its makers want a band seen."""
    return {
        "colours": "|".join(f"{code}={text}" for code, text in band.colours), "ramp": band.ramp,
        "display_range": "|".join(repr(end) for end in band.display_range or ()),
    }  # fmt: skip


def converted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch of the engine in a result's schema."""
    arrays = [_cast(array, field.type) for array, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if array.type == kind:
        return array
    if (array.type, kind) in _SAME_BITS:
        return array.view(kind)
    if pa.types.is_fixed_size_list(kind) and not array.null_count:
        values = array.flatten()
        return pa.FixedSizeListArray.from_arrays(_cast(values, kind.value_type), type=kind)
    return array.cast(kind)


def next_batch(reader: Iterable[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch | None:
    """The next rows of a reader, converted; None after the last."""
    for batch in reader:
        if batch.num_rows:
            return converted(batch, schema)
    return None
