"""Statements run one after another: rows to the output, everything else to the diagnostics."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cubeql.cli.arguments import chosen_store
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.interrupt import Interrupts, cancelling
from cubeql.cli.outcome import DONE
from cubeql.cli.output.layout import Written
from cubeql.cli.statements import Piece, Script, moved, pieces, shifted
from cubeql.cli.waiting import Waiting
from cubeql.errors import CubeQLError, QueryCancelled, QueryError, StoreError
from cubeql.formats.rows import Rows

if TYPE_CHECKING:
    import pyarrow as pa

    from cubeql.cli.output.results import Output
    from cubeql.engine.result import Result
    from cubeql.sessions import AnySession


@dataclass(frozen=True, slots=True)
class Running:
    """How statements run.

    Attributes:
        parameters: values for ``$name`` and ``?``.
        timeout_s: time limit of one statement; None is no limit.
        stats: say a JSON line about each result.
        go_on: go on after a statement that is at fault.
        timer: say how long each result took.
    """

    parameters: dict[str, Any]
    timeout_s: float | None = None
    stats: bool = False
    go_on: bool = False
    timer: bool = True


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a statement.

    Attributes:
        rows: how many were written; None of a statement without rows.
        seconds: how long it took, without the time that somebody read in a pager.
    """

    rows: int | None
    seconds: float


class Place(Protocol):
    """Where rows go."""

    @property
    def at_once(self) -> bool:
        """Whether rows stand on a terminal as soon as they come, so that nothing may be drawn while they do."""
        ...

    def write(self, rows: Rows) -> Written:
        """Write one result."""
        ...


def open_session(options: argparse.Namespace) -> AnySession:
    """The session of the store that the arguments name.

    Raises:
        StoreError: it cannot be opened.
    """
    import cubeql
    from cubeql.cli.lean import start_without_pandas

    start_without_pandas()
    return cubeql.connect(named_store(options))


def named_store(options: argparse.Namespace) -> str:
    """The address that the arguments name, or the default's.

    Raises:
        StoreError: there is nothing at it.
    """
    from cubeql.settings import default_store

    address = chosen_store(options) or default_store()
    if "://" not in address and not Path(address).exists():
        raise StoreError(f"there is no store at {address}: `cubeql ingest` and `cubeql demo` make one")
    return address


def run_scripts(
    session: AnySession, scripts: list[Script], running: Running, output: Output, diagnostics: Diagnostics
) -> int:
    """Run every statement of every script; the exit code, that of the first fault.

    After a fault the rest is left alone and the output is not kept, unless ``running.go_on``.

    Raises:
        KeyboardInterrupt: a signal came.
    """
    code = DONE
    for script in scripts:
        for piece in pieces(script.text):
            try:
                run_piece(session, script, piece, running, output, diagnostics)
            except CubeQLError as fault:
                found = diagnostics.fault(fault, script.name)
                code = code or found
                if not running.go_on or isinstance(fault, QueryCancelled):
                    output.discard()
                    return code
    return code


def run_piece(
    session: AnySession, script: Script, piece: Piece, running: Running, place: Place, diagnostics: Diagnostics
) -> Ran:
    """Run one statement and write what it gives.

    Raises:
        CubeQLError: the statement's fault, placed in the script.
        KeyboardInterrupt: a signal came.
    """
    started = time.monotonic()
    with cancelling(session.cancel) as interrupts, Waiting(session.progress, diagnostics) as waiting:
        try:
            with waiting.now():
                result = session.query(piece.text, running.parameters, running.timeout_s)
            with result:
                for warning in result.warnings:
                    diagnostics.warning(shifted(warning, piece.start), script.text)
                rows = Rows(result.schema, _arriving(result, interrupts, waiting, place))
                written = None if result.message is not None else place.write(rows)
                seconds = waiting.seconds if written and written.paged else time.monotonic() - started
                _tell(result, written, seconds, running, diagnostics)
            if written and written.paged:
                interrupts.forget()  # in a pager Ctrl-C was the pager's
        except QueryError as fault:
            interrupts.check()
            raise moved(fault, piece, script) from fault
        except Exception:
            interrupts.check()  # a library's own word for being cancelled
            raise
    interrupts.check()  # one that came when all was written is for what would follow
    return Ran(written.rows if written else None, seconds)


def _tell(
    result: Result, written: Written | None, seconds: float, running: Running, diagnostics: Diagnostics
) -> None:
    if written is None:
        diagnostics.notice(result.message or "")
    else:
        for notice in written.notices:
            diagnostics.notice(notice)
        if running.timer:
            diagnostics.timing(f"{counted(written.rows)} in {seconds:.2f} s")
    if running.stats:
        rows = written.rows if written else 0
        diagnostics.stats({**result.stats, "rows": rows, "seconds": round(seconds, 6)})


def counted(rows: int) -> str:
    """``1 row``, ``5 rows``."""
    return "1 row" if rows == 1 else f"{rows} rows"


def _arriving(
    result: Result, interrupts: Interrupts, waiting: Waiting, place: Place
) -> Iterator[pa.RecordBatch]:
    batches = iter(result)
    came = False
    while True:
        with nullcontext() if came and place.at_once else waiting.now():
            batch = next(batches, None)
        if batch is None:
            return
        interrupts.check()
        came = True
        yield batch
