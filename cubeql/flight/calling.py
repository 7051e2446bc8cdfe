"""A connection to a server that speaks Flight SQL, for whatever here asks one: sessions on it, and attached servers.

Statements go as text, rows come as a stream that can be left at any time. Faults of the server come as CubeQL's own
errors, and none of them holds the token.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.errors import CubeQLError, QueryError
from cubeql.flight.address import FlightAddress
from cubeql.flight.channel import Channel
from cubeql.flight.told import fault_of
from cubeql.flight.wire import pack

ANSWERS_S = 20.0
"""Within which a server answers what it need not work for."""


class ServerFault(CubeQLError):  # noqa: N818
    """What a server answers in place of rows, or that it does not answer.

    Attributes:
        kind: ``refused`` (the statement is at fault), ``token``, ``timeout``, ``gone`` (it does not answer, or is busy)
            or ``failed``.
        reason: what the server says.
        fault: the very fault, where the server tells it.
    """

    def __init__(self, kind: str, reason: str, fault: CubeQLError | None = None) -> None:
        self.kind, self.reason, self.fault = kind, reason, fault
        super().__init__(reason)


class Connection:
    """A connection; any thread may use it.

    Args:
        address: of the server.
        token: see :class:`cubeql.flight.channel.Channel`.
        tls: the same.
    """

    def __init__(
        self, address: FlightAddress, token: str | None = None, tls: Mapping[str, bytes] | None = None
    ) -> None:
        self.address = address
        self.way = (address, token, tls)
        self._channel = Channel(address, token, tls or {})

    def info(self, text: str, timeout_s: float | None = None) -> flight.FlightInfo:
        """A statement made ready there: the schema of its rows, and where they are fetched.

        Raises:
            ServerFault: the server refuses it, or does not answer.
        """
        with self._faults(text):
            return self._channel.offer(pack("CommandStatementQuery", query=text), timeout_s)

    def rows(self, info: flight.FlightInfo, timeout_s: float | None = None) -> Arriving:
        """The rows of a statement that is ready.

        Raises:
            ServerFault: the server refuses them, or does not answer.
        """
        with self._faults():
            return Arriving(*self._channel.rows(info.endpoints[0].ticket, timeout_s))

    def ask(self, action: str, question: Any, timeout_s: float | None = ANSWERS_S) -> Any:
        """What one of CubeQL's own actions answers; question and answer are plain values, which travel as JSON.

        Raises:
            ServerFault: the server refuses it, or does not answer.
        """
        with self._faults():
            answer = self._channel.act(action, json.dumps(question).encode(), timeout_s)
        try:
            return json.loads(answer)
        except ValueError as error:
            raise ServerFault("failed", f"the answer to {action} cannot be read: {error}") from None

    @contextmanager
    def _faults(self, text: str = "") -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, ValueError) as error:
            fault = _fault(error, text)
            if fault.kind == "gone":
                self._channel.renew()
            raise fault from None

    def close(self) -> None:
        """Leave the server; rows on their way still come."""
        self._channel.close()

    def __repr__(self) -> str:
        return f"<Connection to {self.address}>"


class Arriving:
    """Rows on their way; another thread may cancel them.

    Args:
        reader: gives them.
        kept: must be there as long as they come.

    Attributes:
        schema: of the rows.
        rows: how many have come.
    """

    def __init__(self, reader: flight.FlightStreamReader, kept: object) -> None:
        self._reader, self._kept = reader, kept
        self._cancelled = threading.Event()
        self.schema: pa.Schema = reader.schema
        self.rows = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """The batches.

        Raises:
            ServerFault: they end before the last.
        """
        while True:
            try:
                batch = self._reader.read_chunk().data
            except StopIteration:
                return
            except (pa.ArrowException, OSError) as error:
                raise _fault(error) from None
            if batch is not None:
                self.rows += batch.num_rows
                yield batch

    def cancel(self) -> None:
        """Let the server stop; more than once does no harm."""
        if not self._cancelled.is_set():
            self._cancelled.set()
            self._reader.cancel()


_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (flight.FlightUnauthenticatedError, "token"),
    (flight.FlightUnauthorizedError, "refused"),
    (flight.FlightTimedOutError, "timeout"),
    (flight.FlightUnavailableError, "gone"),
    (pa.ArrowInvalid, "refused"),
)
_MESSAGE = re.compile(r"message: (.*)", re.DOTALL)
_TAIL = re.compile(r"\.? ?gRPC client debug context:.*| Detail: .*", re.DOTALL)


def _fault(error: Exception, statement: str = "") -> ServerFault:
    """CubeQL's error for one of Arrow Flight; what gRPC says of itself is left out."""
    kind = next((k for c, k in _KINDS if isinstance(error, c)), "failed")
    said = _MESSAGE.search(str(error))
    reason = _TAIL.sub("", said[1] if said else str(error)).strip() or type(error).__name__
    fault = fault_of(getattr(error, "extra_info", None) or b"", statement)
    return ServerFault("refused" if isinstance(fault, QueryError) else kind, reason, fault)
