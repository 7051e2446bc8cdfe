"""Files of rows opened: text tables by DuckDB, Parquet by Arrow, all other vector files by GDAL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from cubeql.ingest.faults import reading, refusal
from cubeql.ingest.rowsource import BATCH_ROWS, RowSource, SourceColumn, reader_of

LON_LAT = "OGC:CRS84"
NO_VALUE = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")
"""Texts of a text table that stand for no value."""


def open_rows(path: str) -> RowSource:
    """Open a file of rows.

    Raises:
        IngestError: it is missing, damaged, or of no kind that is read.
    """
    place = Path(path)
    layer = None
    if not place.exists() and "#" in path:
        before, _, layer = path.rpartition("#")
        place = Path(before)
    if not place.is_file():
        raise refusal(path, "there is no such file")
    return _READERS[reader_of(path) or "features"](place, layer)


def _text(place: Path, layer: str | None) -> RowSource:
    def connected() -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("SET TimeZone = 'UTC'")
        return connection

    options = {"path": str(place), "none": list(NO_VALUE)}
    read = "read_csv($path, sample_size = -1, nullstr = $none)"
    with reading(place), connected() as connection:
        described = connection.execute(f"SELECT * FROM {read} LIMIT 0", options).to_arrow_table().schema  # noqa: S608 - a constant
        found = connection.execute(f"SELECT count(*) FROM {read}", options).fetchone()  # noqa: S608 - a constant
    count = int(found[0]) if found is not None else 0

    def batches() -> Iterator[pa.Table]:
        with reading(place), connected() as connection:
            reader = connection.execute(f"SELECT * FROM {read}", options).to_arrow_reader(BATCH_ROWS)  # noqa: S608 - a constant
            for batch in reader:
                yield pa.Table.from_batches([batch])

    columns = tuple(SourceColumn(f.name, f.type) for f in described)
    return RowSource(str(place), columns, count, None, LON_LAT, frozenset(), batches)


def _parquet(place: Path, layer: str | None) -> RowSource:
    with reading(place):
        file = pq.ParquetFile(place)
        schema, count = file.schema_arrow, file.metadata.num_rows
        geometry, crs, shapes = _geoparquet(place, schema.metadata or {})
        file.close()

    def batches() -> Iterator[pa.Table]:
        with reading(place), pq.ParquetFile(place) as file:
            for batch in file.iter_batches(BATCH_ROWS):
                yield pa.Table.from_batches([batch])

    columns = tuple(SourceColumn(f.name, f.type) for f in schema if f.name != geometry)
    return RowSource(str(place), columns, count, geometry, crs, shapes, batches)


def _geoparquet(place: Path, metadata: dict[bytes, bytes]) -> tuple[str | None, object, frozenset[str]]:
    if b"geo" not in metadata:
        return None, LON_LAT, frozenset()
    geo = json.loads(metadata[b"geo"])
    name = geo["primary_column"]
    column = geo["columns"][name]
    if column["encoding"] != "WKB":
        raise refusal(place, f"its geometry is encoded as {column['encoding']}", "write it as WKB")
    shapes = frozenset(t.removesuffix(" Z") for t in column.get("geometry_types", ()))
    # A crs of null says that there is none; no crs at all is longitude and latitude.
    return str(name), column.get("crs", LON_LAT), shapes


def _features(place: Path, layer: str | None) -> RowSource:
    import pyogrio

    with reading(place):
        names = [str(n) for n, kind in pyogrio.list_layers(place) if kind is not None]
    if not names:
        raise refusal(place, "it has no layer with a geometry")
    if layer is not None and layer not in names:
        raise refusal(place, f"it has no layer {layer}", f"its layers are {', '.join(names)}")
    if layer is None and len(names) > 1:
        raise refusal(place, f"it has {len(names)} layers: {', '.join(names)}", f"name one: {place.name}#{names[0]}")
    wanted = layer or names[0]

    def opened() -> Any:
        return pyogrio.raw.open_arrow(place, layer=wanted, batch_size=BATCH_ROWS, use_pyarrow=True)

    with reading(place):
        info = pyogrio.read_info(place, layer=wanted, force_feature_count=True)
        with opened() as (meta, reader):
            geometry, schema = meta["geometry_name"] or "wkb_geometry", reader.schema

    def batches() -> Iterator[pa.Table]:
        with reading(place), opened() as (_, reader):
            for batch in reader:
                yield pa.Table.from_batches([batch])

    identity = meta.get("fid_column") or "OGC_FID"
    columns = tuple(SourceColumn(f.name, f.type) for f in schema if f.name not in (geometry, identity))
    kind = str(info["geometry_type"] or "Unknown").replace("2.5D ", "").split(" ")[0]
    shapes = frozenset() if kind in ("Unknown", "GeometryCollection", "None") else frozenset((kind,))
    return RowSource(str(place), columns, int(info["features"]), geometry, info["crs"], shapes, batches)


_READERS: dict[str, Callable[[Path, str | None], RowSource]] = {
    "text": _text,
    "parquet": _parquet,
    "features": _features,
}
