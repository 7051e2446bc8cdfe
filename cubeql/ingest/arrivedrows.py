"""Rows of places as they come: points by longitude and latitude, or geometries, which are points or polygons."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import shapely

from cubeql.catalog import Attribute, Layer, TimeAxis
from cubeql.engine.result import Result, done
from cubeql.ingest.faults import ROWS, refusal
from cubeql.ingest.options import IngestOptions
from cubeql.ingest.rowcolumns import Chosen, Kind, chosen_columns
from cubeql.ingest.rowjob import kind_of
from cubeql.ingest.rowplaces import LON_LAT, Fitting
from cubeql.ingest.rowsource import RowSource, SourceColumn
from cubeql.storage.rowcolumns import ATTRIBUTE_TYPES, POINT_RESOLUTION
from cubeql.values.durations import parse_duration

if TYPE_CHECKING:
    from cubeql.ingest.arriving import Taking

_WORKED_OUT = ("cell", "zone")


def take_places(taking: Taking, rows: pa.RecordBatchReader) -> Result:
    """Make rows of places a layer of points or zones, or add them to one; all of them, or none."""
    source = _source(rows)
    kind = _kind(taking, source)
    if taking.existing is not None and taking.existing.kind != kind:
        raise refusal(ROWS, f"they are {kind}, the layer holds {taking.existing.kind}", "send them to another layer")
    chosen = chosen_columns(source, kind, taking.existing, IngestOptions())
    layer = taking.existing or taking.told(_layer(taking, kind, chosen))
    chosen = _matched(chosen, layer) if taking.existing is not None else chosen
    if (chosen.time is None) != (layer.time is None) and kind == "points":
        raise refusal(ROWS, "they have no times, but the layer has", "send a column called time")
    types = {a.name: ATTRIBUTE_TYPES[a.type] for _, a in chosen.attributes}
    fitting = Fitting(source, chosen, types, source.crs)
    running = taking.call.running()  # its time limit, and whoever stops it
    with running.faults(), taking.call.store.write_rows(layer, taking.mode) as job:
        for table in source.batches():
            running.check()
            places = fitting.points(table) if kind == "points" else fitting.zones(table)
            _check_whole(fitting)
            job.add(_with_missing(places, layer))
        running.check()
    running.close()
    return done(f"layer {taking.name}: {job.rows:,} rows", taking.call.text, rows=job.rows, version=job.version)


def _source(rows: pa.RecordBatchReader) -> RowSource:
    left_out = [n for n in rows.schema.names if n.casefold() in _WORKED_OUT]
    schema = pa.schema([field for field in rows.schema if field.name not in left_out])
    if len(set(schema.names)) < len(schema.names):
        raise refusal(ROWS, "two columns have one name", "give each its own")
    geometry = _geometry(schema)
    columns = tuple(SourceColumn(f.name, f.type) for f in schema if f.name != geometry)
    crs = LON_LAT if geometry is None else _crs(schema.field(geometry))
    left = iter(rows)
    first = next((batch for batch in left if batch.num_rows), None)
    looked_at = [] if first is None else [first]

    def batches() -> Iterator[pa.Table]:
        yield from (_plain(batch, schema) for batch in chain(looked_at, left) if batch.num_rows)

    shapes = frozenset() if geometry is None else _shapes(looked_at, geometry)
    return RowSource(ROWS, columns, 0, geometry, crs, shapes, batches)


def _shapes(batches: Sequence[pa.RecordBatch], geometry: str) -> frozenset[str]:
    """The types of the first geometries."""
    found: set[str] = set()
    for batch in batches:
        column = batch.column(geometry)
        column = column.storage if isinstance(column, pa.ExtensionArray) else column
        try:
            shapes = shapely.from_wkb(column.drop_null().to_pylist())
        except shapely.errors.ShapelyError as fault:
            raise refusal(ROWS, f"a geometry cannot be read ({fault})", "send WKB") from None
        found |= {str(s.geom_type) for s in shapes if not s.is_empty}
    return frozenset(found)


def _plain(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    columns = [batch.column(name) for name in schema.names]
    plain = [c.storage if isinstance(c, pa.ExtensionArray) else c for c in columns]
    return pa.table(plain, names=schema.names)


def _geometry(schema: pa.Schema) -> str | None:
    """The column of geometries: one that says it is, else one of bytes."""
    for field in schema:
        if _extension(field)[0] == "geoarrow.wkb":
            return str(field.name)
    kinds = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    return next((str(f.name) for f in schema if any(test(f.type) for test in kinds)), None)


def _extension(field: pa.Field) -> tuple[str, bytes]:
    if isinstance(field.type, pa.BaseExtensionType):
        return field.type.extension_name, field.type.__arrow_ext_serialize__()
    told = field.metadata or {}
    return told.get(b"ARROW:extension:name", b"").decode(), told.get(b"ARROW:extension:metadata", b"")


def _crs(field: pa.Field) -> Any:
    """The reference system of geometries; longitude and latitude where nothing says another."""
    try:
        found = json.loads(_extension(field)[1] or b"{}").get("crs")
    except (ValueError, AttributeError):
        found = None
    if not found:
        return LON_LAT
    return found if isinstance(found, str) else json.dumps(found)


def _kind(taking: Taking, source: RowSource) -> Kind:
    said = taking.options.get("kind")
    if source.geometry is None or said == "points":
        return "points"
    if not source.shapes:
        raise refusal(ROWS, "the first of them have no geometry", "leave such rows out")
    return kind_of(source)


def _layer(taking: Taking, kind: Kind, chosen: Chosen) -> Layer:
    attributes = tuple(attribute for _, attribute in chosen.attributes)
    resolution = POINT_RESOLUTION if kind == "points" else 0
    axis = _axis(taking) if chosen.time is not None else None
    if "dimensions" in taking.options:
        raise refusal("the option 'dimensions'", f"{kind} have none", "leave it out")
    return Layer(taking.name, resolution, (), time=axis, kind=kind, attributes=attributes)


def _axis(taking: Taking) -> TimeAxis:
    step, stamp = taking.options.get("step"), taking.options.get("stamp", "instant")
    stamps: Sequence[Literal["instant", "start", "end"]] = ("instant", "start", "end")
    known = next((s for s in stamps if s == stamp), None)
    if known is None:
        raise refusal(f"the stamp {stamp!r}", "it is none", f"stamps are {', '.join(stamps)}")
    try:
        return TimeAxis(known, None if step is None else str(parse_duration(step)))
    except ValueError as fault:
        raise refusal(f"the step {step!r}", str(fault)) from None


def _matched(chosen: Chosen, layer: Layer) -> Chosen:
    """The columns matched by name to the attributes that the layer has."""
    known = {a.name.casefold(): a for a in layer.attributes}
    pairs = []
    for column, own in chosen.attributes:
        wanted = known.get(own.name.casefold())
        if wanted is None:
            listed = ", ".join(a.name for a in layer.attributes) or "none"
            raise refusal(ROWS, f"the layer has no attribute {own.name!r}", f"its attributes are {listed}")
        pairs.append((column, _fits(own, wanted)))
    return replace(chosen, attributes=tuple(pairs))


def _fits(own: Attribute, wanted: Attribute) -> Attribute:
    if own.type == wanted.type or (own.type, wanted.type) == ("integer", "number"):
        return wanted
    raise refusal(ROWS, f"the column {own.name} holds {own.type}, in the layer {wanted.type}", "cast it")


def _check_whole(fitting: Fitting) -> None:
    """Refuse rows that a file would be read without: a client is told at once, and can mend what it sends."""
    if fitting.without:
        what, number = next(iter(fitting.without.items()))
        raise refusal(ROWS, f"{number:,} of them have no {what}", "leave them out")


def _with_missing(rows: pa.Table, layer: Layer) -> pa.Table:
    for attribute in layer.attributes:
        if attribute.name not in rows.column_names:
            rows = rows.append_column(attribute.name, pa.nulls(rows.num_rows, ATTRIBUTE_TYPES[attribute.type]))
    return rows
