"""Rows on their way to a client: computed in one thread, sent in another, and never many at a time in between.

The thread that computes owns the engine's cursor and fills a queue of a few batches; when that is full the engine
stops. gRPC's thread takes batches from it and may be stuck in a write to a client that does not read: nothing that
others need hangs on that thread. A stream that was left by its client, or stalls, is stopped, and what it held is free.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.engine.result import Result
from cubeql.errors import QueryCancelled, QueryError, QueryTimeout, diagnose
from cubeql.server.slices import has_dictionary, slices
from cubeql.server.slots import Turn
from cubeql.server.watch import Watch

_PATIENCE_S = 0.2  # after which a stream whose client does not read leaves its slot to others


class Stalled(QueryTimeout):
    """A client did not take what waited for it."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What a stream may take.

    Attributes:
        batch_bytes: of one batch, about.
        batches: that are made before they are taken.
        stall_s: how long a batch may wait for its client.
        most_rows: of a result; 0 for any number.
        most_bytes: of a result; 0 for any number.
    """

    batch_bytes: int = 4 << 20
    batches: int = 2
    stall_s: float = 60.0
    most_rows: int = 0
    most_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a stream.

    Attributes:
        how: one of :data:`cubeql.server.counts.ENDS`.
        rows: that went out.
        bytes: that went out, as Arrow.
        seconds: it took.
        tiles: tile rows it read.
        error: what was wrong, if anything.
    """

    how: str
    rows: int
    bytes: int
    seconds: float
    tiles: int
    error: BaseException | None


class Stream:
    """A statement at work, and its rows that wait to be taken.

    Args:
        start: starts the statement.
        cancel: stops the engine's work on it, from any thread.
        flow: what it may take.
        turn: its right to run; over when the engine has let go of it.
        ended: told what became of it, once; a client that does not read learns of it later, if ever.
        left: told that its client takes nothing more, once.
    """

    def __init__(
        self,
        start: Callable[[], Result],
        cancel: Callable[[], None],
        flow: Flow,
        turn: Turn | None = None,
        ended: Callable[[Sent], None] = lambda sent: None,
        left: Callable[[], None] = lambda: None,
    ) -> None:
        self._start, self._cancel, self._flow = start, cancel, flow
        self._turn, self._ended, self._left = turn or Turn(), ended, left
        self._began = self._taken_at = time.monotonic()
        self._changed = threading.Condition()
        self._parts: deque[tuple[pa.RecordBatch, int]] = deque()
        self._queued = self._made_rows = self._made_bytes = self._rows = self._bytes = 0
        self._whole = self._asking = self._over = self._told = False
        self._why: BaseException | None = None
        self._result: Result | None = None
        self._thread = threading.Thread(target=self._produce, name="cubeql-stream", daemon=True)
        self._thread.start()

    # -------------------------------------------------------------- the thread that computes

    def _produce(self) -> None:
        try:
            with self._start() as result:
                self._result = result
                whole = all(self._put(part, size) for batch in result for part, size in self._cut(batch))
            with self._changed:
                self._whole = whole
                self._changed.notify_all()
        except BaseException as error:
            self._stop(error)
        finally:
            self._turn.end()

    def _cut(self, batch: pa.RecordBatch) -> Iterator[tuple[pa.RecordBatch, int]]:
        for part, size in slices(batch, self._flow.batch_bytes):
            self._made_rows += part.num_rows
            self._made_bytes += size
            _check(self._made_rows, self._flow.most_rows, "rows")
            _check(self._made_bytes, self._flow.most_bytes, "bytes")
            yield part, size

    def _put(self, part: pa.RecordBatch, size: int) -> bool:
        """Queue a part when there is room; False where nobody will take it.

        Whoever's client does not read has nothing to compute: others do meanwhile.
        """
        if not self._has_room(size, _PATIENCE_S):
            self._turn.rest()
            self._has_room(size, None)
            self._turn.go_on(lambda: self._why is not None)
        with self._changed:
            if self._why is not None:
                return False
            self._parts.append((part, size))
            self._queued += size
            self._changed.notify_all()
            return True

    def _has_room(self, size: int, seconds: float | None) -> bool:
        """Wait until a part fits, or nothing is wanted any more."""
        most = self._flow.batch_bytes * self._flow.batches
        with self._changed:
            return self._changed.wait_for(
                lambda: self._why is not None or not self._parts or self._queued + size <= most, seconds
            )

    # -------------------------------------------------------------- any thread

    @property
    def alive(self) -> bool:
        """Whether the engine still works on it."""
        return self._thread.is_alive()

    def _stop(self, why: BaseException) -> None:
        """Note why nothing comes any more; the first reason stays, and one that has given all needs none."""
        with self._changed:
            if self._why is None and (self._parts or not self._whole):
                self._why = why
            self._parts.clear()
            self._queued = 0
            self._changed.notify_all()

    def stop(self, why: BaseException | None = None) -> None:
        """Stop it; who takes from it gets the error. One that has ended does not mind."""
        self._stop(why or QueryCancelled([diagnose("cancelled")]))
        self._cancel()
        self._tell()

    def _tell(self) -> None:
        """Tell what became of it, now that it is settled: its handler may be in a write that never ends."""
        with self._changed:
            told, self._told = self._told, True
        if not told:
            self._ended(self.sent())

    def stalls(self) -> bool:
        """Whether its client has left what waits for it longer than it may."""
        return not self._asking and time.monotonic() - self._taken_at > self._flow.stall_s

    def evict(self) -> None:
        """Stop it because it stalls."""
        self.stop(Stalled([diagnose("stalled", limit_s=self._flow.stall_s)]))

    # -------------------------------------------------------------- gRPC's thread

    def take(self, watch: Watch, gone: Callable[[], bool]) -> pa.RecordBatch | None:
        """The next rows, None after the last.

        Raises:
            CubeQLError: the statement failed, or was stopped.
        """
        self._asking = True
        try:
            if not self._is_ready():
                with watch.over(gone, self.stop), self._changed:
                    self._changed.wait_for(self._is_ready)
            with self._changed:
                if self._why is not None:
                    raise self._why
                if not self._parts:
                    return None
                part, size = self._parts.popleft()
                self._queued -= size
                self._rows += part.num_rows
                self._bytes += size
                self._changed.notify_all()
                return part
        finally:
            self._asking, self._taken_at = False, time.monotonic()

    def _is_ready(self) -> bool:
        return bool(self._parts) or self._whole or self._why is not None

    def left(self) -> None:
        """Note that its client takes nothing more; what still runs is stopped."""
        with self._changed:
            over, self._over = self._over, True
            whole = self._whole and not self._parts
        if over:
            return
        if not whole:
            self.stop()
        self._tell()
        self._left()

    @property
    def stats(self) -> dict[str, Any]:
        """The statement's own figures up to now."""
        return {} if self._result is None else dict(self._result.stats)

    def sent(self) -> Sent:
        """What became of it up to now."""
        why = self._why
        how = "done" if why is None else next((how for kind, how in _HOW if isinstance(why, kind)), "failed")
        tiles = 0 if self._result is None else int(self._result.stats.get("tiles_kept") or 0)
        return Sent(how, self._rows, self._bytes, time.monotonic() - self._began, tiles, why)


