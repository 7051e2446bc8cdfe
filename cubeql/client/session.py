"""A session on a served store, with the methods of :class:`cubeql.session.Session`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.engine.result import Result
from cubeql.flight.wire import pack


class RemoteSession:
    """Statements on a store that is served elsewhere.

    Args:
        address: ``flight://host:port``.
        token: what the server knows the user by.
    """

    def __init__(self, address: str, token: str) -> None:
        self._client = flight.FlightClient(address.replace("flight://", "grpc://", 1))
        self._options = flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {token}".encode())])

    def query(self, text: str) -> Result:
        """Run one statement."""
        descriptor = flight.FlightDescriptor.for_command(pack("CommandStatementQuery", query=text))
        info = self._client.get_flight_info(descriptor, self._options)
        reader = self._client.do_get(info.endpoints[0].ticket, self._options)
        return Result(reader.schema, _batches(reader), statement=text, close=reader.cancel)

    def close(self) -> None:
        """Leave the server."""
        self._client.close()


def _batches(reader: Any) -> Iterator[pa.RecordBatch]:
    for chunk in reader:
        yield chunk.data
