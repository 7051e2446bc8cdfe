"""Let tokens no longer in, by their ids or all of a user.

A server that runs heeds it within seconds, for guests who are there and results that are being sent too.
"""

from __future__ import annotations

import argparse

from cubeql.cli.arguments import Parser, UsageError, add_store, add_talking, chosen_store
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    parser.add_argument("ids", metavar="ID", nargs="*", help="as `cubeql token list` shows them")
    parser.add_argument("--user", metavar="USER", help="all good tokens of this user")
    add_store(parser)
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Revoke the tokens and say which."""
    from cubeql.session import default_store
    from cubeql.storage import Store

    if bool(options.ids) == (options.user is not None):
        raise UsageError("say which tokens: their ids, or --user USER for all of one")
    tokens = Store.open(chosen_store(options) or default_store()).tokens
    gone = tokens.revoke(map(_id, options.ids)) if options.ids else tokens.revoke_of(options.user)
    for token in gone:
        diagnostics.notice(f"token {token.id} of {token.user} is revoked")
    if not gone:
        diagnostics.notice(f"{options.user} has no token that is good")
    return DONE


def _id(written: str) -> str:
    """The id, also of a whole token that was pasted."""
    parts = written.split("_")
    return parts[1] if parts[0] == "cubeql" and len(parts) == 3 else written
