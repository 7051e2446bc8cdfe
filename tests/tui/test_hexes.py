"""Cells and their values: brought together here and by the engine, the answers are the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pytest
from cubeql_tui.map.sources import LayerSource, Quantity, RowsSource
from cubeql_tui.rows import Rows
from cubeql_tui.snapshot import LayerFacts, Snapshot

from cubeql.drawing import hexes
from cubeql.drawing.colours import RAMPS, Scale, class_colours, fitting_ramp, ramp
from cubeql.drawing.hexes import Hexes, gathered
from cubeql.drawing.lines import braille, dots
from cubeql.drawing.raster import ground_of
from cubeql.drawing.view import Box, View
from cubeql.grid.cells import centers
from cubeql.values.cells import parent
from tests.support.cube import A, below

WORLD = Box(-180.0, -90.0, 180.0, 90.0)


def _facts(cube: Any, name: str) -> LayerFacts:
    return next(f for f in Snapshot.of(cube).facts if f.record.name == name)


def _rows(cube: Any, text: str) -> Rows:
    result = cube.query(text)
    return Rows(result.schema, list(result))


def _same(one: Hexes, other: Hexes) -> None:
    assert one.cells.tolist() == other.cells.tolist()
    np.testing.assert_allclose(one.values, other.values, rtol=1e-9, equal_nan=True)


@pytest.mark.parametrize("classes", [False, True])
def test_cells_that_are_gathered_in_parts_are_the_same(classes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = np.repeat(np.sort(np.array(below(A, 8), np.int64)), 3)
    values = np.random.default_rng(5).integers(0, 4, len(cells)).astype(float)
    values[::7] = np.nan
    resolution = h3.get_resolution(h3.int_to_str(int(cells[0]))) - 1
    for coarser in (0, 1, 2):
        whole = gathered(cells, values, resolution - coarser, classes)
        with monkeypatch.context() as patch:
            patch.setattr(hexes, "_PIECE", 50)
            parts = gathered(cells, values, resolution - coarser, classes)
        _same(parts, whole)
        assert parts.whole == whole.whole


def test_many_cells_have_the_parents_and_centres_that_few_have() -> None:
    few = np.array(below(A, 7), np.int64)
    many = np.resize(few, 70_001)
    expected = [h3.str_to_int(h3.cell_to_parent(h3.int_to_str(cell), 2)) for cell in few.tolist()]
    assert (parent(many, 2) == np.resize(expected, many.size)).all()
    places = np.array([h3.cell_to_latlng(h3.int_to_str(cell)) for cell in few.tolist()])
    lon, lat = centers(many)
    np.testing.assert_allclose(lat, np.resize(places[:, 0], many.size), atol=1e-9)
    np.testing.assert_allclose(lon, np.resize(places[:, 1], many.size), atol=1e-9)


@pytest.mark.parametrize("classes", [False, True])
def test_many_values_become_one_a_cell(classes: bool) -> None:
    cells = np.array(below(A, 7) * 2, np.int64)
    values = np.random.default_rng(5).integers(0, 4, len(cells)).astype(float)
    values[::5] = np.nan
    found = gathered(cells, values, 6, classes)
    by_parent: dict[int, list[float]] = defaultdict(list)
    for cell, value in zip(cells.tolist(), values.tolist(), strict=True):
        upper = h3.str_to_int(h3.cell_to_parent(h3.int_to_str(cell), 6))
        by_parent[upper] += [] if np.isnan(value) else [value]
    assert found.cells.tolist() == sorted(by_parent)
    for cell, value in zip(found.cells.tolist(), found.values.tolist(), strict=True):
        known = by_parent[cell]
        counts = Counter(known)
        want = min(counts, key=lambda v: (-counts[v], v)) if classes else sum(known) / len(known)
        assert value == pytest.approx(want)


@pytest.mark.parametrize("box", [Box(10.0, 40.0, 14.0, 44.0), Box(179.0, -20.0, -178.0, 10.0), WORLD])
def test_of_many_cells_all_those_in_a_window_are_kept(monkeypatch: pytest.MonkeyPatch, box: Box) -> None:
    cells = np.sort(np.array([h3.str_to_int(c) for top in h3.get_res0_cells() for c in h3.cell_to_children(top, 3)]))
    every = Hexes(3, cells, np.arange(len(cells), dtype=float))
    assert every.near(box) is every, "few are not looked through"
    monkeypatch.setattr(hexes, "_MANY", 100)
    found = every.near(box)
    assert dict(zip(found.cells.tolist(), found.values.tolist())).items() <= dict(
        zip(cells.tolist(), every.values.tolist())).items()  # fmt: skip
    lon, lat = centers(cells)
    inside = (box.south <= lat) & (lat <= box.north) & ((lon - box.west) % 360.0 <= box.width)
    assert inside.any() and set(cells[inside].tolist()) <= set(found.cells.tolist())
    assert len(found) == len(every) or len(found) < len(every) / 4


def test_a_cell_without_a_value_has_none() -> None:
    found = gathered(np.array([A], np.int64), np.array([np.nan]), 5, False)
    assert found.value(A) is None
    assert found.value(A + 1) is None


@pytest.mark.parametrize(
    ("layer", "band", "resolution"),
    [("finer", "elevation", 9), ("finer", "elevation", 7), ("finer", "slope", 6), ("classes", "class", 6),
     ("classes", "class", 5), ("far", "relief", 2), ("far", "relief", 0), ("pentfine", "w", 5), ("dateline", "sst", 3)],
)  # fmt: skip
def test_the_engine_and_the_rows_of_a_result_give_the_same_cells(
    cube: Any, layer: str, band: str, resolution: int
) -> None:
    facts = _facts(cube, layer)
    source = LayerSource(cube, facts)
    quantity = next(q for q in source.quantities if q.name == band)
    time = source.times()[-1] if facts.record.time else None
    asked = source.hexes(quantity, resolution, WORLD, time)
    with_time = "cell, time" if facts.record.time else "cell"
    held = RowsSource(_rows(cube, f"SELECT {with_time}, {band} FROM {layer} FILTER {band} IS NOT NULL"), True)
    assert held.quantities[0] == quantity
    _same(_known(asked), held.hexes(held.quantities[0], resolution, WORLD, time))
    assert held.extent() is not None and source.extent() is not None


def _known(hexes: Hexes) -> Hexes:
    known = ~np.isnan(hexes.values)
    return Hexes(hexes.resolution, hexes.cells[known], hexes.values[known], hexes.whole)


def test_a_region_across_the_antimeridian_is_asked_for_whole(cube: Any) -> None:
    source = LayerSource(cube, _facts(cube, "dateline"))
    (quantity,) = source.quantities
    everywhere = source.hexes(quantity, 4, WORLD, source.times()[0])
    extent = source.extent()
    assert extent is not None and extent.width < 180.0
    assert len(everywhere) > 0
    _same(source.hexes(quantity, 4, extent, source.times()[0]), everywhere)


def test_results_without_cells_or_values_are_not_shown(cube: Any) -> None:
    assert not RowsSource.can_show(_rows(cube, "SELECT elevation FROM finer LIMIT 3"))
    assert not RowsSource.can_show(_rows(cube, "SELECT cell FROM finer LIMIT 3"))
    assert RowsSource.can_show(_rows(cube, "SELECT cell, elevation FROM finer LIMIT 3"))
    empty = RowsSource(_rows(cube, "SELECT cell, elevation FROM finer LIMIT 0"), True)
    assert (empty.extent(), len(empty.hexes(Quantity("elevation"), 0, WORLD, None))) == (None, 0)


# ------------------------------------------------------------------ colours


def _lightness(rgb: tuple[int, int, int]) -> float:
    linear = [(c / 255 + 0.055) ** 2.4 / 1.055**2.4 if c > 10 else c / 255 / 12.92 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", RAMPS)
def test_a_ramp_grows_lighter_all_the_way(name: str) -> None:
    lights = [_lightness(colour) for colour in ramp(name)]
    assert all(before < after for before, after in pairwise(lights))


def test_values_have_the_colours_of_their_place() -> None:
    scale = Scale(ramp("grey"), 0.0, 63.0)
    assert scale.indexes(np.array([-5.0, 0.0, 31.0, 63.0, 99.0, np.nan])).tolist() == [0, 0, 31, 63, 63, scale.nothing]
    classes = Scale.of_classes({3: "forest", 7: "water"})
    assert classes.indexes(np.array([7.0, 3.0, 5.0, np.nan, 99.0])).tolist() == [1, 0, 2, 2, 2]


def test_a_single_value_has_a_scale() -> None:
    scale = Scale.of_values(np.array([4.0, 4.0, np.nan]), "grey")
    assert scale.indexes(np.array([4.0])).tolist() == [0]
    assert Scale.of_values(np.array([]), "grey").indexes(np.array([np.nan])).tolist() == [64]


def test_classes_look_like_what_they_are_and_differ() -> None:
    names = [
        "Water Bodies",
        "Evergreen Forests",
        "Deciduous Forests",
        "Mixed Forests",
        "Croplands",
        "Urban",
        "Snow and Ice",
    ]
    colours = class_colours(dict(enumerate(names)))
    water, *_, urban, snow = colours.values()
    assert max(water) == water[2] and max(urban) == urban[0] and min(snow) > 200
    assert len(set(colours.values())) == len(names)
    assert len(set(class_colours({n: f"type {n}" for n in range(40)}).values())) == 40


@pytest.mark.parametrize(
    ("name", "unit", "chosen"),
    [("elevation", "m", "relief"), ("t2m", "degC", "embers"), ("x", "mm", "rain"), ("x", None, "lagoon")],
)  # fmt: skip
def test_a_quantity_has_a_ramp_that_suits_it(name: str, unit: str | None, chosen: str) -> None:
    assert fitting_ramp(name, unit) == chosen


# ------------------------------------------------------------------ places and lines


@pytest.mark.parametrize("move", [(1, 0), (0, 1), (-7, 3), (20, -11), (0, 0), (59, 39), (61, 0), (0.5, 0)])
@pytest.mark.parametrize("box", [Box(5, 44, 17, 49), Box(178, -5, -178, 5)])
def test_a_window_that_moved_shows_the_same_as_a_new_one(box: Box, move: tuple[float, float]) -> None:
    before = View.fitting(box, 120, 80)
    view = before.panned(*move)
    moved = ground_of(view, 5, ground_of(before, 5))
    assert (moved.cells == ground_of(view, 5).cells).all()


def test_each_pixel_is_the_cell_of_its_middle() -> None:
    view = View.fitting(Box(178, -5, -178, 5), 40, 30)
    ground = ground_of(view, 4)
    for x, y in ((0, 0), (39, 29), (20, 15), (5, 22)):
        lon, lat = view.place(x, y)
        assert int(ground.cells[y, x]) == h3.str_to_int(h3.latlng_to_cell(lat, lon, 4))


def test_a_wide_window_sees_the_earth_once() -> None:
    view = View.fitting(WORLD, 400, 40)
    cells = ground_of(view, 1).cells
    assert (cells[:, 0] == 0).all() and (cells[:, 399] == 0).all() and (cells[:, 200] != 0).all()


def test_a_stretch_is_drawn_from_end_to_end() -> None:
    view = View.fitting(Box(0, 0, 10, 10), 10, 10)
    bits = braille(np.array([[0.25, 9.75]]), np.array([[0.25, 0.25]]), view)
    assert bits[0].tolist() == [0x09] * 10 and not bits[1:].any()


def test_coasts_are_where_land_ends() -> None:
    view = View.fitting(Box(-12, 35, 5, 60), 120, 120)  # between Ireland and France; 10 W 50 N is sea, 0 E 47 N is land
    coast, _ = dots(view)
    assert coast.any()
    for lon, lat in ((-11.0, 47.0), (1.5, 47.0)):
        x = int((lon - view.lon) / view.scale + view.width / 2)
        rows = np.abs(view.latitudes() - lat).argmin() // 2
        assert not coast[rows - 2 : rows + 3, x - 3 : x + 4].any()


def test_the_snapshot_answers_what_the_store_does(cube: Any, cube_store: Path) -> None:
    snapshot = Snapshot.of(cube)
    assert snapshot.layer_names() == cube.store.layer_names()
    assert snapshot.layer("FINER") == cube.store.layer("finer")
    assert snapshot.layer("absent") is None
    assert snapshot.view_names() == cube.store.view_names()
