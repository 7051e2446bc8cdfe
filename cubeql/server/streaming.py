"""Rows on their way to a client."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.flight as flight

from cubeql.engine.ready import Ready
from cubeql.engine.result import Result
from cubeql.server.faults import flowing


def stream(ready: Ready, own: bool) -> flight.FlightDataStream:
    """The rows of a statement, as they are computed."""
    result = ready.start()
    return flight.GeneratorStream(result.schema, flowing(_rows(result), own))


def _rows(result: Result) -> Iterator[pa.RecordBatch]:
    with result:
        yield from result
