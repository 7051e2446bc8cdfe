"""One running statement: it can be cancelled from any thread, and stops at its time limit.

The engine mostly lets go within a moment of being interrupted. But it does not hear while it finds the median of many
million values, nor while S3 does not answer. Therefore it works in a thread of its own, which is left alone when the
statement is stopped and the engine does not let go; what it holds is freed when it has ended.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

import duckdb

from cubeql.engine.beside import INSIST_S, Connections
from cubeql.engine.progress import Progress, Pulse
from cubeql.errors import CubeQLError, InternalError, QueryCancelled, QueryError, QueryTimeout, StoreError, diagnose
from cubeql.storage.traffic import Meter, Traffic, metered

if TYPE_CHECKING:
    from cubeql.engine.remote import Remote

_T = TypeVar("_T")

_LETS_GO_S = 0.3  # within which the engine lets go if it is not deaf


class Running:
    """A statement from its start to the last row read from it.

    Args:
        cursor: the connection it runs on; closed with it.
        text: the statement, for errors.
        timeout_s: its time limit in seconds, None for none.
        remote: the engine's way to a store on S3; None for one on a disk.
        meter: counts what the store's room asks of S3 for the statement; None makes one.
    """

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        text: str,
        timeout_s: float | None = None,
        remote: Remote | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.cursor = cursor
        self.remote = remote
        self._meter = meter or Meter()
        self._numbers: list[int] = []
        self.connections = Connections(cursor, self._begun)
        self._woken = threading.Event()
        self.text = text
        self.timeout_s = timeout_s
        self.began = time.monotonic()
        self._pulse = Pulse()
        self._why: str | None = None
        self._closed = False
        self.views: tuple[str, ...] = ()
        """Views that hide from whoever asks what they read."""
        self.kept: list[object] = []
        """What must be there as long as the statement runs."""
        self._stops: list[Callable[[], None]] = []
        self._broken: Exception | None = None
        self._lock = threading.Lock()
        self._in_engine = self._insisting = False
        self._left = threading.Event()
        self._timer: threading.Timer | None = None
        self.limit(timeout_s)

    def limit(self, timeout_s: float | None) -> None:
        """Give it another time limit, in seconds from now; None takes the limit away."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
            if self._closed or self._why is not None:
                return
            self.timeout_s = timeout_s
            if timeout_s is not None:
                self._timer = threading.Timer(timeout_s, self._stop, ("timeout",))
                self._timer.daemon = True
                self._timer.start()

    def cancel(self) -> None:
        """Stop the statement; whoever reads from it gets :class:`QueryCancelled`."""
        self._stop("cancelled")

    def stops(self, stop: Callable[[], None]) -> None:
        """Have something elsewhere stopped when the statement is, or ends; to stop what has ended must do no harm."""
        with self._lock:
            self._stops.append(stop)
            late = self._closed or self._why is not None
        if late:
            stop()

    def breaks(self, error: Exception) -> None:
        """Note what went wrong elsewhere, of which the engine will only say that something did."""
        self._broken = self._broken or (self._fault(error) if isinstance(error, duckdb.Error) else error)

    def _stop_elsewhere(self) -> None:
        for stop in self._stops:
            stop()

    def reads(self, tiles: int, count: Callable[[], int]) -> None:
        """Note how many tile rows the statement reads, just before it does; ``count`` tells how many are done with."""
        self._pulse.reads(tiles, count)

    def progress(self) -> Progress:
        """How far it is; may be asked from any thread."""
        return self._pulse.now()

    def ended(self) -> None:
        """Note that all rows have come."""
        self._pulse.end(whole=True)

    @property
    def at_work(self) -> bool:
        """Whether it runs: it has not been closed, nor told to stop."""
        return not self._closed and self._why is None

    def _stop(self, why: str) -> None:
        with self._lock:
            if self._closed:
                return
            self._why = self._why or why
            if self._timer is not None:
                self._timer.cancel()
            insist = self._in_engine and not self._insisting
            self._insisting = self._insisting or insist
        self._woken.set()
        self._stop_elsewhere()
        if insist:
            threading.Thread(target=self._insist, daemon=True).start()

    def _insist(self) -> None:
        """Interrupt until the engine has let go: it forgets what comes before a statement has begun."""
        while True:
            with self._lock:
                if not self._in_engine:
                    self._insisting = False
                    return
                self.connections.interrupt()
            self._left.wait(INSIST_S)

    def work(self, task: Callable[[], _T], brief: bool = False) -> _T:
        """Have the engine do a task; a statement that was stopped does not get there.

        Args:
            task: what to do.
            brief: it surely ends in a moment, on a disk: it needs no thread of its own.

        Raises:
            QueryTimeout, QueryCancelled: the statement was stopped before the task was done.
        """
        if brief and self.remote is None:
            with self._engine():
                return task()
        future: Future[_T] = Future()
        with self._lock:
            self._woken = woken = threading.Event()
        self.check()
        future.add_done_callback(lambda _: woken.set())
        # At exit an interpreter waits for what computes, which ends; a server that does not answer may never do.
        far = self.remote is not None or bool(self._stops)
        threading.Thread(target=copy_context().run, args=(self._do, task, future), daemon=far).start()
        woken.wait()
        wait([future], _LETS_GO_S)
        if not future.done():
            _ALONE.add(future)
            future.add_done_callback(_ALONE.discard)
            future.add_done_callback(lambda _: self.close())
            raise self._stopped()
        return future.result()

    def _do(self, task: Callable[[], _T], future: Future[_T]) -> None:
        try:
            with self._engine(), metered(self._meter):
                found = task()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(found)

    @contextmanager
    def _engine(self) -> Iterator[None]:
        with self._lock:
            if self._why is not None:
                raise self._stopped()
            self._in_engine = True
            self._left.clear()
        try:
            yield
        finally:
            with self._lock:
                self._in_engine = False
            self._left.set()

    def check(self) -> None:
        """Raise if the statement was stopped."""
        if self._why is not None:
            raise self._stopped()

    def _stopped(self) -> QueryError:
        if self._why == "timeout":
            return QueryTimeout([diagnose("timeout", limit_s=self.timeout_s)], self.text)
        return QueryCancelled([diagnose("cancelled")], self.text)

    def close(self) -> None:
        """Free the connection; more than once does no harm."""
        with self._lock:
            if self._closed:
                return
            at_work = self._in_engine
            self._closed = not at_work
        if at_work:  # in another thread, which closes it when it has been stopped
            self._stop("cancelled")
            return
        self._pulse.end(whole=False)
        self._stop_elsewhere()
        if self._timer is not None:
            self._timer.cancel()
        self.connections.close()
        for number in self._numbers:
            assert self.remote is not None
            self.remote.end(number)

    def _begun(self, cursor: duckdb.DuckDBPyConnection) -> None:
        if self.remote is not None:
            self._numbers.append(self.remote.begin(cursor))

    def traffic(self) -> Traffic | None:
        """What was asked of the network up to now; None on a disk, or where it is not known any more."""
        found = [self.remote.traffic(n) for n in self._numbers] if self.remote is not None else [None]
        engine = [one for one in found if one is not None]
        return sum(engine, self._meter.total) if len(engine) == len(found) else None

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turn faults of the engine into CubeQL's own; the statement is closed."""
        try:
            yield
        except (duckdb.Error, OSError) as error:
            self.close()
            raise self._veiled(self._fault(error)) from error
        except CubeQLError as error:
            self.close()
            veiled = self._veiled(error)
            if veiled is error:
                raise
            raise veiled from error
        except BaseException:
            self.close()
            raise

    def _veiled(self, error: Exception) -> Exception:
        """The fault as it may be told where views hide what the statement reads: texts of faults name it."""
        if not self.views or {d.code for d in getattr(error, "diagnostics", ())} & _TOLD:
            return error
        fault = diagnose("view_fails", name="', '".join(self.views))
        if isinstance(error, QueryError):
            return QueryError([fault], self.text)
        kind = StoreError if isinstance(error, (StoreError, OSError)) else InternalError
        return kind(fault.message)

    def _fault(self, error: Exception) -> Exception:
        """CubeQL's error for one of the engine; rows that stream bring it as an OSError that begins with its kind."""
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        kind = next((k for k in _KINDS if reason.startswith(k)), None)
        if kind is None and isinstance(error, OSError):
            return error
        if self._why is not None:
            return self._stopped()
        if self._broken is not None:
            return self._broken
        if kind == "INTERRUPT Error":
            return QueryCancelled([diagnose("cancelled")], self.text)
        if kind == "Out of Memory Error":
            return QueryError([diagnose("out_of_memory", limit=_limit(reason))], self.text)
        far = None if self.remote is None or kind not in _FAR else self.remote.fault(str(error))
        if far is not None:
            return far
        refused = _REFUSED.search(str(error))
        if refused is not None:
            return QueryError([diagnose("value_refused", reason=refused[1])], self.text)
        if kind in ("Out of Range Error", "Conversion Error"):
            return QueryError([diagnose("value_out_of_range", reason=reason)], self.text)
        if kind == "IO Error" or (kind == "Invalid Input Error" and "parquet" in reason):
            return StoreError(f"the store cannot be read: {reason}")
        return InternalError(f"the engine refused a statement of the compiler: {error}")


