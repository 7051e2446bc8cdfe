"""A prompt made of the arguments and of what a person prefers."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.output.targets import FileTarget
from cubeql.cli.runner import Running
from cubeql.cli.shell.asking import ask
from cubeql.cli.shell.state import Known, Shell, Showing
from cubeql.history import History, default_file
from cubeql.preferences import Preferences

if TYPE_CHECKING:
    from cubeql.sessions import AnySession


def open_prompt(session: AnySession, running: Running, options: argparse.Namespace, preferred: Preferences) -> int:
    """Ask for statements until the end of input; arguments go before preferences."""
    likes = preferred.shell
    colour = options.color if options.color != "auto" else likes.colour
    diagnostics = Diagnostics(options.quiet, colour, likes.progress and not options.no_progress)
    showing = Showing(
        diagnostics,
        mode=options.format or likes.mode,
        paging=likes.pager,
        max_rows=likes.max_rows if options.max_rows is None else options.max_rows,
        colour=colour,
        output=FileTarget(options.output, grows=True, name=options.format) if options.output else None,
    )
    running = replace(running, timer=likes.timer)
    shell = Shell(session, running, showing, diagnostics, History(default_file()), Known(session.catalog))
    return ask(shell, likes.editing)
