"""Laws of grid maps and regridding, for random grids, patches and values."""

from __future__ import annotations

from typing import Any

import h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cubeql.ingest import placing
from cubeql.ingest.gridmap import make_map
from cubeql.ingest.lattice import lattice_of
from cubeql.ingest.pixelgrid import PixelGrid, Projector, make_grid
from cubeql.ingest.regrid import Picked, of_pixels
from cubeql.values.tiles import cells_of

SYSTEMS = ["EPSG:4326", "EPSG:32633", "EPSG:3035", "EPSG:3413", "EPSG:3857", "EPSG:6933"]


@st.composite
def patches_and_grids(draw: st.DrawFn) -> tuple[int, int, PixelGrid]:
    """A patch, a resolution of cells below it, and a grid laid over its neighbourhood."""
    lat, lon = draw(st.floats(-89, 89)), draw(st.floats(-180, 180))
    own = draw(st.integers(0, 6))
    depth = draw(st.sampled_from([3, 4]))
    patch = h3.str_to_int(h3.latlng_to_cell(lat, lon, own))
    crs = draw(st.sampled_from(SYSTEMS if abs(lat) < 75 and 0 < lon < 30 else ["EPSG:4326"]))
    pixel = h3.average_hexagon_edge_length(own + depth, unit="m") * draw(st.floats(0.4, 3))
    plain = make_grid("grid", crs, (1e-9, 0, 0, 0, 1e-9, 0), 1, 1)
    x, y = (float(v[0]) * 1e-9 for v in Projector(plain).pixels(np.array([lon]), np.array([lat])))
    size = pixel / 111_000 if crs == "EPSG:4326" else pixel
    turn = np.radians(draw(st.sampled_from([0, 0, 30, 145])))
    a, b = size * np.cos(turn), size * np.sin(turn)
    count = draw(st.integers(20, 250))
    c, f = x - (a + b) * count / 2, y + (a - b) * count / 2
    return patch, own + depth, make_grid("grid", crs, (a, b, c, b, -a, f), count, count)


@settings(max_examples=40)
@given(patches_and_grids(), st.sampled_from(["nearest", "bilinear", "pixels"]))
def test_fast_way_equals_the_exact_way(case: tuple[int, int, PixelGrid], family: Any) -> None:
    patch, resolution, grid = case
    fast = make_map(Projector(grid), patch, resolution, family)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(placing, "slot_pixels", lambda *_: None)
        patched.setattr(placing, "block_slots", lambda *_: None)
        exact = make_map(Projector(grid), patch, resolution, family)
    assert fast.window == exact.window
    assert np.array_equal(fast.pixels, exact.pixels)
    assert np.array_equal(fast.slots, exact.slots) and np.array_equal(fast.starts, exact.starts)
    if fast.weights is not None and exact.weights is not None:
        assert np.abs(fast.weights - exact.weights).max() < 1e-5


@pytest.mark.parametrize("own", [2, 3])
def test_slots_lie_where_the_lattice_says(own: int) -> None:
    """Neighbours in the lattice are neighbours on earth."""
    patch, resolution = h3.str_to_int(h3.latlng_to_cell(40, 20, own)), own + 3
    lattice = lattice_of(bool(own % 2), 3)
    texts = [h3.int_to_str(c) for c in cells_of(patch, resolution).tolist()]
    for slot in range(0, 343, 17):
        around = set()
        for dq, dr in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, -1), (-1, 1)):
            at = (lattice.q[slot] + dq - lattice.first[0], lattice.r[slot] + dr - lattice.first[1])
            if lattice.slots[at] >= 0:
                around.add(texts[lattice.slots[at]])
        assert around <= set(h3.grid_ring(texts[slot], 1))
        assert len(around) == 6 or slot in {*lattice.rim.tolist(), *lattice.inner.tolist()}


@st.composite
def grouped_pixels(draw: st.DrawFn) -> tuple[list[list[tuple[float, bool]]], Any]:
    dtype = draw(st.sampled_from([np.int16, np.float32, np.uint8]))
    value = st.integers(0, 250) if dtype != np.float32 else st.floats(-1e6, 1e6, width=32)
    groups = draw(st.lists(st.lists(st.tuples(value, st.booleans()), min_size=1, max_size=9), min_size=1, max_size=7))
    return groups, dtype


@given(grouped_pixels(), st.sampled_from(["mean", "min", "max", "sum", "median", "mode"]))
def test_no_value_comes_out_of_nodata(case: tuple[list[list[tuple[float, bool]]], Any], method: Any) -> None:
    groups, dtype = case
    flat = [pixel for group in groups for pixel in group]
    picked = Picked(np.array([v for v, _ in flat], dtype), np.array([ok for _, ok in flat]))
    starts = np.cumsum([0, *(len(g) for g in groups)])[:-1]
    cells = of_pixels(len(groups), method, picked, starts, np.arange(len(groups)), np.dtype(np.float64))
    for group, value, valid in zip(groups, cells.values, cells.valid, strict=True):
        own = [float(dtype(v)) for v, ok in group if ok]
        assert valid == bool(own)
        if own and method == "sum":
            assert value == pytest.approx(sum(own), rel=1e-9, abs=1e-6)
        elif own:
            assert min(own) - 1e-9 * abs(min(own)) <= value <= max(own) + 1e-9 * abs(max(own))
            assert method in ("mean", "median") or value in own
