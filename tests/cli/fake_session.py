"""A session without an engine: statements answer with what the test put there.

Run as a program (``python fake_session.py ARGUMENTS``) it is the command line over such a session, for
tests that need a process of its own.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

import cubeql
from cubeql.catalog import Band, Layer, MemoryCatalog
from cubeql.errors import Diagnostic, QueryCancelled, QueryError, QueryTimeout, Span, StoreError
from cubeql.lang import split_statements

CELL = {b"cubeql.type": b"cell"}
SCHEMA = pa.schema(
    [
        pa.field("cell", pa.uint64(), metadata=CELL),
        pa.field("time", pa.timestamp("us", "UTC")),
        pa.field("t2m", pa.float64(), metadata={b"unit": b"degC"}),
        pa.field("name", pa.string()),
    ]
)


def sample() -> pa.Table:
    """Three rows with NULLs, units and texts that must be escaped."""
    columns = [
        pa.array([0x8928308280FFFFF, 0x8928308280BFFFF, None], pa.uint64()),
        pa.array([1714732200_000000, None, 1714732200_250000], pa.timestamp("us", "UTC")),
        pa.array([12.5, None, 1 / 3]),
        pa.array(["Münster, Westf.", "", 'a "b"\x1b[31m']),
    ]
    return pa.table(columns, schema=SCHEMA)


@dataclass
class FakeResult:
    """A result made of a table."""

    table: pa.Table
    statement: str = ""
    message: str | None = None
    warnings: tuple[Diagnostic, ...] = ()
    stats: dict[str, Any] = field(default_factory=lambda: {"tiles_kept": 1, "tiles_all": 4})
    batch_rows: int = 2
    closed: bool = False

    @property
    def schema(self) -> pa.Schema:
        return self.table.schema

    def __enter__(self) -> FakeResult:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return iter(self.table.to_batches(max_chunksize=self.batch_rows))


@dataclass
class FakeExplanation:
    text: str
    sql: str


class FakeStore(MemoryCatalog):
    """A store of two layers without rows."""

    def __init__(self, address: str | None) -> None:
        a, b = Layer("a", 9, (Band("elevation", "int16", unit="m"),)), Layer("b", 5, (Band("t2m", "float32"),))
        super().__init__([a, b])
        self.address = address


@dataclass(frozen=True)
class FakeProgress:
    """Three of four tiles are done."""

    done: int = 3
    all: int = 4
    seconds: float = 6.0
    seconds_left: float | None = 2.0


class FakeSession:
    """Answers a few statements by name; records what it was asked."""

    def __init__(self, store: str | None) -> None:
        if store == "missing":
            raise StoreError("no store at missing")
        self.store = self.catalog = FakeStore(store)
        self.layers = ("a", "b")
        self.asked: list[tuple[str, Any, float | None]] = []
        self.cancelled = threading.Event()

    def __enter__(self) -> FakeSession:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def cancel(self) -> None:
        self.cancelled.set()

    def progress(self) -> FakeProgress | None:
        """Something to draw."""
        return FakeProgress()

    def explain(
        self, text: str, params: Any = None, analyze: bool = False, timeout_s: float | None = None
    ) -> FakeExplanation:
        if text.startswith("WRONG"):
            raise _fault(text)
        return FakeExplanation(f"plan of {text}{' with figures' if analyze else ''}", "SELECT 1")

    def query(self, text: str, params: Any = None, timeout_s: float | None = None) -> FakeResult:
        ((statement, _),) = split_statements(text)
        self.asked.append((statement, params, timeout_s))
        words = statement.split()
        if words[0] == "SLOW":
            self._sleep(float(words[1]))
            return FakeResult(pa.table({}), text, message="slept")
        if words[0] not in _ANSWERS:
            raise _fault(text)
        return _ANSWERS[words[0]](statement, *words[1:])

    def _sleep(self, seconds: float) -> None:
        print("running", file=sys.stderr, flush=True)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.cancelled.wait(0.05):
                raise QueryCancelled([Diagnostic("cancelled", "cancelled")])


class Breaking:
    """A table whose second batch fails."""

    def __init__(self, text: str) -> None:
        self.schema = pa.schema([("n", pa.int64())])
        self._text = text

    def to_batches(self, max_chunksize: int) -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([pa.array([1, 2])], schema=self.schema)
        raise _fault(self._text)


def _fault(text: str) -> QueryError:
    word = split_statements(text)[0][0].split()[-1]
    start = text.index(word)
    return QueryError(
        [Diagnostic("unknown_layer", f"no layer {word}", Span(start, start + len(word)), hint="SHOW LAYERS")],
        text,
    )


def _late(text: str) -> FakeResult:
    raise QueryTimeout([Diagnostic("timeout", "longer than allowed")], text)


def _bug(text: str) -> FakeResult:
    raise RuntimeError("something unforeseen")


def _many(text: str, count: str) -> FakeResult:
    return FakeResult(pa.table({"n": pa.array(range(int(count)), pa.int64())}), text, batch_rows=1000)


def _long(text: str, count: str) -> FakeResult:
    return FakeResult(pa.table({"n": [1] * int(count), "said": ["word " * 60] * int(count)}), text)


def _warn(text: str) -> FakeResult:
    warning = Diagnostic("unit_mix", "K meets degC", Span(0, 4), severity="warning")
    return FakeResult(sample(), text, warnings=(warning,))


_ANSWERS: dict[str, Callable[..., FakeResult]] = {
    "ROWS": lambda text: FakeResult(sample(), text),
    "MANY": _many,
    "LONG": _long,
    "SAY": lambda text: FakeResult(pa.table({}), text, message="layer made"),
    "WARN": _warn,
    "HALF": lambda text: FakeResult(Breaking(text), text),  # type: ignore[arg-type]
    "LATE": _late,
    "BUG": _bug,
}

if __name__ == "__main__":
    from cubeql.cli.main import main

    cubeql.connect = lambda store=None, **_: FakeSession(store)  # type: ignore[assignment,return-value]
    sys.exit(main())
