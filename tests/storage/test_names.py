"""Names are shared by layers and views, in all processes: one of those that want a name gets it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cubeql.errors import StoreError
from cubeql.storage import Store
from tests.storage.making import layer, put, store_in

ROOT = Path(__file__).parents[2]
NAMES = [f"n{n}" for n in range(25)]


def taker(folder: Path, kind: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.storage.test_names", str(folder), kind],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def take_all(folder: str, kind: str) -> None:
    """Try to take every name for something of a kind, and print those that were had."""
    store = Store.open(folder)
    for name in NAMES:
        try:
            if kind == "view":
                store.create_view(name, "SELECT cell FROM rain")
            else:
                put(store, layer(name=name), mode="create")
            print(name)
        except StoreError:
            continue


def test_one_of_two_processes_gets_a_name(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    takers = [taker(tmp_path / "store", kind) for kind in ("view", "layer", "view")]
    had = [each.communicate()[0].split() for each in takers]
    assert [each.returncode for each in takers] == [0, 0, 0]
    assert sorted(n for names in had for n in names) == sorted(NAMES)
    assert sorted((*store.layer_names(), *store.view_names())) == sorted(NAMES)


def test_a_view_that_cannot_be_written_leaves_the_one_that_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_in(tmp_path)
    store.create_view("green", "SELECT 1")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space"):
        store.create_view("green", "SELECT 2", replace=True)
    assert store.view("green") == "SELECT 1"
    assert [p.name for p in (tmp_path / "store" / "views").iterdir()] == ["green.json"]


if __name__ == "__main__":
    take_all(*sys.argv[1:3])
