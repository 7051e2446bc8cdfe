"""Names are shared by layers and views, in all processes: one of those that want a name gets it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from cubeql.errors import StoreError
from cubeql.storage import Store
from cubeql.storage.naming import Named, Names
from tests.storage.making import block, files_below, layer, plain, put, store_in, stored

ROOT = Path(__file__).parents[2]
NAMES = [f"n{n}" for n in range(25)]


def taker(store: Store, kind: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.storage.test_names", str(store.address), kind],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def take_all(address: str, kind: str) -> None:
    """Try to take every name for something of a kind, and print those that were had."""
    store = Store.open(address)
    for name in NAMES:
        try:
            if kind == "view":
                store.create_view(name, "SELECT cell FROM rain")
            else:
                put(store, layer(name=name), mode="create")
            print(name)
        except StoreError:
            continue


def test_one_of_two_processes_gets_a_name(store: Store) -> None:
    takers = [taker(store, kind) for kind in ("view", "layer", "view")]
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
    assert [p.name for p in (tmp_path / "store" / "names").iterdir()] == ["green.json"]


def test_a_layer_dropped_in_the_midst_of_a_rename_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes the old name away first wins; nobody is left with a name of a table that is gone."""
    store = store_in(tmp_path)
    put(store, layer(), block(layer()))
    give = Names.give

    def give_and_drop(names: Names, new: Named, replacing: bool = False) -> Named | None:
        before = give(names, new, replacing)
        Store.open(tmp_path / "store").drop("rain")
        return before

    with monkeypatch.context() as patch:
        patch.setattr(Names, "give", give_and_drop)
        with pytest.raises(StoreError, match="no layer 'rain'"):
            store.rename("rain", "snow")
    assert store.layer_names() == ()
    assert files_below(tmp_path) == ["store/cubeql-store.json"]


def test_a_rename_that_died_half_way_leaves_a_layer_under_both_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(tmp_path)
    put(store, layer(), block(layer()))

    def die(names: Names, known: Named) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Names, "take", die)
        with pytest.raises(KeyboardInterrupt):
            store.rename("rain", "snow")
    assert store.layer_names() == ("rain", "snow")
    store.drop("rain")
    assert stored(store, "snow") == plain([block(layer())])
    store.drop("snow")
    assert files_below(tmp_path) == ["store/cubeql-store.json"]


def test_a_create_that_loses_its_name_to_a_view_leaves_no_table(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with pytest.raises(StoreError, match="rain is taken: there is a view"), store.write(layer(), "create") as write:
        write.add(block(layer()))
        store.create_view("rain", "SELECT 1")
    assert files_below(tmp_path) == ["store/cubeql-store.json", "store/names/rain.json"]


def test_a_replace_takes_the_place_of_a_layer_made_meanwhile(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with store.write(layer(), "replace") as write:
        write.add(block(layer(), seed=2))
        put(store, layer(), block(layer()))
    assert stored(store) == plain([block(layer(), seed=2)])
    assert store.vacuum(timedelta(0)) == []


if __name__ == "__main__":
    take_all(*sys.argv[1:3])
