"""Make a token, which lets a user of the served store in. It is printed once, alone on stdout, and never again.

  cubeql token create anna --scope write > anna.token
  cubeql token create dashboard --expires 365d --label 'the wall in the hall'

A user is whom a token names; there is no other list of users. What a user may read or write is said with GRANT.
"""

from __future__ import annotations

import argparse
import re
from datetime import timedelta

from cubeql.cli.arguments import Parser, add_store, add_talking, chosen_store
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE

_SCOPES = ("read", "write", "keeper")
_LASTS = re.compile(r"([0-9]{1,5})([hdwy])", re.ASCII)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "y": timedelta(days=365)}
_DEFAULT = timedelta(days=90)


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    parser.add_argument("user", metavar="USER", help="whose token it is: letters, digits and underscores")
    parser.add_argument(
        "--scope", choices=_SCOPES, default="read",
        help="read what the user may read; write what he may write; keeper: everything, as whoever holds the store",
    )  # fmt: skip
    parser.add_argument(
        "--expires", metavar="AFTER", type=lasting, default=_DEFAULT,
        help="good for 12h, 90d, 4w, 1y or for ever: never (default 90d)",
    )  # fmt: skip
    parser.add_argument("--label", metavar="TEXT", default="", help="what it is for")
    add_store(parser)
    add_talking(parser)


def lasting(text: str) -> timedelta | None:
    """How long a token is good, as ``--expires`` says it; None for ever."""
    if text == "never":
        return None
    found = _LASTS.fullmatch(text)
    if found is None or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no time to be good for: write 12h, 90d, 4w, 1y or never")
    return int(found[1]) * _UNITS[found[2]]


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Make the token and print it."""
    from cubeql.cli.output.sink import write_text
    from cubeql.session import default_store
    from cubeql.storage import Store

    store = Store.open(chosen_store(options) or default_store())
    token, text = store.tokens.create(options.user, options.scope, options.expires, options.label)
    write_text(f"{text}\n")
    until = "for ever" if token.expires is None else f"until {token.expires:%Y-%m-%d %H:%M} UTC"
    diagnostics.notice(
        f"token {token.id} of {token.user}: scope {token.scope}, good {until}; keep it now, it cannot be shown again"
    )
    return DONE