class Halt:
    """Stops the statements that were begun for one purpose, and those that are begun for it later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: WeakSet[Running] = WeakSet()
        self._called = False

    @property
    def called(self) -> bool:
        """Whether it was."""
        return self._called

    def begun(self, running: Running) -> None:
        """Note a statement."""
        with self._lock:
            self._begun.add(running)
        if self._called:
            running.cancel()

    def call(self) -> None:
        """Cancel them; from any thread."""
        with self._lock:
            self._called = True
            begun = list(self._begun)
        for running in begun:
            running.cancel()

    def progress(self) -> Progress | None:
        """How far the newest of those that run is; None where none does."""
        with self._lock:
            return newest_progress(self._begun)


def left_alone() -> int:
    """How many tasks of stopped statements the engine still works on."""
    return len(_ALONE)


_ALONE: set[Future[Any]] = set()


def newest_progress(statements: Iterable[Running]) -> Progress | None:
    """How far the statement is that began last, of those that run; None where none does."""
    at_work = [one for one in statements if one.at_work]
    return max(at_work, key=lambda one: one.began).progress() if at_work else None


_TOLD = frozenset(("timeout", "cancelled", "out_of_memory", "stalled", "result_too_large"))
"""Faults that tell nothing of what a statement reads."""
_REFUSED = re.compile(r"\[\[refused: (.*?)\]\]", re.DOTALL)


def refusal(reason: str) -> str:
    """The text of an error by which a function that the engine calls refuses a value; users read the reason alone."""
    return f"[[refused: {reason}]]"


_FAR = ("HTTP Error", "IO Error", "Invalid Input Error")
_KINDS = ("INTERRUPT Error", "Out of Memory Error", "Out of Range Error", "Conversion Error", "IO Error", "HTTP Error",
          "Invalid Input Error", "Binder Error", "Catalog Error", "Parser Error", "INTERNAL Error")  # fmt: skip


def _limit(reason: str) -> str:
    start = reason.rfind("(")
    return reason[start + 1 :].rstrip(")") if start >= 0 else reason
