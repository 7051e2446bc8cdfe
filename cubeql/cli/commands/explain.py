"""Say how a query would run: plan, tiles kept of all, bytes to read and SQL; nothing is read."""

from __future__ import annotations

import argparse

from cubeql.cli.arguments import Parser, add_running, add_scripts, add_store, add_talking
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    parser.add_argument("query", metavar="QUERY", nargs="?", help="the query; else -c, -f or stdin")
    add_store(parser)
    add_scripts(parser)
    add_running(parser)
    parser.add_argument("--analyze", action="store_true", help="run it too, and say what was really read")
    parser.add_argument("--sql", action="store_true", help="only the SQL that would run")
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Explain every query given."""
    from cubeql.cli.interrupt import cancelling
    from cubeql.cli.output.sink import write_text
    from cubeql.cli.runner import open_session
    from cubeql.cli.statements import Script, moved, pieces, read_scripts
    from cubeql.errors import QueryError
    from cubeql.parameters import read_parameters

    parameters = read_parameters(options.parameters)
    scripts = [Script(options.query)] if options.query else []
    if options.scripts or not scripts:
        scripts += read_scripts(options.scripts)
    with open_session(options) as session:
        for script in scripts:
            for piece in pieces(script.text):
                try:
                    with cancelling(session.cancel):
                        found = session.explain(piece.text, parameters, options.analyze, options.timeout)
                except QueryError as fault:
                    return diagnostics.fault(moved(fault, piece, script), script.name)
                write_text((found.sql if options.sql else found.text).rstrip("\n") + "\n")
    return DONE
