"""Commands about how results look and where they go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pyarrow as pa

from cubeql.cli.output.kept import Kept
from cubeql.cli.output.sink import write_text
from cubeql.cli.output.targets import target
from cubeql.cli.shell.state import MODES, Shell
from cubeql.errors import ConfigError, nearest

if TYPE_CHECKING:
    from cubeql.drawing.ansi import Canvas

_TURNS = {"on": True, "off": False}


def mode(shell: Shell, name: str) -> None:
    """Choose the format of results on the screen, or say it."""
    if name:
        chosen = name.lower()
        if chosen not in MODES:
            near = nearest(chosen, MODES, 1)
            raise ConfigError(
                f"there is no format {name}; formats are {', '.join(MODES)}"
                + (f"\n  hint: did you mean {near[0]}?" if near else "")
            )
        shell.showing.mode = chosen
        if chosen != "vertical":
            shell.showing.narrow = chosen
    shell.diagnostics.notice(f"results are written as {shell.showing.mode}")


def vertical(shell: Shell, said: str) -> None:
    """Write a column a line, or as before."""
    showing = shell.showing
    on = _turned(said, now=showing.mode == "vertical")
    showing.mode = "vertical" if on else showing.narrow
    shell.diagnostics.notice(f"results are written as {showing.mode}")


def last(shell: Shell, _: str) -> None:
    """Show the last result again."""
    for notice in shell.showing.show(result_of(shell)).notices:
        shell.diagnostics.notice(notice)


def result_of(shell: Shell) -> Kept:
    """All rows of the last result; where they are not here any more, the statement is run again.

    Raises:
        ConfigError: there is none, or it has too many rows.
    """
    kept = shell.showing.kept
    if kept is None or shell.asked is None:
        raise ConfigError("there is no result yet")
    if kept.whole:
        return kept
    shell.diagnostics.notice("not all of its rows were read, so the statement is run again")
    return whole_result(shell, shell.asked)


def whole_result(shell: Shell, statement: str) -> Kept:
    """All rows of a statement, which is run."""
    from cubeql.cli.runner import run_piece
    from cubeql.cli.shell.gathering import Gathering
    from cubeql.cli.statements import Piece, Script

    gathering = Gathering()
    run_piece(shell.session, Script(statement), Piece(statement, 0), shell.running, gathering, shell.diagnostics)
    shell.showing.kept = gathering.kept
    return gathering.kept


def map_(shell: Shell, column: str) -> None:
    """Draw the last result as a map."""
    from cubeql.cli.output.map import map_lines

    _draw(shell, map_lines, column)


def plot(shell: Shell, column: str) -> None:
    """Draw the last result over time, or how often its values come."""
    from cubeql.cli.output.plot import plot_lines

    _draw(shell, plot_lines, column)


def _draw(shell: Shell, drawer: Callable[[pa.Table, str | None, Canvas], list[str]], column: str) -> None:
    kept = result_of(shell)
    table = pa.Table.from_batches(list(kept), kept.schema)
    lines = drawer(table, _unquoted(column) or None, shell.showing.screen.canvas())
    write_text("".join(f"{line}\n" for line in lines))


def output(shell: Shell, said: str) -> None:
    """Send results to a file or command, or back to the screen."""
    showing = shell.showing
    before, showing.output = showing.output, None
    for notice in before.close() if before is not None else ():
        shell.diagnostics.notice(notice)
    if said:
        showing.output = target(_unquoted(said), grows=True)
    shell.diagnostics.notice(f"results go to {_unquoted(said) if said else 'the screen'}")


def once(shell: Shell, said: str) -> None:
    """Send the next result to a file or command."""
    if not said:
        raise ConfigError("name a file or a command, for example .once result.csv or .once |head")
    shell.showing.once = target(_unquoted(said), grows=False)
    shell.diagnostics.notice(f"the next result goes to {_unquoted(said)}")


def pager(shell: Shell, said: str) -> None:
    """Choose when results are shown in a pager."""
    match said.lower():
        case "auto" | "on" | "off" as chosen:
            shell.showing.paging = chosen
        case "":
            pass
        case _:
            raise ConfigError(f".pager takes on, off or auto, not {said}")
    shell.diagnostics.notice(f"pager {shell.showing.paging}")


def timer(shell: Shell, said: str) -> None:
    """Say how long statements take, or do not."""
    from dataclasses import replace

    shell.running = replace(shell.running, timer=_turned(said, shell.running.timer))
    shell.diagnostics.notice(f"timer {'on' if shell.running.timer else 'off'}")


def _turned(said: str, now: bool) -> bool:
    """On or off; without a word the other of what is now."""
    if not said:
        return not now
    if said.lower() not in _TURNS:
        raise ConfigError(f"write on or off, not {said}")
    return _TURNS[said.lower()]


def _unquoted(said: str) -> str:
    for quote in "'\"":
        if len(said) > 1 and said.startswith(quote) and said.endswith(quote):
            return said[1:-1]
    return said
