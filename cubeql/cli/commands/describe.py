"""Say what a layer holds: what DESCRIBE says."""

from __future__ import annotations

import argparse

from cubeql.cli.arguments import Parser, add_output, add_store, add_talking
from cubeql.cli.commands.statement import quoted_name, run_statement
from cubeql.cli.diagnostics import Diagnostics


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    parser.add_argument("layer", metavar="LAYER")
    add_store(parser)
    add_output(parser)
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Describe the layer."""
    return run_statement(f"DESCRIBE {quoted_name(options.layer)}", options, diagnostics)
