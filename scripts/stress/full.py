"""Disks that fill up at different moments: work fails plainly, the store is as before, and with room it completes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cubeql.storage import Store
from scripts.stress.kills import Ground
from scripts.stress.processes import finished, start
from scripts.stress.state import is_between, state_of
from scripts.stress.work import COPIES, EVERY, WORKS

DISK_BYTES = 256 * 2**20


@dataclass(slots=True)
class Outcome:
    """What came of it.

    Attributes:
        tried: by work, how often.
        found: how often a work ``failed`` for want of room, and how often it was ``done`` all the same.
        faults: what must not be.
    """

    tried: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@contextmanager
def small_disk(folder: Path, size: int = DISK_BYTES) -> Iterator[Path]:
    """A tmpfs of its own at a new folder.

    Raises:
        RuntimeError: it cannot be mounted here.
    """
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)],
                          capture_output=True, text=True, check=False)  # fmt: skip
    if made.returncode:
        raise RuntimeError(f"no tmpfs can be mounted at {folder}: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def run(folder: Path, disk: Path, levels: int, works: Sequence[str] = (*WORKS, *COPIES)) -> Outcome:
    """Do each work on a disk with more and more room, from none to all that it needs.

    Args:
        folder: for what is needed beside, on a disk with room.
        disk: an empty folder of a small disk.
        levels: how many amounts of room.
        works: names of works.
    """
    ground, outcome = Ground(folder), Outcome()
    for what in works:
        needed = _needed(ground, folder, what)
        for level in range(levels):
            room = needed * level // (levels - 1)
            outcome.tried[what] += 1
            fault = _one(ground, folder, disk, what, room, outcome)
            if fault is not None:
                outcome.faults.append(f"{what} with room for {room:,} bytes: {fault}")
    return outcome


def _needed(ground: Ground, folder: Path, what: str) -> int:
    """Bytes that a work adds, undisturbed, and some more for what it removes again."""
    place = ground.copy()
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    before = _size(place)
    process = start("work", place, what, *_files(ground, what, out))
    said = finished(process)
    if process.returncode:
        raise RuntimeError(f"{what} failed though there was room: {said}")
    return int(1.2 * max(_size(place) - before, _size(out))) + 100_000


def _files(ground: Ground, what: str, out: Path) -> list[str]:
    return [str(out / "copy")] if what in COPIES else ground.files(what)


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def _one(ground: Ground, folder: Path, disk: Path, what: str, room: int, outcome: Outcome) -> str | None:
    _clear(disk)
    place = ground.copy() if what in COPIES else Path(shutil.copytree(ground.origin, disk / "store"))
    out = disk / "out"
    out.mkdir()
    stuffing = disk / "stuffing"
    _stuff(stuffing, disk, room)
    old = _size(out)
    process = start("work", place, what, *_files(ground, what, out))
    said = finished(process)
    state = state_of(Store.open(place))
    if process.returncode == 0:
        outcome.found["done"] += 1
    else:
        outcome.found["failed"] += 1
        if process.returncode != 1 or "Traceback" in said:
            return f"it does not fail plainly: {said}"
        if _size(out) != old:
            return f"half a file is left: {[p.name for p in out.iterdir()]}"
        between = what in WORKS and EVERY[what].in_portions
        if state != ground.before and not (between and is_between(ground.before, state, ground.after(what)[0])):
            return "it failed, and the store is not as before"
    stuffing.unlink()
    if process.returncode == 0:
        return None
    again = start("work", place, what, *_files(ground, what, out))
    said = finished(again)
    if again.returncode:
        return f"with room, it fails: {said}"
    if what in WORKS and state_of(Store.open(place)) != ground.after(what)[0]:
        return "with room, the store is not as it would be undisturbed"
    return None


def _stuff(file: Path, disk: Path, room: int) -> None:
    """Take all of a disk but some bytes."""
    free = shutil.disk_usage(disk).free
    with file.open("wb") as handle:
        if free > room:
            os.posix_fallocate(handle.fileno(), 0, free - room)


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
