"""The command: what to stress, how long, and the counts that came of it as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import fields
from pathlib import Path

import scripts.stress as package
from scripts.stress import full, kills, writers
from scripts.stress.servers import s3_server
from scripts.stress.work import EVERY, WORKS


def main(words: list[str]) -> int:
    """Run one kind of stress; 1 where it found a fault."""
    options = _parser().parse_args(words)
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        outcome = {"writers": _writers, "kills": _kills, "full": _full}[options.what](options, Path(made))
        print(json.dumps(outcome, indent=2))
    return int(bool(outcome["faults"]))


def _writers(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    (folder / "ledger").mkdir()
    if options.s3:
        with s3_server(folder / "server", options.restart) as (address, restarts):
            found = writers.run(
                address, folder / "ledger", options.seconds, options.writers, options.readers, options.seed, restarts
            )
        return _told(found) | {"restarts": restarts.count}
    address = options.store or str(folder / "store")
    found = writers.run(address, folder / "ledger", options.seconds, options.writers, options.readers, options.seed)
    return _told(found)


def _told(outcome: writers.Outcome | kills.Outcome | full.Outcome) -> dict[str, object]:
    # Not asdict, which cannot make counters.
    return {f.name: getattr(outcome, f.name) for f in fields(outcome)}


def _kills(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    return _told(kills.run(folder, options.kills, options.seed, options.work or tuple(WORKS)))


def _full(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    works = options.work or tuple(EVERY)
    if options.disk is not None:
        return _told(full.run(folder, options.disk, options.levels, works))
    with full.small_disk(folder / "disk") as disk:
        return _told(full.run(folder, disk, options.levels, works))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.stress", description=package.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("what", choices=("writers", "kills", "full"))
    add("--seed", type=int, default=1)
    add("--folder", type=Path, help="for everything that is written (default: the folder for temporary files)")
    add("--store", metavar="ADDRESS", help="a store to make, for writers and readers (default: a folder)")
    add("--s3", action="store_true", help="writers and readers on an S3 server of its own")
    add("--restart", type=float, default=0, metavar="SECONDS", help="kill the S3 server every so many seconds")
    add("--seconds", type=float, default=180)
    add("--writers", type=int, default=4)
    add("--readers", type=int, default=8)
    add("--kills", type=int, default=50)
    add("--levels", type=int, default=12, help="amounts of room on the disk")
    add("--disk", type=Path, help="an empty folder of a small disk (default: a tmpfs is mounted)")
    add("--work", action="append", choices=tuple(EVERY), help="only this (repeatable)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
