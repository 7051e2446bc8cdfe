"""Statements run one after another: rows to the output, everything else to the diagnostics."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeql.cli.arguments import chosen_store
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.interrupt import Interrupts, cancelling
from cubeql.cli.outcome import DONE
from cubeql.cli.output.layout import Written
from cubeql.cli.statements import Piece, Script, moved, pieces, shifted
from cubeql.errors import CubeQLError, QueryCancelled, QueryError, StoreError
from cubeql.formats.rows import Rows

if TYPE_CHECKING:
    import pyarrow as pa

    from cubeql.cli.output.results import Output
    from cubeql.engine.result import Result
    from cubeql.session import Session


@dataclass(frozen=True, slots=True)
class Running:
    """How statements run.

    Attributes:
        parameters: values for ``$name`` and ``?``.
        timeout_s: time limit of one statement; None is no limit.
        stats: say a JSON line about each result.
        go_on: go on after a statement that is at fault.
    """

    parameters: dict[str, Any]
    timeout_s: float | None = None
    stats: bool = False
    go_on: bool = False


def open_session(options: argparse.Namespace) -> Session:
    """The session of the store that the arguments name.

    Raises:
        StoreError: it cannot be opened.
    """
    import cubeql
    from cubeql.cli.lean import start_without_pandas

    start_without_pandas()
    from cubeql.session import default_store

    address = chosen_store(options) or default_store()
    if "://" not in address and not Path(address).exists():
        raise StoreError(f"there is no store at {address}: `cubeql ingest` and `cubeql demo` make one")
    return cubeql.connect(address)


def run_scripts(
    session: Session, scripts: list[Script], running: Running, output: Output, diagnostics: Diagnostics
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
    session: Session, script: Script, piece: Piece, running: Running, output: Output, diagnostics: Diagnostics
) -> None:
    """Run one statement and write what it gives.

    Raises:
        CubeQLError: the statement's fault, placed in the script.
        KeyboardInterrupt: a signal came.
    """
    started = time.monotonic()
    with cancelling(session.cancel) as interrupts:
        try:
            with session.query(piece.text, running.parameters, running.timeout_s) as result:
                for warning in result.warnings:
                    diagnostics.warning(shifted(warning, piece.start), script.text)
                _show(result, running, output, diagnostics, interrupts, started)
        except QueryError as fault:
            interrupts.check()
            raise moved(fault, piece, script) from fault
        except Exception:
            interrupts.check()  # a library's own word for being cancelled
            raise


def _show(
    result: Result,
    running: Running,
    output: Output,
    diagnostics: Diagnostics,
    interrupts: Interrupts,
    started: float,
) -> None:
    if result.message is not None:
        diagnostics.notice(result.message)
        written = Written(0)
    else:
        written = output.write(Rows(result.schema, _checked(result, interrupts)))
        for notice in written.notices:
            diagnostics.notice(notice)
        seconds = time.monotonic() - started
        rows = "1 row" if written.rows == 1 else f"{written.rows} rows"
        diagnostics.timing(f"{rows} in {seconds:.2f} s")
    if running.stats:
        diagnostics.stats({**result.stats, "rows": written.rows, "seconds": round(time.monotonic() - started, 6)})


def _checked(result: Result, interrupts: Interrupts) -> Iterator[pa.RecordBatch]:
    for batch in result:
        interrupts.check()
        yield batch
