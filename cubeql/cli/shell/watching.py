"""``.watch``: a statement again and again, drawn over itself."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from cubeql.cli.output.redrawn import Redrawn
from cubeql.cli.runner import run_piece
from cubeql.cli.shell.of_statements import last_statement
from cubeql.cli.shell.state import Shell
from cubeql.cli.statements import Piece, Script
from cubeql.errors import ConfigError, QueryCancelled

_SECONDS = 2.0
_SHORTEST_S = 0.1


def watch(shell: Shell, said: str) -> None:
    """Run a statement, wait, and run it again, until Ctrl-C."""
    seconds, statement = _read(said)
    statement = (statement or last_statement(shell)).removesuffix(";")
    place = Redrawn(shell.showing.screen, shell.showing.mode)
    running = replace(shell.running, timer=False, stats=False)
    times = 0
    with suppress(KeyboardInterrupt, QueryCancelled), shell.diagnostics.without_progress():
        while True:
            place.heading = f"every {seconds:g} s, now {datetime.now(UTC):%H:%M:%S} UTC; Ctrl-C ends it"
            script = Script(statement)
            run_piece(shell.session, script, Piece(statement, 0), running, place, shell.diagnostics)
            times += 1
            threading.Event().wait(seconds)
    shell.diagnostics.notice(f"watched {'once' if times == 1 else f'{times} times'}")


def _read(said: str) -> tuple[float, str]:
    first, _, rest = said.partition(" ")
    try:
        seconds = float(first)
    except ValueError:
        return _SECONDS, said
    if not _SHORTEST_S <= seconds <= 86_400:
        raise ConfigError(f"wait between {_SHORTEST_S} and 86400 seconds, not {first}")
    return seconds, rest.strip()
