"""Erase a user from the audit, while servers go on: his lines are removed, and his name from the lines of others.

A name is taken from what others did where it owns something (anna.ndvi) or was given a right; it says "erased" then.
With --store the labels of his tokens go too, which may say who he is; `cubeql token revoke --user` ends the tokens.
"""

from __future__ import annotations

import argparse

from cubeql.cli.arguments import Parser, add_store, add_talking, chosen_store
from cubeql.cli.commands.audit import add_folder, chosen_folder
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    parser.add_argument("user", metavar="USER", help="who is to be forgotten")
    add_folder(parser)
    add_store(parser)
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Erase, and say what was."""
    from cubeql.server.auditfiles import erase

    found = erase(chosen_folder(options), options.user)
    diagnostics.notice(f"{options.user}: {found.lines:,} lines removed and {found.mentions:,} lines of others changed "
                       f"in {found.files:,} files")  # fmt: skip
    store = chosen_store(options)
    if store is not None:
        from cubeql.storage import Store

        diagnostics.notice(f"{len(Store.open(store).tokens.unlabel(options.user)):,} labels of tokens removed")
    return DONE
