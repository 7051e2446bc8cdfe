"""COPY (query) TO 'path': the ending chooses the format; a file appears whole or not at all."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cubeql.engine.result import Result
from cubeql.errors import QueryError, StoreError, diagnose

Options = dict[str, Any]


def copy_to(result: Result, path: Path, options: Options, text: str) -> int:
    """Write a result; gives the number of rows.

    Raises:
        QueryError: no format has this ending, or the result does not fit it.
        StoreError: the file cannot be written.
    """
    writer, known = _WRITERS.get(path.suffix.lower(), (None, ()))
    if writer is None:
        raise QueryError([diagnose("unknown_format", path=path.name, known=", ".join(_WRITERS))], text)
    for name in options:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise QueryError(
                [diagnose("unknown_option", statement=f"COPY to {path.suffix}", name=name, known=listed)],
                text,
            )
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        writer(result, partial, options, text)
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return int(result.stats["rows"])


def _parquet(result: Result, path: Path, options: Options, text: str) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, result.schema, compression="zstd") as writer:
        for batch in result:
            writer.write_batch(batch)


def _arrow(result: Result, path: Path, options: Options, text: str) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, result.schema) as writer:
        for batch in result:
            writer.write_batch(batch)


def _csv(result: Result, path: Path, options: Options, text: str) -> None:
    import pyarrow.csv as pc

    schema = pa.schema([pa.field(f.name, _plain_type(f)) for f in result.schema])
    with pc.CSVWriter(str(path), schema) as writer:
        for batch in result:
            writer.write_batch(
                pa.RecordBatch.from_arrays([_plain(a, f) for a, f in zip(batch.columns, result.schema)], schema=schema)
            )


def _is_cell(field: pa.Field) -> bool:
    return (field.metadata or {}).get(b"cubeql.type") == b"cell"


def _plain_type(field: pa.Field) -> pa.DataType:
    """Cells are written as 15 hexadecimal digits, times as ISO 8601, lists as JSON."""
    if (
        _is_cell(field)
        or pa.types.is_timestamp(field.type)
        or pa.types.is_nested(field.type)
        or pa.types.is_interval(field.type)
    ):
        return pa.string()
    return field.type


def _plain(array: pa.Array, field: pa.Field) -> pa.Array:
    if _plain_type(field) == field.type:
        return array
    return pa.array([None if v is None else _text(v, field) for v in array.to_pylist()], pa.string())


def _text(value: Any, field: pa.Field) -> str:
    if _is_cell(field):
        return f"{value:015x}"
    if pa.types.is_timestamp(field.type):
        return str(value.replace(tzinfo=None).isoformat()) + "Z"
    return json.dumps(value, default=str)


def _json(result: Result, path: Path, options: Options, text: str) -> None:
    with path.open("w", encoding="utf-8") as target:
        target.write("[")
        first = True
        for batch in result:
            for row in _rows(batch, result.schema):
                target.write(("" if first else ",") + "\n" + json.dumps(row, ensure_ascii=False))
                first = False
        target.write("\n]\n")


def _rows(batch: pa.RecordBatch, schema: pa.Schema) -> list[dict[str, Any]]:
    columns = {f.name: _json_values(a, f) for a, f in zip(batch.columns, schema)}
    return [dict(zip(columns, values)) for values in zip(*columns.values())]


def _json_values(array: pa.Array, field: pa.Field) -> list[Any]:
    if _is_cell(field) or pa.types.is_timestamp(field.type) or pa.types.is_interval(field.type):
        return [None if v is None else _text(v, field) for v in array.to_pylist()]
    if pa.types.is_floating(field.type):
        return [v if v is not None and np.isfinite(v) else None for v in array.to_pylist()]
    return list(array.to_pylist())


def _geojson(result: Result, path: Path, options: Options, text: str) -> None:
    import shapely

    from cubeql.grid.cells import boundaries

    place = next((i for i, f in enumerate(result.schema) if _is_cell(f)), None)
    if place is None:
        fault = diagnose(
            "raster_shape",
            reason="GeoJSON needs cells",
            suggestion="SELECT cell, and the values of its features",
        )
        raise QueryError([fault], text)
    with path.open("w", encoding="utf-8") as target:
        target.write('{"type": "FeatureCollection", "features": [')
        first = True
        for batch in result:
            shapes = boundaries(batch.column(place).to_numpy().astype(np.int64))
            for row, shape in zip(_rows(batch, result.schema), shapes):
                feature = {
                    "type": "Feature",
                    "geometry": json.loads(shapely.to_geojson(shape)),
                    "properties": row,
                }
                target.write(("" if first else ",") + "\n" + json.dumps(feature, ensure_ascii=False))
                first = False
        target.write("\n]}\n")


def _tif(result: Result, path: Path, options: Options, text: str) -> None:
    from cubeql.engine.rasters import write_raster

    write_raster(result.to_arrow(), path, options.get("crs", "EPSG:4326"), options.get("size"), text)


_WRITERS: dict[str, tuple[Callable[[Result, Path, Options, str], None], tuple[str, ...]]] = {
    ".parquet": (_parquet, ()),
    ".csv": (_csv, ()),
    ".json": (_json, ()),
    ".geojson": (_geojson, ()),
    ".arrow": (_arrow, ()),
    ".tif": (_tif, ("crs", "size")),
}
