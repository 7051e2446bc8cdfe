"""Build a store from real data that ships with the package, and ask it questions.

The store is made once; run again, the demo only asks.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cubeql.cli.arguments import Parser, add_talking, store_here
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE

if TYPE_CHECKING:
    from cubeql.engine.result import Result

_FOLDER = "cubeql-demo"


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    parser.add_argument("--store", metavar="DIR", default=_FOLDER, help=f"where to build it (default: ./{_FOLDER})")
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Build, ask, say how to go on."""
    import time

    import cubeql
    from cubeql.cli.interrupt import cancelling
    from cubeql.cli.output.results import Output
    from cubeql.cli.output.sink import write_text
    from cubeql.demo import run as demo
    from cubeql.formats.rows import Rows

    def say(line: str) -> None:
        write_text(f"{line}\n")

    def show(result: Result) -> None:
        output.write(Rows(result.schema, iter(result)))

    began = time.monotonic()
    with (
        cubeql.connect(store_here(options, "a store is made"), create=True) as session,
        cancelling(session.cancel) as interrupts,
        Output("table", max_rows=0, colour=options.color) as output,
    ):
        try:
            demo.build(session, diagnostics.notice)
            asked = demo.run(session, say, show)
        except Exception:
            interrupts.check()
            raise
    say("")
    for line in demo.next_steps(options.store):
        say(line)
    diagnostics.notice(f"{time.monotonic() - began:.0f} s in all, {asked:.1f} s of them for the questions")
    return DONE
