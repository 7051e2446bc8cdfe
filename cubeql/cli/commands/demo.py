"""Build a store from real data that ships with the package, and ask it questions."""

from __future__ import annotations

import argparse

from cubeql.cli.arguments import Parser, add_store, add_talking
from cubeql.cli.diagnostics import Diagnostics


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    add_store(parser)
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Build, ask, say how to go on."""
    raise NotImplementedError
