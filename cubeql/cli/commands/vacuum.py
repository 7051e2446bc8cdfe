"""Remove what nobody needs: files that killed writers and drops left behind, and, if told so, those of old versions.

By itself it takes only what is left behind, and no file of any version. With --keep-versions or --keep-days the other
versions lose their files, and say so when they are asked for; a layer can go back only to a version that is kept.
"""

from __future__ import annotations

import argparse
from datetime import timedelta

from cubeql.cli.arguments import Parser, add_store, add_talking, positive, store_here, whole
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    parser.add_argument("layers", metavar="LAYER", nargs="*", help="whose old versions go; default: of all layers")
    add_store(parser)
    add = parser.add_argument
    add("--dry-run", action="store_true", help="say what would be removed and remove nothing")
    add("--keep-versions", metavar="N", type=_count, help="of each layer keep the last N versions")
    add("--keep-days", metavar="DAYS", type=positive, help="of each layer keep the versions of the last so many days")
    add(
        "--older-than", metavar="HOURS", type=_hours,
        help="leave younger leftovers alone, for a writer may be at work (default 168), and versions that were the "
        "latest since then, for queries that still run (default 1)",
    )  # fmt: skip
    add_talking(parser)


def _count(text: str) -> int:
    value = whole(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least one version is kept")
    return value


def _hours(text: str) -> timedelta:
    hours = float(text)
    if not 0 <= hours < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no number of hours")
    return timedelta(hours=hours)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Vacuum the store and say what was removed."""
    import cubeql

    with cubeql.connect(store_here(options, "files are removed")) as session:
        report = session.vacuum(
            *options.layers, keep_versions=options.keep_versions, keep_days=options.keep_days,
            older_than=options.older_than, dry_run=options.dry_run,
        )  # fmt: skip
    diagnostics.notice(report.render())
    return DONE
