"""A stream by itself: what waits in it, what it lets go of, and batches cut to size."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from cubeql.engine.result import Result
from cubeql.errors import QueryCancelled
from cubeql.server.slices import has_dictionary, slices
from cubeql.server.slots import Slot, Turn
from cubeql.server.streaming import Flow, Outlet, Sent, Stalled, Stream
from cubeql.server.watch import Watch
from tests.server.flowing import until

ROWS = 1000
BATCH = pa.record_batch({"x": np.arange(ROWS)})


class Source:
    """A statement that makes batches for ever, or so many, and notes what happened to it."""

    def __init__(self, batches: int = 1 << 60) -> None:
        self.batches, self.made = batches, 0
        self.cancelled, self.closed, self.freed = threading.Event(), threading.Event(), threading.Event()
        self.ended: list[Sent] = []

    def start(self) -> Result:
        return Result(BATCH.schema, self._rows(), close=self.closed.set)

    def _rows(self) -> Iterator[pa.RecordBatch]:
        while self.made < self.batches:
            if self.cancelled.is_set():
                raise QueryCancelled([])
            self.made += 1
            yield BATCH

    def stream(self, **flow: Any) -> Stream:
        how = Flow(**{"batch_bytes": BATCH.nbytes, "batches": 2, **flow})
        return Stream(self.start, self.cancelled.set, how, Turn(Slot(self.freed.set)), self.ended.append)


@pytest.fixture
def watch() -> Iterator[Watch]:
    made = Watch(every_s=0.002)
    yield made
    made.close()


def taken(stream: Stream, watch: Watch) -> pa.RecordBatch | None:
    return stream.take(watch, lambda: False)


def test_no_more_batches_are_made_than_the_queue_holds(watch: Watch) -> None:
    source = Source()
    stream = source.stream()
    until(lambda: len(stream._parts) == 2)
    assert source.made <= 3  # and one in hand
    taken(stream, watch)
    until(lambda: len(stream._parts) == 2)
    assert source.made <= 4
    stream.left()
    until(source.freed.is_set)
    assert source.closed.is_set()
    assert not stream._parts


def test_a_result_without_rows_ends_at_once(watch: Watch) -> None:
    source = Source(batches=0)
    stream = source.stream()
    assert taken(stream, watch) is None
    stream.left()
    assert [(sent.how, sent.rows) for sent in source.ended] == [("done", 0)]


def test_what_waits_for_a_stalled_client_is_freed_though_all_rows_were_made(watch: Watch) -> None:
    source = Source(batches=2)
    outlet = Outlet(source.stream(stall_s=0.01), BATCH.schema, watch, lambda: False)
    stream = outlet._stream
    until(lambda: bool(source.ended))  # though it still takes nothing
    assert not stream._parts
    with pytest.raises(Stalled):
        next(outlet)
    assert [sent.how for sent in source.ended] == ["stalled"]


def test_what_became_of_a_stream_is_told_when_it_is_stopped_and_not_again_when_it_is_left(watch: Watch) -> None:
    source, left = Source(batches=1), threading.Event()
    stream = Stream(source.start, source.cancelled.set, Flow(), None, source.ended.append, left.set)
    taken(stream, watch)
    until(lambda: stream._whole)
    stream.stop()
    assert [(sent.how, sent.rows) for sent in source.ended] == [("done", ROWS)]
    assert not left.is_set()
    stream.left()
    assert left.is_set()
    assert len(source.ended) == 1


def test_a_client_that_waits_for_the_engine_does_not_stall(watch: Watch) -> None:
    source, go_on = Source(batches=1), threading.Event()
    start = source.start
    source.start = lambda: (go_on.wait(10), start())[1]  # type: ignore[method-assign]
    stream = source.stream(stall_s=0.01)
    outlet = Outlet(stream, BATCH.schema, watch, lambda: False)
    got: list[Any] = []
    thread = threading.Thread(target=lambda: got.extend(outlet))
    thread.start()
    until(lambda: stream._asking)
    assert not any(stream.stalls() for _ in range(20))
    go_on.set()
    thread.join(10)
    assert len(got) == 1


def test_an_outlet_that_is_let_go_stops_its_stream(watch: Watch) -> None:
    source = Source()
    outlet = Outlet(source.stream(), BATCH.schema, watch, lambda: False)
    next(outlet)
    del outlet
    gc.collect()
    until(source.freed.is_set)
    assert [(sent.how, sent.rows) for sent in source.ended] == [("cancelled", ROWS)]


def test_a_client_that_goes_away_while_rows_are_computed_is_noticed(watch: Watch) -> None:
    source, gone = Source(), threading.Event()

    def start() -> Result:
        source.cancelled.wait(10)
        raise QueryCancelled([])

    source.start = start  # type: ignore[method-assign]
    outlet = Outlet(source.stream(), BATCH.schema, watch, gone.is_set)
    gone.set()
    with pytest.raises(QueryCancelled):
        next(outlet)
    until(source.freed.is_set)


def test_what_is_said_comes_last(watch: Watch) -> None:
    outlet = Outlet(Source(batches=1).stream(), BATCH.schema, watch, lambda: False, lambda: b"{}")
    rows, (empty, said) = outlet
    assert (rows, empty.num_rows, said) == (BATCH, 0, b"{}")


# -------------------------------------------------------------- slices

TEXTS = pa.array(["x" * (10_000 if n % 100 == 0 else 5) for n in range(5000)])
BATCHES = {
    "numbers": pa.record_batch({"a": np.arange(100_000), "b": np.ones(100_000, np.float32)}),
    "skewed texts": pa.record_batch({"a": TEXTS}),
    "one long row": pa.record_batch({"a": ["x" * 200_000, "y"]}),
    "lists": pa.record_batch({"a": pa.array([list(range(n % 50)) for n in range(5000)])}),
    "fixed lists": pa.record_batch({"a": pa.FixedSizeListArray.from_arrays(pa.array(np.arange(49 * 2000)), 49)}),
    "nested": pa.record_batch({"a": pa.array([{"b": [{"c": "t" * (n % 30)}]} for n in range(5000)])}),
    "dictionary": pa.record_batch({"a": pa.array(["red", "green"] * 30_000).dictionary_encode()}),
    "nulls": pa.record_batch({"a": pa.array([None] * 5000, pa.float64())}),
    "a slice": pa.record_batch({"a": TEXTS}).slice(1234, 3000),
    "empty": BATCH.slice(0, 0),
}
MOST = 32 << 10


@pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES)
def test_slices_are_the_rows_again_and_none_is_much_too_large(batch: pa.RecordBatch) -> None:
    parts = list(slices(batch, MOST))
    assert pa.Table.from_batches([part for part, _ in parts], batch.schema) == pa.Table.from_batches([batch])
    assert all(part.num_rows for part, _ in parts)
    assert all(size <= MOST * 5 // 4 or part.num_rows == 1 for part, size in parts)
    assert len(parts) <= 2 * batch.nbytes / MOST + batch.num_rows // 100 + 2
    written = sum(len(part.serialize()) for part, _ in parts)
    assert written < batch.nbytes * 1.2 + 2000 * (len(parts) + 1)


def test_slices_share_the_memory_of_their_batch() -> None:
    batch = BATCHES["numbers"]
    held = {batch.column(0).buffers()[1].address, batch.column(1).buffers()[1].address}
    for part, _ in slices(batch, MOST):
        assert {column.buffers()[1].address for column in part.columns} == held


@pytest.mark.parametrize(
    ("kind", "has"),
    [
        (pa.dictionary(pa.int32(), pa.string()), True),
        (pa.list_(pa.dictionary(pa.int8(), pa.string())), True),
        (
            pa.struct([("a", pa.int8()), ("b", pa.list_(pa.struct([("c", pa.dictionary(pa.int8(), pa.string()))])))]),
            True,
        ),
        (pa.struct([("a", pa.list_(pa.string()))]), False),
        (pa.timestamp("us", "UTC"), False),
    ],
)
def test_dictionaries_are_found_at_any_depth(kind: pa.DataType, has: bool) -> None:
    assert has_dictionary(kind) is has


# -------------------------------------------------------------- watch


def test_what_is_not_watched_any_more_is_not_asked_again(watch: Watch) -> None:
    asked = 0

    def so() -> bool:
        nonlocal asked
        asked += 1
        return False

    with watch.over(so, lambda: None):
        until(lambda: asked > 2)
    before = asked
    with watch.over(lambda: False, lambda: None):
        other = threading.Event()
        with watch.over(lambda: True, other.set):
            assert other.wait(10)
    assert asked == before


def test_a_watch_does_what_is_to_be_done_once(watch: Watch) -> None:
    done: list[int] = []
    with watch.over(lambda: True, lambda: done.append(1)):
        until(lambda: bool(done))
        later = threading.Event()
        with watch.over(lambda: True, later.set):
            assert later.wait(10)
    assert done == [1]
