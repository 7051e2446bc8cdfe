"""Several processes write one layer: no commit is lost, no key comes twice, no reader sees half a write."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from cubeql.storage import Store
from cubeql.values.cells import BASE_TILES
from tests.storage.making import block, layer, listed, put, stored

ROOT = Path(__file__).parents[2]
RAIN = layer()
WRITES = 6
APPENDS = 20


def writer(store: Store, number: int, on_conflict: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.storage.test_writers_at_once", str(store.address), str(number), on_conflict],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def append_all(address: str, number: int) -> None:
    """Append rows of one's own, each with a commit of its own."""
    store = Store.open(address)
    for turn in range(APPENDS):
        put(store, RAIN, block(RAIN, int(BASE_TILES[30 + number]), f"2024-05-{turn + 1:02d}"), mode="append")


def cells_of(number: int, turn: int) -> list[int | None]:
    """What writer ``number`` writes at its turn into the row both write: cells of its own, and one of all."""
    values: list[int | None] = [None] * 49
    values[number * WRITES + turn + 1] = number * 100 + turn
    values[0] = number * 100 + turn
    return values


def write_all(address: str, number: int, on_conflict: str) -> None:
    store = Store.open(address)
    for turn in range(WRITES):
        own = block(RAIN, int(BASE_TILES[30 + number]), f"2024-05-{turn + 1:02d}")
        shared = block(RAIN, depth=cells_of(number, turn))
        put(store, RAIN, own, shared, mode="append", on_conflict=on_conflict)
        print(turn, flush=True)


@pytest.mark.parametrize("on_conflict", ["merge", "replace"])
def test_writers_of_the_same_rows_lose_nothing(store: Store, on_conflict: str) -> None:
    put(store, RAIN)
    writers = [writer(store, number, on_conflict) for number in range(2)]
    seen = [0]
    while any(each.poll() is None for each in writers):
        rows = stored(store)  # asserts that no key comes twice
        own = sum(1 for tile, *_ in rows if tile != block(RAIN).tile)
        assert own >= seen[-1], "a commit was lost"
        seen.append(own)
    assert [each.wait() for each in writers] == [0, 0]
    for each in writers:
        each.communicate()
    rows = stored(store)
    assert len(rows) == 2 * WRITES + 1
    assert len(store.history("rain")) == 2 * WRITES + 1
    (shared,) = (row["depth"] for (tile, *_), row in rows.items() if tile == block(RAIN).tile)
    assert shared[0] in (5, 105), "the last write of one of them"
    if on_conflict == "merge":
        for number in range(2):
            first = number * WRITES + 1
            assert shared[first : first + WRITES] == [number * 100 + turn for turn in range(WRITES)]
    else:
        assert sum(value is not None for value in shared) == 2
    assert listed(*block(RAIN, int(BASE_TILES[31]), "2024-05-01").bands["depth"]) in (
        row["depth"] for row in rows.values()
    )


def test_writers_of_the_same_rows_are_refused_but_one(store: Store) -> None:
    put(store, RAIN)
    writers = [writer(store, number, "error") for number in range(2)]
    written = [each.communicate()[0].split() for each in writers]
    assert sorted(each.returncode == 0 for each in writers) == [False, False], "their second write conflicts"
    assert sorted(map(len, written)) == [0, 1]
    assert len(stored(store)) == 2


def test_no_append_of_two_writers_is_lost(store: Store) -> None:
    put(store, RAIN)
    writers = [writer(store, number, "append") for number in range(2)]
    for each in writers:
        each.communicate()
        assert each.returncode == 0
    assert len(stored(store)) == 2 * APPENDS
    assert [entry.version for entry in store.history("rain")] == list(range(2 * APPENDS, -1, -1))
    assert store.vacuum(timedelta(0)) == [], "whoever was slower has cleaned up"


if __name__ == "__main__":
    if sys.argv[3] == "append":
        append_all(sys.argv[1], int(sys.argv[2]))
    else:
        write_all(sys.argv[1], int(sys.argv[2]), sys.argv[3])
