"""Say what a layer holds: what DESCRIBE says."""

from __future__ import annotations

import argparse

from cubeql.cli.arguments import Parser, UsageError, add_output, add_store, add_talking
from cubeql.cli.commands.statement import quoted_name, run_statement
from cubeql.cli.diagnostics import Diagnostics


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    parser.add_argument("layer", metavar="LAYER")
    add_store(parser)
    parser.add_argument("--card", action="store_true", help="its card as JSON, which `cubeql card --edit` takes back")
    parser.add_argument("--stac", action="store_true", help="as a STAC 1.1 Collection")
    add_output(parser)
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Describe the layer."""
    if options.card or options.stac:
        from cubeql.cli.commands.card import print_card
        from cubeql.cli.runner import open_session

        if options.card and options.stac:
            raise UsageError("--card and --stac are two things: give one of both")
        with open_session(options) as session:
            return print_card(session, options.layer, stac=options.stac)
    return run_statement(f"DESCRIBE {quoted_name(options.layer)}", options, diagnostics)
