"""One statement that a server runs: from its start to its last row, or to its end by whoever asked.

Whoever waits for the server must be able to stop waiting, from another thread or by Ctrl-C, and Arrow's calls cannot be
stopped before rows flow. They are therefore made in a thread of their own, which is left alone where the server does
not let go; the server is told by the number that the client gave the statement.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.client.connection import Connection
from cubeql.client.faults import ServerGone
from cubeql.engine.progress import Progress
from cubeql.engine.ready import Ready
from cubeql.engine.result import Result
from cubeql.errors import ConfigError, CubeQLError, Diagnostic, QueryCancelled, StoreError, diagnose
from cubeql.flight import told
from cubeql.flight.wire import pack

_T = TypeVar("_T")
_BRIEF_S = 0.05
_LETS_GO_S = 1.0  # within which a server that is there lets go
_ASKED_AGAIN_S = 0.25
_ASKING_S = 5.0
NUMBER_BYTES = 16


class RemoteCall:
    """A statement at work on a server. :meth:`cancel` and :meth:`progress` may be called from any thread.

    Args:
        connection: the way to the server.
        text: the statement.
        timeout_s: its time limit in seconds.
    """

    def __init__(self, connection: Connection, text: str, timeout_s: float | None) -> None:
        self._connection = connection
        self.text = text
        self.timeout_s = timeout_s
        self.number = secrets.token_bytes(NUMBER_BYTES)
        """By which the server knows it, from before it has answered anything."""
        self.began = time.monotonic()
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._cancelled = self._ended = False
        self._reader: flight.FlightStreamReader | None = None
        self._kept: object = None
        self._asked = Polled(self._ask)

    # -------------------------------------------------------------- rows

    def ready(self, params: str | None) -> Ready:
        """Have the statement made ready; one that changes something is run.

        Args:
            params: values of its parameters, see :mod:`cubeql.flight.values`.
        """
        try:
            command = pack("CommandStatementQuery", query=self.text, parameters=params, timeout_s=self.timeout_s,
                           number=self.number)  # fmt: skip
        except UnicodeEncodeError as error:
            raise ConfigError(f"the statement holds half a character at {error.start}, which cannot be sent") from None
        info = self.wait(lambda: self._connection.offer(command, self.text, self.timeout_s))
        warnings, message, stats = told.head_of(info.app_metadata)
        ticket = info.endpoints[0].ticket
        return Ready(
            info.schema, warnings, lambda: self._fetched(ticket, info.schema, warnings, message, stats), self.cancel,
            self._how_far, self.close, message is not None, message, stats,
        )  # fmt: skip

    def _fetched(
        self, ticket: flight.Ticket, schema: pa.Schema, warnings: tuple[Diagnostic, ...], message: str | None,
        stats: dict[str, Any],
    ) -> Result:  # fmt: skip
        reader, kept = self.wait(lambda: self._connection.rows(ticket, self.text, self.timeout_s))
        with self._lock:
            self._reader, self._kept = reader, kept
        self._check()
        result = Result(schema, iter(()), statement=self.text, warnings=warnings, message=message, stats=stats,
                        close=self.close, progress=self._how_far, cancel=self.cancel)  # fmt: skip
        result._batches = self._batches(reader, result)
        if message is not None:  # it has been done: what is left are its figures
            result.to_arrow()
        return result

    def _batches(self, reader: flight.FlightStreamReader, result: Result) -> Iterator[pa.RecordBatch]:
        received, ended, tail = 0, False, dict[str, Any]()
        took_s = _BRIEF_S  # all that sorts and groups is done before the first rows come
        try:
            while True:
                began = time.monotonic()
                chunk = self._next(reader, took_s)
                took_s = time.monotonic() - began
                if chunk is None:
                    break
                if chunk.app_metadata is not None:
                    tail, came = told.tail_of(chunk.app_metadata.to_pybytes())
                    self._asked.last = _progress(came) or self._asked.last
                if chunk.data is None:
                    continue
                received += chunk.data.nbytes
                if chunk.data.num_rows:
                    yield chunk.data
            ended = True
        finally:
            result.stats |= {"seconds": time.monotonic() - self.began, **tail, "bytes_received": received}
            self._ended = True
            if not ended:
                self._stop()

    def _next(self, reader: flight.FlightStreamReader, took_s: float) -> flight.FlightStreamChunk | None:
        """The next rows, None after the last; where the ones before took a while, Ctrl-C is heard meanwhile."""

        def read() -> flight.FlightStreamChunk | None:
            with self._connection.told(self.text, self.timeout_s):
                try:
                    return reader.read_chunk()
                except StopIteration:
                    return None

        try:
            return read() if took_s < _BRIEF_S else self.wait(read)
        except QueryCancelled:
            raise
        except ServerGone as gone:
            self._check()
            raise StoreError(f"{self._connection.address.place} went away while its rows came: some are missing\n"
                             "  hint: run the statement again when it is back") from gone  # fmt: skip
        except CubeQLError:
            self._check()
            raise

    # -------------------------------------------------------------- waiting

    def wait(self, task: Callable[[], _T]) -> _T:
        """Have a task done at the server, as long as the statement is not cancelled.

        Raises:
            QueryCancelled: it was, before the task was done.
        """
        self._check()
        future: Future[_T] = Future()
        future.add_done_callback(lambda _: self._woken.set())
        with self._lock:
            self._woken.clear()
        threading.Thread(target=_do, args=(task, future), name="cubeql-flight", daemon=True).start()
        try:
            if self._cancelled:
                self._woken.set()
            self._woken.wait()
        except BaseException:  # Ctrl-C, where nobody but Python heeds it
            self.cancel()
            raise
        if not future.done():
            wait([future], _LETS_GO_S)
        if not future.done():
            future.add_done_callback(_left_alone)
            raise self._stopped()
        try:
            return future.result()
        except CubeQLError:
            self._check()
            self._ended = True  # the server has nothing more of it
            raise

    def _check(self) -> None:
        if self._cancelled:
            raise self._stopped()

    def _stopped(self) -> QueryCancelled:
        return QueryCancelled([diagnose("cancelled")], self.text)

    # -------------------------------------------------------------- control

    @property
    def at_work(self) -> bool:
        """Whether it runs."""
        return not self._ended and not self._cancelled

    def cancel(self) -> None:
        """Stop it, here and at the server."""
        with self._lock:
            if self._cancelled or self._ended:
                return
            self._cancelled = True
        self._woken.set()
        self._stop()

    def close(self) -> None:
        """Leave the rows that have not come; the server stops."""
        if not self._ended:
            self._ended = True
            self._stop()

    def _stop(self) -> None:
        with self._lock:
            reader = self._reader
        if reader is not None:
            reader.cancel()
            return
        threading.Thread(target=self._tell_to_stop, name="cubeql-flight-cancel", daemon=True).start()

    def _tell_to_stop(self) -> None:
        with suppress(CubeQLError):
            self._connection.act("cubeql.cancel", self.number, timeout_s=_ASKING_S)

    def progress(self) -> Progress | None:
        """How far it is, as the server told last; asks it anew, but does not wait for its answer."""
        return self._asked.now() if self.at_work else self._asked.last

    def _how_far(self) -> Progress:
        return self.progress() or Progress(0, 0, time.monotonic() - self.began, None)

    def _ask(self) -> Progress | None:
        return _progress(told.object_of(self._connection.act("cubeql.progress", self.number, timeout_s=_ASKING_S)))


def _progress(told: Mapping[str, Any] | None) -> Progress | None:
    return Progress(told["done"], told["all"], told["seconds"], told["seconds_left"]) if told else None


def _do(task: Callable[[], Any], future: Future[Any]) -> None:
    try:
        found = task()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(found)


def _left_alone(future: Future[Any]) -> None:
    """What comes of a task that nobody waits for any more: rows that nobody will read are refused."""
    if future.exception() is None and isinstance(future.result(), tuple):
        future.result()[0].cancel()


class Polled:
    """Something at the server that is looked at again and again: what it was last, without waiting.

    Args:
        ask: asks the server.
    """

    def __init__(self, ask: Callable[[], Progress | None]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._asking = False
        self.last: Progress | None = None

    def now(self) -> Progress | None:
        """What it was last; the server is asked anew where that was a while ago."""
        with self._lock:
            if self._asking or time.monotonic() - self._asked_at < _ASKED_AGAIN_S:
                return self.last
            self._asking = True
        threading.Thread(target=self._renew, name="cubeql-flight-progress", daemon=True).start()
        return self.last

    def _renew(self) -> None:
        try:
            found = self._ask()
            self.last = found or self.last
        except CubeQLError:
            pass  # the statement itself says what is wrong
        finally:
            with self._lock:
                self._asking, self._asked_at = False, time.monotonic()
