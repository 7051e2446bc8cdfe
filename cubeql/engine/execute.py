"""A compiled query at work: prepared, run, streamed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

from cubeql.catalog import Layer
from cubeql.catalog.facts import provider_text
from cubeql.compiler import CompiledQuery
from cubeql.engine.attachments import Attachments
from cubeql.engine.caches import Caches
from cubeql.engine.convert import next_batch, result_schema
from cubeql.engine.counting import FEWEST_CELLS, Counted
from cubeql.engine.inplace import InPlace
from cubeql.engine.meeting import with_meetings
from cubeql.engine.prepare import Preparation
from cubeql.engine.prepared import Prepared
from cubeql.engine.ready import Ready
from cubeql.engine.result import Result
from cubeql.engine.running import Running
from cubeql.engine.scans import ScanWork, with_scans, work_stats
from cubeql.engine.shipment import Shipment
from cubeql.plan.shipped import Shipped
from cubeql.sql import bound_values
from cubeql.storage import Store
from cubeql.storage.reach import ANYWHERE, Reach


class Passing:
    """The rows of a statement that an attached server does wholly, as a reader."""

    def __init__(self, shipment: Shipment) -> None:
        self.schema = shipment.outer
        self._batches = shipment.batches(shipment.outer)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self._batches  # the same ones: it is begun again after every batch


class Rows(Protocol):
    """What gives rows."""

    schema: pa.Schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """The batches that have not been read."""
        ...


_BATCH_ROWS = 122_880
_BRIEF_S = 0.05
_CITED = ("licence", "citation", "doi")


def prepare(
    compiled: CompiledQuery,
    store: Store,
    running: Running,
    caches: Caches,
    in_place: InPlace | None = None,
    reach: Reach = ANYWHERE,
    attached: Attachments | None = None,
) -> Prepared:
    """Make all that a query needs before it can run; reads no array, but of rasters that are read in place.

    Raises:
        QueryError: a region cannot be read.
        StoreError: a layer's files cannot be read.
    """
    preparation = Preparation(compiled, store, running, caches, in_place, reach, attached)
    with running.faults():
        return running.work(lambda: with_meetings(preparation.prepare(), running))


@dataclass(slots=True)
class Measured:
    """What the engine measured of a statement, and the scans by the numbers of their marks."""

    profile: dict[str, Any] = field(default_factory=dict)
    numbers: dict[int, str] = field(default_factory=dict)


def stream(prepared: Prepared, running: Running, measured: Measured | None = None) -> Result:
    """Start a prepared query; with ``measured`` the engine measures it, which is told there in the end."""
    compiled = prepared.compiled
    with running.faults():
        running.check()
        prepared_at = time.monotonic()
        reader = running.work(lambda: _start(running, prepared, measured))
    schema = _schema(prepared, reader.schema)
    works = [] if compiled.reads.hidden else prepared.works
    stats = work_stats(works) | {"prepare_seconds": prepared_at - running.began, "seconds": 0.0}
    result = Result(
        schema,
        iter(()),
        statement=compiled.text,
        warnings=compiled.warnings,
        stats=stats,
        close=running.close,
        progress=running.progress,
        cancel=running.cancel,
    )
    result._batches = _rows(reader, schema, running, result, measured)
    return result


def _schema(prepared: Prepared, given: pa.Schema) -> pa.Schema:
    compiled = prepared.compiled
    layers = {s.layer.name: s.layer for s in compiled.statement.scans if compiled.reads.shows(s.layer, s.version)}
    layers |= {layer.name: layer for s in compiled.statement.shipped for layer in s.layers}
    return result_schema(compiled.columns, given, _provenance(prepared), layers)


def ready(prepared: Prepared, running: Running, timeout_s: float | None) -> Ready:
    """A prepared query with the shape of its rows; nothing is read. Its time limit counts from its start."""
    with running.faults():
        given = running.work(lambda: _shape(running, prepared))
    running.limit(None)

    def start() -> Result:
        running.limit(timeout_s)
        return stream(prepared, running)

    return Ready(_schema(prepared, given), prepared.compiled.warnings, start,
                 running.cancel, running.progress, running.close, stats=work_stats(prepared.works),
                 reads=versions_read(prepared))  # fmt: skip


def _elsewhere(prepared: Prepared) -> Shipment | None:
    """What gives the rows of a statement that an attached server does wholly."""
    plan, ordered = prepared.compiled.plan, prepared.compiled.ordered_by
    return prepared.shipped[plan.name] if isinstance(plan, Shipped) and not ordered else None


def _shape(running: Running, prepared: Prepared) -> pa.Schema:
    """What the engine will give, found by binding alone."""
    shipment = _elsewhere(prepared)
    if shipment is not None:
        return shipment.outer
    statement = prepared.query.statement
    values = bound_values(statement.query, statement.values.bound)
    nothing = running.cursor.execute(f"FROM ({with_scans(prepared.query.sql, prepared.works)}) LIMIT 0", values)
    schema: pa.Schema = nothing.to_arrow_table().schema
    return schema


def _start(running: Running, prepared: Prepared, measured: Measured | None) -> Rows:
    statement, cursor = prepared.query.statement, running.cursor
    shipment = _elsewhere(prepared)
    if shipment is not None:
        return Passing(shipment)
    counted = Counted(prepared, FEWEST_CELLS if measured is None else 0)
    running.reads(counted.all, counted.done)
    if measured is not None:
        measured.numbers = counted.numbers
        cursor.execute("SET enable_profiling = 'no_output'")
    for meeting in prepared.meetings:
        meeting.conditions = counted.conditions
    sql = with_scans(prepared.query.sql, prepared.begun(running), counted.conditions)
    relation = cursor.execute(sql, bound_values(statement.query, statement.values.bound))
    reader: Rows = relation.to_arrow_reader(_BATCH_ROWS)
    return reader


def _rows(
    reader: Rows, schema: pa.Schema, running: Running, result: Result, measured: Measured | None
) -> Iterator[pa.RecordBatch]:
    try:
        with running.faults():
            brief = False  # all that sorts and groups is done before the first rows come
            while True:
                began = time.monotonic()
                batch = running.work(lambda: next_batch(reader, schema), brief)
                brief = time.monotonic() - began < _BRIEF_S
                if batch is None:
                    running.ended()
                    if measured is not None and not isinstance(reader, Passing):
                        measured.profile = json.loads(running.cursor.get_profiling_information("json"))
                    break
                yield batch
    finally:
        result.stats["seconds"] = time.monotonic() - running.began
        result.stats |= traffic_stats(running)
        running.close()


def traffic_stats(running: Running) -> dict[str, int]:
    """What a statement on S3 asked the network for up to now; nothing on a disk."""
    found = running.traffic()
    return {} if found is None else {"requests": found.requests, "bytes_network": found.bytes}


def versions_read(prepared: Prepared) -> dict[str, int | None]:
    """The versions of the layers that a query reads, by name; None of one that is read in place."""
    scans, works = prepared.compiled.statement.scans, prepared.works
    return {s.layer.name: _version(s.name, works) for s in scans}


def _version(scan: str, works: list[ScanWork]) -> int | None:
    return next(None if w.in_place is not None else w.version for w in works if w.name == scan)


def _provenance(prepared: Prepared) -> dict[str, str]:
    compiled, works = prepared.compiled, prepared.works
    layers: dict[str, Any] = {
        s.layer.name: {
            "version": _version(s.name, works),
            "title": s.layer.title,
            **{fact: getattr(s.layer, fact) for fact in _CITED},
            "providers": [provider_text(p) for p in s.layer.providers],
            "units": {c.name: c.unit for c in s.layer.bands if c.unit is not None}
            | {c.name: c.unit for c in s.layer.attributes if c.unit is not None},
        }
        for s in compiled.statement.scans
        if compiled.reads.shows(s.layer, s.version)
    } | {view: _cited(layers) for view, layers in compiled.reads.hidden}
    for shipment in prepared.shipped.values():
        layers |= shipment.layers
    return {"cubeql": json.dumps({"statement": compiled.text, "layers": layers}, ensure_ascii=False)}


def _cited(layers: tuple[Layer, ...]) -> dict[str, Any]:
    """What is told of layers beneath a view that hides them: whom to cite, and on what terms."""
    texts = {fact: dict.fromkeys(str(getattr(x, fact)) for x in layers if getattr(x, fact)) for fact in _CITED}
    providers = dict.fromkeys(provider_text(p) for x in layers for p in x.providers)
    told = {fact: "; ".join(sorted(found)) or None for fact, found in texts.items()}
    return {"version": None, "title": None, **told, "providers": sorted(providers), "units": {}}
