"""A writer killed at any moment leaves the layer as before its write or as after it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from cubeql.storage import Store
from cubeql.values.cells import BASE_TILES
from tests.storage.making import block, layer, paths, put, store_in, stored

ROOT = Path(__file__).parents[2]
BIG = layer(resolution=5)
TILES = [int(tile) for tile in BASE_TILES if tile % 3]
ROWS = 12


def write_for_ever(folder: str) -> None:
    """Append writes of ``ROWS`` rows, a file each few of them, and say so after each commit."""
    store = Store.open(folder)
    done = len(stored(store)) // ROWS
    while True:
        rows = [block(BIG, TILES[i], hour(done), seed=i) for i in range(ROWS)]
        put(store, BIG, *rows, mode="append", buffer_bytes=100_000)
        done += 1
        print(done, flush=True)


def hour(count: int) -> str:
    """An instant so many hours after the first."""
    return str(np.datetime64("2024-01-01T00", "h") + np.timedelta64(count, "h"))


def kill_one(folder: Path, more_files: int) -> int:
    """Start a writer, kill it once it has made some files more after a commit; how many commits it told."""
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.test_kills", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    told = int(writer.stdout.readline())
    files = file_count(folder)
    while file_count(folder) < files + more_files:
        assert writer.poll() is None
    writer.kill()
    last = writer.stdout.read().split()
    writer.wait()
    return int(last[-1]) if last else told


def file_count(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.parquet"))


def check_after_kills(tmp_path: Path, kills: int) -> None:
    store = store_in(tmp_path)
    put(store, BIG)
    moments = random.Random(7)
    for _ in range(kills):
        told = kill_one(tmp_path / "store", moments.randrange(0, 12))
        fresh = Store.open(tmp_path / "store")
        rows = stored(fresh)
        assert len(rows) in (told * ROWS, (told + 1) * ROWS), "no commit half done, none lost"
        kept = set(paths(fresh, "rain")) if told else set()
        left = {fresh.objects.uri(leftover.name) for leftover in fresh.vacuum(timedelta(0), remove=True)}
        assert not left & kept
        assert file_count(tmp_path / "store") == len(kept), "nothing is left behind after a vacuum"
        assert stored(fresh) == rows
        assert len({time_us for _, time_us in rows}) == len(rows) // ROWS


@pytest.mark.slow
def test_writers_killed_many_times_leave_whole_commits(tmp_path: Path) -> None:
    check_after_kills(tmp_path, 6)


if __name__ == "__main__":
    write_for_ever(sys.argv[1])