_HOW: tuple[tuple[type[BaseException], str], ...] = (
    (QueryCancelled, "cancelled"), (Stalled, "stalled"), (QueryTimeout, "timeout"),
)  # fmt: skip


def _check(made: int, most: int, what: str) -> None:
    if most and made > most:
        raise QueryError([diagnose("result_too_large", most=most, what=what)])


class Outlet:
    """What gRPC takes a stream's rows from.

    gRPC's handler alone holds it, so that it goes with the handler: of a client that is lost inside of a write nothing
    is heard but that. The stream's own thread must therefore never refer to it.

    Args:
        stream: what it takes from.
        schema: of the rows.
        watch: looks whether the client is still there while the rows are computed.
        gone: tells whether it went away.
        said: what comes with a last batch without rows, if anything.
        told: what an error is called to the client.
    """

    def __init__(
        self,
        stream: Stream,
        schema: pa.Schema,
        watch: Watch,
        gone: Callable[[], bool],
        said: Callable[[], bytes] | None = None,
        told: Callable[[BaseException], BaseException] = lambda error: error,
    ) -> None:
        self._stream, self._schema = stream, schema
        self._watch, self._gone = watch, gone
        self._said, self._told = said, told
        self._dictionaries = any(has_dictionary(field.type) for field in schema)
        self._forget = watch.add(stream.stalls, stream.evict)

    def __iter__(self) -> Outlet:
        return self

    def __next__(self) -> Any:
        try:
            part = self._stream.take(self._watch, self._gone)
        except BaseException as error:
            self._end()
            raise self._told(error) from None
        if part is None:
            said, self._said = self._said, None
            if said is not None:
                return pa.RecordBatch.from_pylist([], self._schema), said()
            self._end()
            raise StopIteration
        # A batch by itself does not bring its dictionaries along.
        return pa.Table.from_batches([part]) if self._dictionaries else part

    def __del__(self) -> None:
        self._end()

    def _end(self) -> None:
        self._forget()
        self._stream.left()


def flight_stream(outlet: Outlet, schema: pa.Schema, compression: str = "none") -> flight.FlightDataStream:
    """The rows of an outlet as Arrow Flight takes them."""
    options = pa.ipc.IpcWriteOptions(compression=None if compression == "none" else compression)
    return flight.GeneratorStream(schema, outlet, options)
