"""Open the screen: layers, an editor that helps, and results as they come."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from cubeql.cli.arguments import Parser, add_store, add_talking, chosen_store
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.lean import start_without_pandas
from cubeql.errors import ConfigError

_APPLICATION = "cubeql_tui"
_KEYS, _DRAWN = 0, 2
"""Where keys come from and where Textual draws: on stderr, so that it would vanish into a file."""


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    add_store(parser, positional=True)
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Open the screen and stay until it is left.

    Raises:
        ConfigError: there is no terminal to draw on.
        StoreError: the store cannot be opened.
    """
    if not all(os.isatty(stream) for stream in (_KEYS, _DRAWN)):
        raise ConfigError(
            "the screen needs a terminal for stdin and stderr\n  hint: cubeql -c TEXT runs a statement without one"
        )
    start_without_pandas()
    return int(_application().run(chosen_store(options)))


def _application() -> ModuleType:
    """The application; where the package is a checkout that is not installed, the one beside it."""
    try:
        return import_module(_APPLICATION)
    except ModuleNotFoundError as missing:
        beside = Path(__file__).parents[3] / "tui"
        if missing.name != _APPLICATION or not (beside / _APPLICATION).is_dir():
            raise
        sys.path.append(str(beside))
        return import_module(_APPLICATION)
