"""List the layers of a store: what SHOW LAYERS says."""

from __future__ import annotations

import argparse

from cubeql.cli.arguments import Parser, add_output, add_store, add_talking
from cubeql.cli.commands.statement import run_statement
from cubeql.cli.diagnostics import Diagnostics


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    add_store(parser, positional=True)
    add_output(parser)
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """List the layers."""
    return run_statement("SHOW LAYERS", options, diagnostics)
