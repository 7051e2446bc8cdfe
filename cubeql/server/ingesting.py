"""Rows that clients send become layers (CommandStatementIngest).

gRPC's thread alone reads what comes, and hands it on by a pipe that holds little: a call that has ended must not be
read from, and what takes the rows may be stopped at any time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import pyarrow as pa

from cubeql.engine.result import Result
from cubeql.errors import QueryCancelled, QueryTimeout, diagnose
from cubeql.flight.wire import Message, encode
from cubeql.ingest.arriving import TakeMode, options_in, take
from cubeql.server.calls import caller
from cubeql.server.faults import Refused
from cubeql.server.guests import Guest
from cubeql.server.incoming import batches_of
from cubeql.server.metadata import MAIN, catalog_of
from cubeql.session import Halt

# (if there is none, if there is one): what the numbers of TableDefinitionOptions mean together
_CREATE, _FAIL = 1, 2
_MODES: dict[tuple[int, int], TakeMode] = {
    (_CREATE, 1): "create",
    (_CREATE, 2): "create_append",
    (_CREATE, 3): "replace",
    (_FAIL, 2): "append",
}
_PREFIX = "cubeql."
_WAKES_S = 0.1


def ingest(guest: Guest, message: Message, reader: Any, writer: Any) -> None:
    """Take the rows that come into a layer, and tell how many there were."""
    name, mode = _name(guest, message), _mode(message)
    schema: pa.Schema = reader.schema
    options = _options(schema, message)
    pipe = Pipe(guest.limits.message_bytes)

    def work(run_s: float, halt: Halt) -> Result:
        rows = pa.RecordBatchReader.from_batches(schema, pipe.taken(halt, run_s))
        return take(guest.session.engine, rows, name, mode, options, run_s, halt)

    call = caller()
    with Taking(pipe, lambda: guest.desk.takes(guest.who, guest.session, name, call, work)) as taking:
        for batch in batches_of(reader, guest.limits):
            if not pipe.give(batch):
                break
        if call.gone():  # of a client that was killed the stream ends as if it were whole
            raise QueryCancelled([diagnose("cancelled")])
        count = int(taking.result().stats["rows"])
    writer.write(encode("DoPutUpdateResult", {"record_count": count}))


class Taking:
    """Rows taken in a thread of their own, which has ended when the ``with`` is left.

    Args:
        pipe: what they come by.
        work: takes them.
    """

    def __init__(self, pipe: Pipe, work: Callable[[], Result]) -> None:
        self._pipe, self._work = pipe, work
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), name="cubeql-ingest", daemon=True)
        self._thread.start()

    def __enter__(self) -> Taking:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:
            self._error = error
        finally:
            self._pipe.close()

    def result(self) -> Result:
        """What was done, once it is; or why it was not."""
        self._pipe.end()
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result


class Pipe:
    """Batches on their way from one thread to another, few at a time.

    Args:
        most: bytes that may wait in it; one batch always may.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[pa.RecordBatch] = deque()
        self._bytes = 0
        self._ended = self._closed = False
        self._changed = threading.Condition()

    def give(self, batch: pa.RecordBatch) -> bool:
        """Put a batch in when there is room; False where nobody takes any more."""
        size = batch.nbytes
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._waiting or self._bytes + size <= self._most)
            if self._closed:
                return False
            self._waiting.append(batch)
            self._bytes += size
            self._changed.notify_all()
        return True

    def end(self) -> None:
        """Say that nothing more comes."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def close(self) -> None:
        """Say that nothing more is taken; who takes in another thread gets an error."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def taken(self, halt: Halt, run_s: float) -> Iterator[pa.RecordBatch]:
        """The batches that come, until the last.

        Raises:
            QueryCancelled: it was halted, or closed.
            QueryTimeout: that took too long.
        """
        until = time.monotonic() + run_s
        while (batch := self._next(halt, until, run_s)) is not None:
            yield batch

    def _next(self, halt: Halt, until: float, run_s: float) -> pa.RecordBatch | None:
        with self._changed:
            while not self._waiting:
                if self._closed or halt.called:
                    raise QueryCancelled([diagnose("cancelled")])
                if time.monotonic() > until:
                    raise QueryTimeout([diagnose("timeout", limit_s=run_s)])
                if self._ended:
                    return None
                self._changed.wait(_WAKES_S)
            batch = self._waiting.popleft()
            self._bytes -= batch.nbytes
            self._changed.notify_all()
            return batch


# -------------------------------------------------------------- what is asked for


def _name(guest: Guest, message: Message) -> str:
    if message.get("transaction_id"):
        raise Refused("there are no transactions here: rows are taken as a whole, or not at all")
    if message.get("temporary"):
        raise Refused("there are no temporary layers; drop the layer when it is of no use any more")
    if message.get("catalog") not in (None, "", catalog_of(guest)):
        raise Refused(f"there is no catalog {message['catalog']!r}; this is {catalog_of(guest)}")
    collection, table = message.get("schema") or MAIN, message.get("table", "")
    return table if collection == MAIN else f"{collection}.{table}"


def _mode(message: Message) -> TakeMode:
    asked = message.get("table_definition_options", {})
    both = (asked.get("if_not_exist", 0), asked.get("if_exists", 0))
    mode = _MODES.get(both)
    if mode is None:
        raise Refused("say what is to be done where the layer is there, and where it is not: "
                      "create, append, replace, or create and append")  # fmt: skip
    return mode


def _options(schema: pa.Schema, message: Message) -> dict[str, str]:
    """What is said beside the rows: in the message, or where clients cannot say it there in the schema's metadata."""
    return options_in(schema) | {n.removeprefix(_PREFIX): value for n, value in message.get("options", {}).items()}
