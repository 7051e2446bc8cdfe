"""An ingest of points or zones from beginning to commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

from cubeql.catalog import Attribute, Layer, Provenance, TimeAxis
from cubeql.grid.nesting import check_all
from cubeql.ingest.cardfacts import grown, made_of
from cubeql.ingest.faults import IngestCancelled, refusal
from cubeql.ingest.gathering import offers_of_files
from cubeql.ingest.ledger import mark_of, marked, sorted_out
from cubeql.ingest.options import IngestOptions, Mode
from cubeql.ingest.report import IngestProgress, IngestReport, RowPlan
from cubeql.ingest.rowcolumns import Kind, chosen_columns, together
from cubeql.ingest.rowplaces import LON_LAT, Fitting
from cubeql.ingest.rowreaders import open_rows
from cubeql.ingest.rowsource import RowSource
from cubeql.storage import Store
from cubeql.storage.rowcolumns import ATTRIBUTE_TYPES, POINT_RESOLUTION

_POINTS, _ZONES = frozenset({"Point", "MultiPoint"}), frozenset({"Polygon", "MultiPolygon"})
_OF_GRIDS = ("band_pattern", "file_pattern", "believe", "time", "time_pattern", "time_tag", "time_dimension",
             "dimensions", "resolution", "method", "categorical", "nodata", "rounded", "on_conflict", "add_bands",
             "replace_changed", "skip_bad", "commit")  # fmt: skip
_LEAST_BUFFER = 2**20


@dataclass(frozen=True, slots=True)
class RowJob:
    """An ingest of rows made out and ready to run.

    Attributes:
        layer: the record to write.
        existing: the layer as it is, None for a new one.
        feeds: the sources to read, each with how its rows are made fit.
        skipped: (source, why) of the others.
        notes: what was decided for the user.
    """

    layer: Layer
    existing: Layer | None
    feeds: tuple[Fitting, ...]
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def plan(self) -> RowPlan:
        """What would be done."""
        rows = sum(f.source.rows for f in self.feeds)
        columns = tuple((a.name, a.type) for a in self.layer.attributes)
        timed = self.layer.time is not None
        name, kind = self.layer.name, self.layer.kind
        return RowPlan(name, kind, timed, columns, len(self.feeds), rows, self.skipped, self.notes)


def make_row_job(store: Store, paths: Sequence[str], layer: str, options: IngestOptions) -> RowJob:
    """Open the sources and settle everything that can be known before rows are read.

    Raises:
        IngestError: a source, an argument, or their fit to the layer.
        StoreError: the store.
    """
    _check_options(options)
    existing = store.layer(layer) if options.mode != "replace" else None
    if options.mode == "create" and existing is not None:
        raise refusal(f"layer {layer}", "it exists already", "append to it, or give mode='replace'")
    fresh = sorted_out(offers_of_files(paths), existing, options)
    if existing is not None and not fresh.offers:
        return RowJob(existing, existing, (), fresh.skipped, ())
    opened = [open_rows(offer.name) for offer in fresh.offers]
    kinds = [kind_of(s) for s in opened]
    for source, kind in zip(opened, kinds, strict=True):
        if kind != (existing.kind if existing is not None else kinds[0]):
            there = existing.kind if existing is not None else kinds[0]
            raise refusal(source.name, f"it holds {kind}, the layer {there}", "ingest it under another name")
    chosen = [chosen_columns(s, k, existing, options) for s, k in zip(opened, kinds, strict=True)]
    attributes = existing.attributes if existing is not None else tuple(a for _, a in chosen[0].attributes)
    for source, own in zip(opened, chosen, strict=True):
        wider = together(attributes, tuple(a for _, a in own.attributes), source.name)
        attributes = attributes if existing is not None else wider
    timed = {c.time is not None for c in chosen}
    if len(timed) > 1 or (existing is not None and timed != {existing.time is not None}):
        raise refusal(f"layer {layer}", "some rows have times, others none", "name the column with time_column=")
    record = _record(existing.name if existing else layer, kinds[0], attributes, timed == {True}, existing, options)
    made = made_of(Provenance(), [s.name for s in opened])
    record = replace(record, provenance=grown(existing.provenance, made) if existing is not None else made)
    types = {a.name: ATTRIBUTE_TYPES[a.type] for a in attributes}
    feeds = tuple(
        Fitting(s, c, types, _crs(s, options), options.time_format) for s, c in zip(opened, chosen, strict=True)
    )
    notes = tuple(dict.fromkeys(n for c in chosen for n in c.notes))
    marks = [mark_of(offer, options) for offer in fresh.offers]
    return RowJob(marked(record, existing, marks), existing, feeds, fresh.skipped, notes)


def _check_options(options: IngestOptions) -> None:
    usual = {f.name: f.default for f in fields(IngestOptions)}
    for name in _OF_GRIDS:
        if getattr(options, name) != usual[name]:
            raise refusal(name, "it is for rasters; points and zones have no such thing", "leave it out")


def kind_of(source: RowSource) -> Kind:
    """Whether a source holds points or zones: what its file says, or else its first geometry.

    Raises:
        IngestError: it holds lines, a mixture, or no geometry.
    """
    if source.geometry is None:
        return "points"
    shapes = source.shapes or _first_shapes(source)
    if shapes and shapes <= _POINTS:
        return "points"
    if shapes and shapes <= _ZONES:
        return "zones"
    listed = ", ".join(sorted(shapes)) or "no geometry"
    raise refusal(source.name, f"it holds {listed}", "points or polygons are needed, one of them in a file")


def _first_shapes(source: RowSource) -> frozenset[str]:
    import shapely

    for rows in source.batches():
        written = [g for g in rows[source.geometry].to_pylist() if g is not None]
        check_all(written)
        found = shapely.from_wkb(written)
        kinds = {str(s.geom_type) for s in found if not s.is_empty}
        if kinds:
            return frozenset(kinds)
    return frozenset()


def _crs(source: RowSource, options: IngestOptions) -> object:
    found = options.crs if options.crs is not None else source.crs
    if not found:
        raise refusal(source.name, "it does not say its coordinate reference system", "give crs=, like 'EPSG:4326'")
    return found if found != LON_LAT else LON_LAT


def _record(
    name: str, kind: Kind, attributes: Sequence[Attribute], timed: bool, existing: Layer | None, options: IngestOptions
) -> Layer:
    axis = TimeAxis(options.stamp or "instant", options.step) if timed else None
    facts = {f: getattr(options, f) for f in ("title", "licence", "citation") if getattr(options, f) is not None}
    if existing is not None:
        return replace(existing, **facts)
    resolution = POINT_RESOLUTION if kind == "points" else 0
    return Layer(name, resolution, (), time=axis, kind=kind, attributes=tuple(attributes), **facts)


def ingest_rows(
    store: Store,
    job: RowJob,
    options: IngestOptions,
    progress: Callable[[IngestProgress], None] | None,
    cancel: Callable[[], bool] | None,
    began: float,
) -> IngestReport:
    """Run a job: all rows in one commit, or none.

    Raises:
        IngestError: a source; the layer is as it was.
        IngestCancelled: ``cancel`` said so; the layer is as it was.
        StoreError: the store.
    """
    if not job.feeds:
        return _report(job, None, 0, 0, began)
    mode: Mode = "append" if job.existing is not None else "create"
    mode = "replace" if options.mode == "replace" else mode
    total = sum(f.source.rows for f in job.feeds)
    done = 0
    with store.write_rows(job.layer, mode, buffer_bytes=max(_LEAST_BUFFER, options.memory_limit // 16)) as write:
        for feed in job.feeds:
            for rows in feed.source.batches():
                if cancel is not None and cancel():
                    raise IngestCancelled("the ingest was cancelled")
                write.add(feed.points(rows) if job.layer.kind == "points" else feed.zones(rows))
                done += rows.num_rows
                if progress is not None:
                    progress(IngestProgress(done, total, write.rows, time.monotonic() - began))
        if not write.rows:
            raise refusal(job.feeds[0].source.name, "no row has a place", "check its columns, crs= and geometries")
    return _report(job, write.version, write.rows, write.bytes, began)


def _report(job: RowJob, version: int | None, rows: int, size: int, began: float) -> IngestReport:
    return IngestReport(
        layer=job.layer.name,
        version=version,
        resolution=job.layer.resolution,
        methods=(),
        sources=tuple(f.source.name for f in job.feeds),
        skipped=job.skipped,
        tiles=0,
        rows=rows,
        cells=0,
        bytes=size,
        maps_made=0,
        seconds=time.monotonic() - began,
        notes=(*job.notes, *(n for f in job.feeds for n in f.notes())),
        kind=job.layer.kind,
        attributes=tuple((a.name, a.type) for a in job.layer.attributes),
    )
