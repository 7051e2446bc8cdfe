"""pack(): columns that reshape straight into a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from cubeql.values.tiles import cells_of

QUERY = "FROM fine FILTER time IN '2024-05-03' GROUP BY CELL({key}) SELECT CELL({key}) AS tile, {columns} ORDER BY tile"


def test_columns_are_lists_of_one_length_with_unit_and_type(cube: Any) -> None:
    table = cube.query(QUERY.format(key=6, columns="pack(red) AS red, pack(red > 0.1) AS some")).to_arrow()
    assert table.schema.field("red").type == pa.list_(pa.float64(), 7)
    assert table.schema.field("some").type == pa.list_(pa.bool_(), 7)
    assert table.schema.field("red").metadata[b"unit"] == b"1"


def test_numpy_gives_rows_by_cells(cube: Any) -> None:
    arrays = cube.query(QUERY.format(key=5, columns="pack(red) AS red")).to_numpy()
    assert arrays["red"].shape == (len(arrays["tile"]), 49)
    assert arrays["red"].dtype == np.float64 and np.isnan(arrays["red"]).any()


def test_places_are_those_of_the_cells_below_the_key(cube: Any) -> None:
    packed = cube.query(QUERY.format(key=5, columns="pack(red) AS red")).to_numpy()
    plain = cube.query("SELECT cell, red FROM fine FILTER time IN '2024-05-03' AND red IS NOT NULL").to_numpy()
    found = {}
    for tile, values in zip(packed["tile"], packed["red"]):
        below = cells_of(int(tile), 7)
        found |= {int(c): v for c, v in zip(below, values) if not np.isnan(v)}
    assert found == dict(zip(plain["cell"].astype(int).tolist(), plain["red"].tolist()))


def test_nothing_found_has_the_shape_still(cube: Any) -> None:
    arrays = cube.query(QUERY.format(key=6, columns="pack(red) AS red").replace("2024", "1999")).to_numpy()
    assert arrays["red"].shape == (0, 7)


def test_a_query_above_it_keeps_the_lists(cube: Any) -> None:
    inner = QUERY.format(key=6, columns="pack(nir) AS nir, count(*) AS n").split(" ORDER")[0]
    table = cube.query(f"SELECT tile, nir FROM ({inner}) AS q FILTER n > 2 ORDER BY tile").to_arrow()
    assert table.schema.field("nir").type == pa.list_(pa.float64(), 7) and len(table) > 3


def test_xarray_has_a_dimension_of_places(cube: Any) -> None:
    text = QUERY.format(key=6, columns="pack(red) AS red, time").replace("tile", "cell")
    dataset = cube.query(text.replace("CELL(6) SELECT", "CELL(6), time SELECT")).to_xarray()
    arrays = cube.query(QUERY.format(key=6, columns="pack(red) AS red")).to_numpy()
    assert dataset["red"].dims == ("cell", "time", "red_place")
    assert np.array_equal(dataset["red"].to_numpy()[:, 0, :], arrays["red"], equal_nan=True)


def test_lists_of_any_length_stand_in_xarray(cube: Any) -> None:
    text = "FROM fine FILTER time IN '2024-05-03' GROUP BY cell SELECT cell, list(red) AS reds"
    dataset = cube.query(text).to_xarray()
    assert dataset["reds"].dims == ("cell",) and isinstance(dataset["reds"].to_numpy()[0], list)
