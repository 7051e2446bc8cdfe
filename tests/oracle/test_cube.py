"""The tiny cube in a store: what was put in comes out, cell by cell."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import h3
import numpy as np
import pytest

from tests.support.cube import slot_of, step_end, tiny_cube, write_store
from tests.support.rows import as_table, tiny_rows
from tests.support.zones import tiny_zones

Stored = dict[tuple[Any, ...], dict[str, Any]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Any:
    storage = pytest.importorskip(
        "cubeql.storage", reason="the product's fault: the store does not stand yet"
    )
    return storage.Store.open(str(write_store(tmp_path_factory.mktemp("cube") / "store")))


def put_in(name: str) -> Stored:
    """What the dictionaries of a layer hold by tile, time, end of step, dimensions and slot."""
    layer = tiny_cube()[name]
    found: Stored = {}
    for (cell, time, dims), row in layer.values.items():
        tile = h3.str_to_int(h3.cell_to_parent(h3.int_to_str(cell), max(0, layer.record.resolution - 5)))
        found[tile, time, step_end(time, layer.record), dims, slot_of(cell, tile)] = row
    return found


def came_out(store: Any, name: str) -> Stored:
    """The same of what the store reads back."""
    found: Stored = {}
    for block in store.read_blocks(name):
        times = [None if t is None else t.astype(object) for t in (block.time, block.time_end)]
        for band, (values, valid) in block.bands.items():
            for slot in np.flatnonzero(valid):
                dims = tuple(d.replace(tzinfo=None) if isinstance(d, datetime) else d for d in block.dimensions)
                place = (block.tile, *times, dims, int(slot))
                found.setdefault(place, {})[band] = values[slot].item()
    return found


@pytest.mark.parametrize("name", tiny_cube())
def test_the_store_gives_back_what_was_put_in(store: Any, name: str) -> None:
    assert came_out(store, name) == put_in(name)


def test_the_records_of_layers_survive(store: Any) -> None:
    kept = {name: replace(store.layer(name), version=0) for name in store.layer_names()}
    wanted = {name: layer.record for name, layer in (tiny_cube() | tiny_zones() | tiny_rows()).items()}
    assert kept == {n: replace(wanted[n], resolution=record.resolution) for n, record in kept.items()}
    assert kept.keys() == wanted.keys()


def test_the_store_gives_back_points_and_zones(store: Any) -> None:
    for name, layer in tiny_rows().items():
        wanted = as_table(layer, layer.rows)
        found = store.read_rows(name).select(wanted.column_names)
        ways = [(n, "ascending") for n in wanted.column_names]
        assert found.sort_by(ways).to_pylist() == wanted.sort_by(ways).to_pylist()


def test_the_cube_holds_its_awkward_places() -> None:
    cube = tiny_cube()
    assert any(h3.is_pentagon(h3.int_to_str(cell)) for cell, _, _ in cube["pent"].values)
    assert {h3.cell_to_latlng(h3.int_to_str(c))[1] > 0 for c, _, _ in cube["dateline"].values} == {
        True,
        False,
    }
    assert any("red" not in row for row in cube["fine"].values.values())
    assert any("nir" not in row for row in cube["fine"].values.values())
    assert not any("never" in row for row in cube["sparse"].values.values())
