"""Put the files of layers in order: small ones become one, too large ones several, overlapping ones follow one another.

The rows stay as they are, and so do earlier versions with their files until they are vacuumed. Queries and writers are
not disturbed. It may be stopped at any time: what was committed stays, and doing it again goes on from there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from cubeql.cli.arguments import Parser, add_store, add_talking, byte_count, store_here
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE
from cubeql.cli.progress import ProgressLine, short_count

if TYPE_CHECKING:
    from cubeql.storage.compactor import CompactProgress


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    parser.add_argument("layers", metavar="LAYER", nargs="*", help="which layers; default: all")
    add_store(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and change nothing")
    parser.add_argument("--file-size", metavar="SIZE", type=byte_count, help="of a file, like 64M; default 128M")
    parser.add_argument("--memory-limit", metavar="SIZE", type=byte_count, help="for rows, like 512M; the default")
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Compact the layers and say what was done."""
    import cubeql
    from cubeql.cli.interrupt import cancelling

    given = {"target_bytes": options.file_size, "memory_bytes": options.memory_limit}
    how = {name: value for name, value in given.items() if value is not None}
    store = store_here(options, "files are put in order")
    with cubeql.connect(store) as session, cancelling(session.cancel) as interrupts:
        for name in options.layers or session.store.layer_names():
            (report,) = session.compact(
                name, dry_run=options.dry_run, progress=_progress(diagnostics, name),
                cancel=lambda: interrupts.received is not None, **how,
            )  # fmt: skip
            diagnostics.notice(report.render())
            interrupts.check()
    return DONE


def _progress(diagnostics: Diagnostics, name: str) -> Callable[[CompactProgress], None]:
    drawn = ProgressLine(diagnostics, name)

    def show(progress: CompactProgress) -> None:
        rate = f"{short_count(progress.done / progress.seconds if progress.seconds else 0)}B/s"
        drawn.show(progress.done, progress.total, rate, progress.seconds_left)

    return show
