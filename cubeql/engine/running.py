"""One running statement: it can be cancelled from any thread, and stops at its time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from cubeql.errors import InternalError, QueryCancelled, QueryError, QueryTimeout, StoreError, diagnose


class Running:
    """A statement from its start to the last row read from it.

    Args:
        cursor: the connection it runs on; closed with it.
        text: the statement, for errors.
        timeout_s: its time limit in seconds, None for none.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, text: str, timeout_s: float | None = None) -> None:
        self.cursor = cursor
        self.text = text
        self.timeout_s = timeout_s
        self.began = time.monotonic()
        self._why: str | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        if timeout_s is not None:
            self._timer = threading.Timer(timeout_s, self._stop, ("timeout",))
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """Stop the statement; whoever reads from it gets :class:`QueryCancelled`."""
        self._stop("cancelled")

    def _stop(self, why: str) -> None:
        with self._lock:
            if self._closed:
                return
            self._why = self._why or why
            self.cursor.interrupt()

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
            self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self.cursor.close()

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turn faults of the engine into CubeQL's own; the statement is closed."""
        try:
            yield
        except duckdb.Error as error:
            self.close()
            raise self._fault(error) from error
        except BaseException:
            self.close()
            raise

    def _fault(self, error: duckdb.Error) -> Exception:
        if self._why is not None:
            return self._stopped()
        reason = str(error).splitlines()[0]
        match error:
            case duckdb.InterruptException():
                return QueryCancelled([diagnose("cancelled")], self.text)
            case duckdb.OutOfMemoryException():
                return QueryError([diagnose("out_of_memory", limit=_limit(reason))], self.text)
            case duckdb.OutOfRangeException() | duckdb.ConversionException():
                return QueryError([diagnose("value_out_of_range", reason=reason)], self.text)
            case duckdb.IOException():
                return StoreError(f"the store cannot be read: {reason}")
        return InternalError(f"the engine refused a statement of the compiler: {error}")


def _limit(reason: str) -> str:
    start = reason.rfind("(")
    return reason[start + 1 :].rstrip(")") if start >= 0 else reason
