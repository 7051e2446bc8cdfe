"""A statement that is ready to run: its shape is known, and no row has been read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from cubeql.engine.progress import Progress
from cubeql.engine.result import Result
from cubeql.errors import Diagnostic


@dataclass(frozen=True, slots=True)
class Ready:
    """A statement between its preparation and its rows; :meth:`start` or :meth:`close` it, once.

    Attributes:
        schema: the Arrow schema that its result will have.
        warnings: what analysis found that does not stop it.
        start: gives the result, whose rows stream.
        cancel: stops it, from any thread, before its start and after.
        progress: how far it is; None where it reads no tiles.
        close: frees what it holds.
        done: it has been run already, and its result waits.
        message: what was done, by a statement without rows, which has been run.
        stats: figures that are known already.
        reads: the versions of the layers that it reads, by name.
    """

    schema: pa.Schema
    warnings: tuple[Diagnostic, ...]
    start: Callable[[], Result]
    cancel: Callable[[], None]
    progress: Callable[[], Progress] | None
    close: Callable[[], None]
    done: bool = False
    message: str | None = None
    stats: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[str, int | None] = field(default_factory=dict)


def ended(result: Result) -> Ready:
    """A statement that has been run already: its result waits."""
    return Ready(result.schema, result.warnings, lambda: result, result.close, None, result.close, True, result.message,
                 result.stats)  # fmt: skip
