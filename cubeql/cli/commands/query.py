"""Run CubeQL statements on a store."""

from __future__ import annotations

import argparse

from cubeql.cli.arguments import (
    Parser,
    add_output,
    add_running,
    add_scripts,
    add_store,
    add_talking,
)
from cubeql.cli.diagnostics import Diagnostics


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    add_store(parser, positional=True)
    add_scripts(parser)
    add_running(parser)
    parser.add_argument("--on-error", choices=("stop", "continue"), default="stop", help="after a statement at fault")
    add_output(parser)
    add_talking(parser)
    parser.add_argument("--stats", action="store_true", help="a JSON line on stderr for each result")


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Run the statements of the arguments, else of stdin; on a terminal, ask for them."""
    import sys

    from cubeql.cli.diagnostics import is_terminal
    from cubeql.cli.output.results import MAX_ROWS, Output
    from cubeql.cli.runner import Running, open_session, run_scripts
    from cubeql.cli.statements import read_scripts
    from cubeql.parameters import read_parameters

    running = Running(
        parameters=read_parameters(options.parameters),
        timeout_s=options.timeout,
        stats=options.stats,
        go_on=options.on_error == "continue",
    )
    if not options.scripts and is_terminal(sys.stdin):
        from cubeql.preferences import read

        preferred = read()
        with open_session(options) as session:
            from cubeql.cli.shell.opening import open_prompt

            return open_prompt(session, running, options, preferred)
    shown = MAX_ROWS if options.max_rows is None else options.max_rows
    scripts = read_scripts(options.scripts)
    with (
        Output(options.format, options.output, shown, options.color) as output,
        open_session(options) as session,
    ):
        return run_scripts(session, scripts, running, output, diagnostics)
