"""A result in every shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas
import polars
import pyarrow as pa
import pytest
import rasterio
import shapely

import cubeql
from cubeql.errors import CubeQLError, QueryError
from cubeql.grid.cells import cells_at, centers

TEXT = "SELECT cell, time, red, month(time) AS m, red > 0.1 AS bright, season(time) AS s FROM fine ORDER BY cell, time"
EVERY_TYPE = """SELECT cell, time, red AS number, month(time) AS whole, red > 0 AS yes, season(time) AS words,
                 INTERVAL '1 day' AS gap, red AS "other" FROM fine FILTER red > 100"""


def test_arrow_types_and_metadata(cube: Any) -> None:
    text = "SELECT cell, time, red, t2m, class FROM fine JOIN coarse ON TIME SAME MONTH JOIN classes"
    schema = cube.query(text).schema
    assert schema.types == [pa.uint64(), pa.timestamp("us", "UTC"), pa.float64(), pa.float64(), pa.int64()]
    meta = [f.metadata for f in schema]
    assert [m[b"cubeql.type"] for m in meta] == [b"cell", b"timestamp", b"number", b"number", b"integer"]
    assert meta[0][b"cubeql.resolution"] == b"7"
    assert [m.get(b"unit") for m in meta] == [None, None, b"1", b"degC", None]
    assert meta[4][b"cubeql.classes"] == b"1=water|2=forest|3=crop|4=urban"


def test_provenance_names_layers_versions_and_licences(cube: Any) -> None:
    result = cube.query("SELECT count(*) AS n FROM fine JOIN classes FILTER cell IN (SELECT cell FROM twin)")
    found = result.provenance()
    assert found["statement"] == result.statement
    assert {name: layer["licence"] for name, layer in found["layers"].items()} == {
        "fine": "CC0-1.0", "classes": None, "twin": None,
    }  # fmt: skip
    assert found["layers"]["fine"]["version"] == 1
    assert result.units() == {}


def test_a_result_is_read_once_unless_it_is_kept(cube: Any) -> None:
    result = cube.query("SELECT cell FROM classes")
    assert sum(batch.num_rows for batch in result) == 12
    with pytest.raises(CubeQLError, match="read already"):
        list(result)
    kept = cube.query("SELECT cell FROM classes")
    assert kept.to_arrow().num_rows == sum(b.num_rows for b in kept) == kept.to_pandas().shape[0] == 12
    assert kept.stats["rows"] == 12


def test_other_libraries_take_the_stream(cube: Any) -> None:
    table = cube.query(TEXT).to_arrow()
    assert pa.table(cube.query(TEXT)).equals(table)
    assert pa.schema(cube.query(TEXT)) == table.schema
    assert polars.DataFrame(cube.query(TEXT)).equals(polars.from_arrow(table))
    assert pa.RecordBatchReader.from_stream(cube.query(TEXT)).read_all().equals(table)
    result = cube.query(TEXT)  # noqa: F841 - DuckDB finds it by its name
    found = duckdb.sql("SELECT count(*), sum(red), min(cell) FROM result").fetchone()
    total = pytest.approx(sum(v for v in table["red"].to_pylist() if v))
    assert found == (len(table), total, min(table["cell"].to_pylist()))
    if hasattr(pandas.DataFrame, "from_arrow"):
        assert len(pandas.DataFrame.from_arrow(cube.query(TEXT))) == len(table)


def test_frames(cube: Any) -> None:
    table = cube.query(TEXT).to_arrow()
    frame = cube.query(TEXT).to_pandas()
    assert list(frame.columns) == table.column_names and len(frame) == len(table)
    assert str(frame["cell"].dtype) == "uint64" and str(frame["time"].dt.tz) == "UTC"
    assert cube.query(TEXT).to_polars().shape == (len(table), 6)
    arrays = cube.query(TEXT).to_numpy()
    assert np.isnan(arrays["red"]).sum() == table["red"].null_count


def test_hexagons(cube: Any) -> None:
    frame = cube.query("SELECT cell, class FROM classes").to_geopandas()
    assert frame.crs == "EPSG:4326"
    lon, lat = centers(frame["cell"].to_numpy().astype(np.int64))
    assert shapely.contains_xy(frame.geometry.to_numpy(), lon, lat).all()


def test_dataset(cube: Any) -> None:
    made = cube.query("SELECT cell, time, t2m FROM coarse").to_xarray()
    rows = cube.query("SELECT cell, time, t2m FROM coarse").to_arrow().to_pylist()
    assert made["t2m"].dims == ("cell", "time") and made["t2m"].attrs == {"units": "degC"}
    for row in rows:
        there = made["t2m"].sel(cell=row["cell"], time=row["time"].replace(tzinfo=None))
        assert float(there) == row["t2m"]
    assert int(made["t2m"].notnull().sum()) == len(rows)
    with pytest.raises(CubeQLError, match="more than once"):
        cube.query("SELECT cell, red FROM fine").to_xarray()


def test_shapes_that_need_cells_say_so(cube: Any) -> None:
    for shape in ("to_geopandas", "to_xarray"):
        with pytest.raises(CubeQLError, match="SELECT cell"):
            getattr(cube.query("SELECT count(*) AS n FROM fine"), shape)()


def test_no_rows_still_have_columns_of_their_types(cube: Any) -> None:
    full = cube.query(EVERY_TYPE.replace("> 100", "> 0")).schema
    table = cube.query(EVERY_TYPE).to_arrow()
    assert table.schema == full and table.num_rows == 0
    assert list(cube.query(EVERY_TYPE)) == []
    assert cube.query(EVERY_TYPE).to_reader().read_all().schema == full
    assert cube.query(EVERY_TYPE).to_pandas().shape == (0, 8)
    assert cube.query("SELECT cell, red FROM fine FILTER red > 100").to_polars().shape == (0, 2)
    assert all(len(v) == 0 for v in cube.query("SELECT cell, red FROM fine FILTER red > 100").to_numpy().values())
    assert len(cube.query("SELECT cell, red FROM fine FILTER red > 100").to_geopandas()) == 0
    assert cube.query("SELECT cell, red FROM fine FILTER red > 100").to_xarray().sizes["cell"] == 0
    with pytest.raises(QueryError, match="no cells"):
        cube.query("SELECT cell, red FROM fine FILTER red > 100").to_raster("nowhere.tif")


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3035", "EPSG:3857"])
def test_a_raster_holds_at_each_pixel_what_its_cell_holds(cube: Any, tmp_path: Path, crs: str) -> None:
    text = "SELECT cell, avg(red) AS red, count(*) AS n FROM fine GROUP BY cell"
    rows = {r["cell"]: r for r in cube.query(text).to_arrow().to_pylist()}
    path = cube.query(text).to_raster(tmp_path / "out.tif", crs=crs)
    import pyproj

    with rasterio.open(path) as source:
        assert source.crs.to_string() == crs and source.descriptions == ("red", "n") and source.units[0] == "1"
        red, n = source.read()
        x, y = rasterio.transform.xy(source.transform, *np.indices(red.shape).reshape(2, -1))
    lon, lat = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    cells = cells_at(np.asarray(lon), np.asarray(lat), 7)
    wanted = np.array([rows.get(int(c), {"red": np.nan})["red"] for c in cells], float)
    assert np.array_equal(red.ravel(), wanted, equal_nan=True)
    assert {int(c) for c, v in zip(cells, n.ravel()) if v > 0} == set(rows)


def test_a_raster_of_one_column(cube: Any, tmp_path: Path) -> None:
    result = cube.query("SELECT cell, relief, stations FROM far")
    with rasterio.open(result.to_raster(tmp_path / "one.tif", band="stations")) as source:
        assert source.descriptions == ("stations",)
    with pytest.raises(QueryError, match="nothing"):
        result.to_raster(tmp_path / "two.tif", band="nothing")


@pytest.mark.parametrize(
    "options", [{"size": 0}, {"size": -1}, {"size": float("nan")}, {"size": "big"}, {"crs": "EPSG:1"}, {"size": 1e-9}]
)
def test_rasters_that_cannot_be_are_refused(cube: Any, tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(QueryError):
        cube.query("SELECT cell, relief FROM far").to_raster(tmp_path / "no.tif", **options)
    assert not list(tmp_path.iterdir())


def test_rows_stream_before_the_last_is_computed(cube_store: Path) -> None:
    with cubeql.connect(cube_store, threads=1) as session:
        text = """WITH a AS (SELECT cell, red FROM fine), b AS (SELECT cell, nir FROM fine),
                  c AS (SELECT cell, v FROM twin) SELECT a.red, b.nir, c.v, g, i FROM a JOIN b JOIN c
                  JOIN (SELECT cell, nir AS g FROM fine) AS h
                  JOIN (SELECT cell, nir AS i FROM fine) AS j JOIN (SELECT cell, nir AS k FROM fine) AS l"""
        whole = sum(b.num_rows for b in session.query(text))
        batches = iter(session.query(text))
        assert 0 < next(batches).num_rows < whole / 2
        assert pa.total_allocated_bytes() < 200_000_000
        batches.close()


def test_stats(cube: Any) -> None:
    result = cube.query("SELECT cell, red FROM fine FILTER time IN '2024-05'")
    result.to_arrow()
    stats = result.stats
    assert stats["rows"] > 0 and stats["seconds"] >= stats["prepare_seconds"] > 0
    assert 0 < stats["tiles_kept"] < stats["tiles_all"] and 0 < stats["files_kept"] <= stats["files_all"]


def test_warnings_reach_the_result(cube: Any) -> None:
    texts = {
        "steps_differ": "SELECT t2m FROM fine JOIN coarse",
        "unit_unlike": "SELECT v + red AS x FROM fine JOIN twin",
        "join_on_cell": "SELECT v FROM fine JOIN twin ON fine.cell = twin.cell",
        "cells_never_meet": "SELECT cell FROM fine FILTER cell IN (SELECT cell FROM classes)",
    }
    for code, text in texts.items():
        assert [w.code for w in cube.query(text).warnings] == [code], text
