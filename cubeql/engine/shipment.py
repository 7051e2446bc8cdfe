"""Statements that attached servers do: sent when this one is prepared, their rows fetched as they are read.

A short answer is never taken for a whole one: whatever breaks while rows come is kept, and told when the engine stops.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

import pyarrow as pa

from cubeql.analyze.bound import OutputColumn
from cubeql.compiler import CompiledQuery
from cubeql.engine.attachments import Attachment, Attachments
from cubeql.engine.running import Running
from cubeql.errors import QueryError, diagnose
from cubeql.plan.shipped import Shipped
from cubeql.sql import quote

_STALE_S = 20.0
"""A statement that was made ready longer ago is made ready anew: servers forget those that nobody fetches."""


class Shipment:
    """One statement at a server.

    Args:
        attachment: the server.
        text: what it is asked.
        columns: what its rows must have, in order.
        running: the statement here, which stops it.

    Attributes:
        rows: how many have come.
        seconds: how long was waited for them.
    """

    def __init__(
        self, attachment: Attachment, text: str, columns: tuple[OutputColumn, ...], running: Running
    ) -> None:
        self.attachment, self.text, self.columns, self.running = attachment, text, columns, running
        self.rows = 0
        self.seconds = 0.0
        self._info, self._at = self._ready()
        given: pa.Schema = self._info.schema
        self._told = (given.metadata or {}).get(b"cubeql", b"{}")
        self._plan: tuple[str, ...] = ()
        if len(given) != len(columns):
            raise self._broken(f"it gives {len(given)} columns, not {len(columns)}")
        self.outer = pa.schema([f.with_name(c.name) for f, c in zip(given, columns, strict=True)], given.metadata)
        self.inner = pa.schema([pa.field(f.name, _inner(f.type), metadata=_kept(f)) for f in self.outer])

    def _ready(self) -> tuple[Any, float]:
        self.running.check()
        with self.attachment.faults(self.running.text):
            return self.attachment.connection.info(self.text, self._left()), time.monotonic()

    def _left(self) -> float | None:
        limit = self.running.timeout_s
        return None if limit is None else max(0.1, limit - (time.monotonic() - self.running.began))

    def _broken(self, reason: str) -> QueryError:
        fault = diagnose("server_fails", None, server=self.attachment.name, reason=reason)
        return QueryError([fault], self.running.text)

    @property
    def layers(self) -> dict[str, Any]:
        """What the server tells of the layers it read, by the names that they have here."""
        try:
            told = json.loads(self._told)
        except ValueError:
            return {}
        layers: Mapping[str, Any] = told.get("layers", {}) if isinstance(told, dict) else {}
        return {f"{self.attachment.name}.{name}": facts for name, facts in layers.items()}

    @property
    def plan(self) -> tuple[str, ...]:
        """What the server says that it will do, where it was asked."""
        return self._plan

    def ask_plan(self) -> None:
        """Ask the server what it will do; one that does not say is left in peace."""
        from cubeql.flight.calling import ServerFault

        connection = self.attachment.connection
        try:
            arriving = connection.rows(connection.info(f"EXPLAIN {self.text}", self._left()), self._left())
            lines = [line for batch in arriving for line in batch.column(0).to_pylist()]
        except ServerFault:
            return
        steps = list(takewhile(bool, lines))
        self._plan = (*steps, *lines[len(steps) + 1 : len(steps) + 2])

    def batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The rows in a schema, asked for anew.

        Raises:
            QueryError: they do not all come.
        """
        from cubeql.flight.calling import ServerFault

        began, rows = time.monotonic(), 0
        if self._info is None or began - self._at > _STALE_S:
            self._info, self._at = self._ready()
        info, self._info = self._info, None
        try:
            arriving = self.attachment.connection.rows(info)
            self.running.stops(arriving.cancel)
            for batch in arriving:
                arrays = [_cast(a, f.type) for a, f in zip(batch.columns, schema, strict=True)]
                arrays = arrays if schema is self.outer else [_aligned(a) for a in arrays]
                rows += batch.num_rows
                self.rows, self.seconds = rows, time.monotonic() - began
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        except ServerFault as fault:
            self.running.check()
            raise self.attachment.fault(fault, self.running.text) from fault
        finally:
            self.seconds = time.monotonic() - began

    def _guarded(self) -> Iterator[pa.RecordBatch]:
        """The rows for the engine, which keeps of an error nothing but words."""
        try:
            yield from self.batches(self.inner)
        except QueryError as error:
            self.running.breaks(error)
            raise

    def __arrow_c_schema__(self) -> Any:
        """The schema as the engine sees it."""
        return self.inner.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows, once more."""
        reader = pa.RecordBatchReader.from_batches(self.inner, self._guarded())
        return reader.__arrow_c_stream__(requested_schema)


def shipments(compiled: CompiledQuery, attached: Attachments, running: Running) -> dict[str, Shipment]:
    """Send to their servers what a statement has there, and make the relations of the rows.

    Raises:
        QueryError: a server refuses it, or does not answer.
    """
    return {one.name: _shipped(one, compiled, attached, running) for one in compiled.statement.shipped}


def _shipped(one: Shipped, compiled: CompiledQuery, attached: Attachments, running: Running) -> Shipment:
    attachment = attached.named(one.server)
    if attachment is None:
        raise QueryError([diagnose("server_left", None, server=one.server)], compiled.text)
    shipment = Shipment(attachment, one.text, one.columns, running)
    running.kept.append(shipment)
    if compiled.plan is one and not compiled.ordered_by:
        return shipment  # its rows are those of the statement, and do not pass through the engine
    readings = compiled.sql.count(quote(one.name))
    name = one.name if readings < 2 else f"{one.name}$arriving"
    running.cursor.register(name, shipment)
    if readings > 1:
        running.cursor.execute(f"CREATE TEMP TABLE {quote(one.name)} AS FROM {quote(name)}")
    return shipment


def _inner(kind: pa.DataType) -> pa.DataType:
    """What the engine computes with: cells as signed numbers, instants without a zone, lists of any length."""
    if kind == pa.uint64():
        return pa.int64()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_inner(kind.value_type))
    return kind


def _kept(field: pa.Field) -> dict[bytes, bytes] | None:
    """What tells the engine that bytes are a geometry."""
    return {k: v for k, v in (field.metadata or {}).items() if k.startswith(b"ARROW:")} or None


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    return array if array.type == kind else array.cast(kind)


def _aligned(array: pa.Array) -> pa.Array:
    """The same in memory of our own: what came by wire begins anywhere, of which the engine's reader complains."""
    return pa.concat_arrays([array, array.slice(0, 0)])
