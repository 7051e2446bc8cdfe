"""Show or edit a layer's card: all that is told of it, as JSON.

  cubeql card s2 > s2.json             # edit the file, then
  cubeql card s2 --edit s2.json        # it is checked as a whole, and told as a new version of the layer

A key that is left out stays as it is, null takes a fact away.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeql.cli.arguments import Parser, UsageError, add_store, add_talking
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE
from cubeql.errors import CardError, ConfigError

if TYPE_CHECKING:
    from cubeql.sessions import AnySession


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    parser.add_argument("layer", metavar="LAYER")
    add_store(parser)
    parser.add_argument("--edit", metavar="FILE", help="take this card; - is stdin")
    parser.add_argument("--stac", action="store_true", help="print a STAC 1.1 Collection instead")
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Print the card, or take an edited one."""
    from cubeql.cli.runner import open_session

    if options.edit is not None and options.stac:
        raise UsageError("--edit takes a card, --stac prints a collection: give one of both")
    with open_session(options) as session:
        if options.edit is None:
            return print_card(session, options.layer, stac=options.stac)
        version = session.edit_card(options.layer, _read(options.edit))
        said = f"version {version}" if version is not None else "nothing to change"
        diagnostics.notice(f"layer {options.layer}: {said}")
    return DONE


def print_card(session: AnySession, layer: str, *, stac: bool) -> int:
    """Print the card of a layer, or its STAC Collection."""
    from cubeql.cli.output.sink import write_text

    values = session.stac(layer) if stac else session.card(layer)
    write_text(json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
    return DONE


def _read(path: str) -> Any:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    try:
        return json.loads(text)
    except ValueError as error:
        raise CardError(f"{path} is no JSON: {error}") from error
