"""Say which tokens there are: whose, what for, until when, whether they are good. No secret is known to tell."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cubeql.cli.arguments import Parser, add_output, add_store, add_talking, chosen_store
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from cubeql.storage.tokens import Token


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    add_store(parser, positional=True)
    parser.add_argument("--user", metavar="USER", help="only those of this user")
    parser.add_argument("--good", action="store_true", help="only those that are good")
    add_output(parser)
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """List the tokens."""
    from cubeql.cli.output.results import MAX_ROWS, Output
    from cubeql.formats.rows import Rows
    from cubeql.session import default_store
    from cubeql.storage import Store

    tokens = Store.open(chosen_store(options) or default_store()).tokens
    now = tokens.now()
    wanted = [
        token for token in tokens.all()
        if options.user is None or token.user == options.user.lower()
        if not options.good or token.state(now) == "good"
    ]  # fmt: skip
    shown = MAX_ROWS if options.max_rows is None else options.max_rows
    batch = _batch(wanted, now)
    with Output(options.format, options.output, shown, options.color) as output:
        for notice in output.write(Rows(batch.schema, iter([batch]))).notices:
            diagnostics.notice(notice)
    if not wanted:
        diagnostics.notice("there is no such token; `cubeql token create USER` makes one")
    return DONE


def _batch(tokens: list[Token], now: datetime) -> pa.RecordBatch:
    import pyarrow as pa

    instant = pa.timestamp("s", "UTC")
    columns: dict[str, tuple[pa.DataType, Callable[[Token], Any]]] = {
        "id": (pa.string(), lambda t: t.id),
        "user": (pa.string(), lambda t: t.user),
        "scope": (pa.string(), lambda t: t.scope),
        "state": (pa.string(), lambda t: t.state(now)),
        "created": (instant, lambda t: t.created),
        "expires": (instant, lambda t: t.expires),
        "used": (pa.date32(), lambda t: t.used.date() if t.used else None),
        "label": (pa.string(), lambda t: t.label),
    }
    arrays = [pa.array([told(t) for t in tokens], kind) for kind, told in columns.values()]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))
