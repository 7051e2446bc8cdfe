"""Views and sets of cells: kept under names of their own, replaced and dropped whole, on every medium."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from cubeql.errors import StoreError
from cubeql.storage import Store
from cubeql.storage.naming import Named, Names
from cubeql.values.cells import BASE_TILES
from tests.storage.making import block, layer, put

CELLS = np.sort(np.asarray(BASE_TILES[:5], np.int64))
NOW = timedelta(0)


def test_cells_are_kept_sorted_and_once(store: Store) -> None:
    known = store.create_cells("Wet", 0, np.concatenate([CELLS[::-1], CELLS]))
    assert (known.name, known.resolution, known.count) == ("Wet", 0, 5)
    assert store.cell_set("wet") == known and store.cell_set_names() == ("Wet",) and store.kind_of("WET") == "cells"
    found, cells = store.cells_of("wet")
    assert found == known and cells.tolist() == CELLS.tolist()


def test_a_replaced_set_leaves_no_file(store: Store) -> None:
    store.create_cells("wet", 0, CELLS)
    with pytest.raises(StoreError, match="the name wet is taken: there is a set of cells of this name"):
        store.create_cells("wet", 0, CELLS[:2])
    assert store.cells_of("wet")[1].size == 5
    store.create_cells("wet", 0, CELLS[:2], replace=True)
    assert store.cells_of("wet")[1].tolist() == CELLS[:2].tolist()
    assert len(list(store.objects.entries("cells"))) == 1 and store.vacuum(NOW) == []
    store.drop_cells("WET")
    assert store.cell_set("wet") is None and list(store.objects.entries("cells")) == []
    with pytest.raises(StoreError, match="has no cells 'wet'"):
        store.drop_cells("wet")


def test_no_cells_are_a_set(store: Store) -> None:
    store.create_cells("none", 3, CELLS[:0])
    found, cells = store.cells_of("none")
    assert (found.resolution, found.count, cells.size) == (3, 0, 0)


def test_names_are_shared_by_all_kinds(store: Store) -> None:
    rain = layer()
    put(store, rain, block(rain))
    store.create_view("dry", "SELECT 1")
    store.create_cells("wet", 0, CELLS)
    for name, kind in (("rain", "layer"), ("dry", "view"), ("wet", "set of cells")):
        taken = f"the name {name} is taken: there is a {kind} of this name"
        for replace in (False, True):
            if kind != "view":
                with pytest.raises(StoreError, match=taken):
                    store.create_view(name.upper(), "SELECT 2", replace)
            if kind != "set of cells":
                with pytest.raises(StoreError, match=taken):
                    store.create_cells(name.upper(), 0, CELLS[:1], replace)
        if kind != "layer":
            for mode in ("create", "replace", "append"):
                with pytest.raises(StoreError, match=taken):
                    store.write(layer(name), mode)
            with pytest.raises(StoreError, match=taken):
                store.rename("rain", name)
    assert (store.layer_names(), store.view_names(), store.cell_set_names()) == (("rain",), ("dry",), ("wet",))
    assert store.view("dry") == "SELECT 1" and store.cells_of("wet")[1].size == 5 and store.vacuum(NOW) == []


def test_a_reader_whose_set_is_replaced_meanwhile_reads_the_new_one(store: Store) -> None:
    """The name was read, then its file was taken away: the name says another one by now."""
    store.create_cells("wet", 0, CELLS)
    names, replaced = store._names, []

    class Overtaken(Names):
        def find(self, name: str) -> Named | None:
            found = names.find(name)
            if not replaced:
                replaced.append(name)
                Store(store.objects).create_cells("wet", 0, CELLS[:2], replace=True)
            return found

    store._names = Overtaken(store.objects)
    found, cells = store.cells_of("wet")
    assert (found.count, cells.tolist()) == (2, CELLS[:2].tolist())


def test_a_view_is_replaced_and_dropped(store: Store) -> None:
    store.create_view("Dry", "SELECT 1")
    store.create_view("dry", "SELECT 2", replace=True)
    assert (store.view("DRY"), store.view_names()) == ("SELECT 2", ("dry",))
    store.drop_view("Dry")
    assert store.view("dry") is None and store.kind_of("dry") is None
    with pytest.raises(StoreError, match="has no view 'dry'"):
        store.drop_view("dry")
