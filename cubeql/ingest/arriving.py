"""Rows that come as Arrow become a layer: cells one of a grid, longitudes and latitudes one of points, polygons zones.

What a client sends is taken as it streams, and nothing of it is seen before all of it has come: one commit, or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import pyarrow as pa

from cubeql.analyze.bound import OutputColumn
from cubeql.catalog import Layer, Provenance
from cubeql.catalog.facts import LAYER_FACTS, FactError, read_fact, with_facts
from cubeql.engine.arriving import in_order
from cubeql.engine.celltiles import Target, blocks_of
from cubeql.engine.inserting import match_cells
from cubeql.engine.layers import AXIS, target_of
from cubeql.engine.result import Result, done
from cubeql.engine.running import Halt
from cubeql.engine.statements.call import Call
from cubeql.engine.statements.engine import Engine
from cubeql.errors import NotAllowed, QueryError, Span, diagnose
from cubeql.ingest.arrivedcells import Cells, cells_of
from cubeql.ingest.arrivedrows import take_places
from cubeql.ingest.cardfacts import made_of
from cubeql.ingest.faults import ROWS, refusal
from cubeql.storage import Store
from cubeql.storage.blocks import RowExistsError
from cubeql.storage.names import is_layer_name

TakeMode = Literal["create", "append", "replace", "create_append"]
"""What becomes of a layer that is there, or is not."""
WriteMode = Literal["create", "append", "replace"]
KINDS = ("grid", "points", "zones")
OPTIONS = ("kind", *AXIS, "dimensions", "title", "licence", "citation", "description")
"""What may be said beside the rows, each a text."""
_PREFIX = "cubeql."


@dataclass(frozen=True, slots=True)
class Taking:
    """Rows on their way into a layer.

    Attributes:
        call: the engine at work on them.
        name: of the layer.
        existing: the layer that they are added to; None of a new one.
        mode: how it is written.
        options: what is said beside the rows.
    """

    call: Call
    name: str
    existing: Layer | None
    mode: WriteMode
    options: Mapping[str, str]

    def told(self, layer: Layer) -> Layer:
        """A new layer with what is said of it, and how it came about."""
        facts = {n: self.options[n] for n in LAYER_FACTS if n in self.options}
        made = replace(layer, provenance=made_of(Provenance(), [ROWS]))
        return with_facts(made, facts)


def options_in(schema: pa.Schema) -> dict[str, str]:
    """What rows say beside themselves, in the metadata of their schema, where a client can say it nowhere else."""
    told = {k.decode(): v.decode(errors="replace") for k, v in (schema.metadata or {}).items()}
    return {name: told[_PREFIX + name] for name in OPTIONS if _PREFIX + name in told}


def take(
    engine: Engine,
    rows: pa.RecordBatchReader,
    name: str,
    mode: TakeMode,
    options: Mapping[str, str],
    timeout_s: float | None = None,
    halt: Halt | None = None,
) -> Result:
    """Make rows a layer, or add them to one.

    Args:
        engine: of whoever sends them; what he has no right to is refused.
        rows: of any number; they are read once, in the order they come.
        name: of the layer.
        mode: ``create`` a layer that is not there, ``append`` to one that is, ``replace`` all rows of one (or make it),
            or ``create_append``, whichever it takes.
        options: see :data:`OPTIONS`.
        timeout_s: time limit in seconds.
        halt: stops it from another thread.

    Raises:
        IngestError: the rows make no such layer, or do not fit the one that is there; it is as it was.
        QueryError: there is no right to it, or it was stopped.
        StoreError: the store.
    """
    call = Call(engine, f"INGEST INTO {name}", {}, timeout_s, halt)
    try:
        taking = _taking(call, name, mode, options)
        if _kind_of(rows.schema, taking) == "grid":
            return _take_cells(taking, rows)
        return take_places(taking, rows)
    except NotAllowed as error:
        raise QueryError(error.diagnostics) from error
    except FactError as error:
        raise refusal(ROWS, str(error)) from None


def _taking(call: Call, name: str, mode: TakeMode, options: Mapping[str, str]) -> Taking:
    if not is_layer_name(name):
        raise QueryError([diagnose("layer_name", name=name)])
    for option, value in options.items():
        if option not in OPTIONS:
            raise refusal(f"the option {option!r}", "it is none", f"options are {', '.join(OPTIONS)}")
        if option in LAYER_FACTS:
            read_fact(LAYER_FACTS, f"layer {name}", option, value)
    store = call.store
    existing = store.layer(name) if store.kind_of(name) == "layer" else None
    appends = mode == "append" or (mode == "create_append" and existing is not None)
    store.allow("write" if appends else "make", name)
    _check_there(store, name, mode, existing)
    if appends:
        said = [o for o in options if o != "kind"]
        if said:
            raise refusal(
                f"the option {said[0]!r}", f"layer {name} is there already, and keeps what it has", "leave it out"
            )
        return Taking(call, name, existing, "append", options)
    return Taking(call, name, None, "replace" if mode == "replace" else "create", options)


def _check_there(store: Store, name: str, mode: TakeMode, existing: Layer | None) -> None:
    kind = store.kind_of(name)
    if kind not in (None, "layer"):
        raise refusal(
            f"the name {name}", f"it is that of a {'set of cells' if kind == 'cells' else kind}", "choose another"
        )
    if mode == "append" and existing is None:
        raise refusal(f"layer {name}", "there is none", "create it")
    if mode == "create" and existing is not None:
        raise refusal(f"layer {name}", "it is there already", "append to it, or replace it")


def _kind_of(schema: pa.Schema, taking: Taking) -> str:
    """What the rows are: what the layer holds, what is said, or what their columns tell."""
    said = taking.options.get("kind")
    if said is not None and said not in KINDS:
        raise refusal(f"the kind {said!r}", "it is none", f"kinds are {', '.join(KINDS)}")
    if taking.existing is not None:
        if said not in (None, taking.existing.kind):
            raise refusal(f"layer {taking.name}", f"it holds {taking.existing.kind}", "leave the kind out")
        return taking.existing.kind
    names = {n.casefold() for n in schema.names}
    has_cells = cells_of(schema) is not None
    return said or ("grid" if has_cells and not {"lon", "lat"} <= names else "places")


# -------------------------------------------------------------- cells


def _take_cells(taking: Taking, rows: pa.RecordBatchReader) -> Result:
    existing = taking.existing
    cells = Cells(rows, None if existing is None else existing.resolution)
    target = _target(taking, cells)
    store = taking.call.store
    job = store.write(target.layer, taking.mode, "insert" if taking.mode == "append" else "error")
    tiles = count = 0
    try:
        with job:
            ordered = Result(cells.schema, in_order(taking.call.running(), cells.reader(), target.cell))
            for block, some in blocks_of(target, ordered, ""):
                job.add(block)
                tiles, count = tiles + 1, count + some
    except RowExistsError as error:
        raise refusal(f"layer {error.layer}", f"it has a row for the cell {error.cell}{error.at} already",
                      "replace the layer, or send new cells and times only") from error  # fmt: skip
    said = f"layer {taking.name}: {count:,} cells in {tiles:,} tile rows"
    return done(said, taking.call.text, cells=count, tiles=tiles, rows=cells.rows, version=job.version)


def _target(taking: Taking, cells: Cells) -> Target:
    columns: tuple[OutputColumn, ...] = cells.columns
    existing = taking.existing
    if existing is not None:
        spans = (Span(0, 0),) * (len(columns) + 1)
        return match_cells(existing, columns, spans, "", replaces=False)
    if cells.resolution is None:
        raise refusal(ROWS, "there are none, so that the resolution of a new layer is not known", "send some")
    given: dict[str, Any] = {n: v for n, v in taking.options.items() if n in (*AXIS, "dimensions")}
    target = target_of(taking.name, columns, given, "")
    return replace(target, layer=taking.told(target.layer))
