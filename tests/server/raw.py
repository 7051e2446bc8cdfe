"""Flight SQL by hand: what a client sends, message by message, and what comes back."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.flight.wire import Message, decode, pack, unpack


class Raw:
    """A client that knows messages and nothing else."""

    def __init__(self, address: str, token: str) -> None:
        self.token = token
        self.client = flight.connect(address.replace("flight://", "grpc://"))
        self.options = flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {token}".encode())])

    def close(self) -> None:
        self.client.close()

    def info(self, name: str, **content: Any) -> flight.FlightInfo:
        descriptor = flight.FlightDescriptor.for_command(pack(name, **content))
        return self.client.get_flight_info(descriptor, self.options)

    def schema(self, name: str, **content: Any) -> pa.Schema:
        descriptor = flight.FlightDescriptor.for_command(pack(name, **content))
        return self.client.get_schema(descriptor, self.options).schema

    def fetch(self, info: flight.FlightInfo) -> pa.Table:
        found = self.client.do_get(info.endpoints[0].ticket, self.options).read_all()
        assert found.schema.equals(info.schema, check_metadata=True)
        return found

    def get(self, name: str, **content: Any) -> pa.Table:
        return self.fetch(self.info(name, **content))

    def query(self, text: str) -> pa.Table:
        return self.get("CommandStatementQuery", query=text)

    def put(self, name: str, rows: pa.Table | pa.RecordBatch | None = None, **content: Any) -> bytes | None:
        """What is answered, if anything."""
        table = pa.table({}) if rows is None else rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
        descriptor = flight.FlightDescriptor.for_command(pack(name, **content))
        writer, reader = self.client.do_put(descriptor, table.schema, self.options)
        with writer:
            writer.write_table(table)
            writer.done_writing()
            answer = reader.read()
        return None if answer is None else answer.to_pybytes()

    def update(self, name: str, rows: pa.Table | pa.RecordBatch | None = None, **content: Any) -> int:
        answer = self.put(name, rows, **content)
        assert answer is not None
        count: int = decode("DoPutUpdateResult", answer).get("record_count", 0)
        return count

    def act(self, kind: str, body: bytes = b"") -> list[bytes]:
        return [r.body.to_pybytes() for r in self.client.do_action(flight.Action(kind, body), self.options)]

    def prepare(self, text: str) -> Message:
        (answer,) = self.act("CreatePreparedStatement", pack("ActionCreatePreparedStatementRequest", query=text))
        name, told = unpack(answer)
        assert name == "ActionCreatePreparedStatementResult"
        return told


def schema_of(data: bytes) -> pa.Schema:
    """A schema as messages carry it."""
    return pa.ipc.read_schema(pa.py_buffer(data))
