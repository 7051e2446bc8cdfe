"""COPY TO: what is written is what the query gives; a file appears whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow.csv as pc
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import rasterio

from cubeql.errors import QueryError, StoreError

QUERY = "SELECT cell, time, red, season(time) AS s, red > 0.1 AS b, month(time) AS m FROM fine ORDER BY cell, time"


def copied(cube: Any, path: Path, query: str = QUERY, options: str = "") -> Path:
    result = cube.query(f"COPY ({query}) TO '{path}'{options}")
    assert str(path) in result.message
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    return path


def test_parquet(cube: Any, tmp_path: Path) -> None:
    found = pq.read_table(copied(cube, tmp_path / "out.parquet"))
    table = cube.query(QUERY).to_arrow()
    assert found.equals(table) and found.schema.field("cell").metadata == table.schema.field("cell").metadata
    assert json.loads(found.schema.metadata[b"cubeql"])["layers"]["fine"]["licence"] == "CC0-1.0"


def test_arrow(cube: Any, tmp_path: Path) -> None:
    assert feather.read_table(copied(cube, tmp_path / "out.arrow")).equals(cube.query(QUERY).to_arrow())


def test_csv(cube: Any, tmp_path: Path) -> None:
    found = pc.read_csv(copied(cube, tmp_path / "out.csv")).to_pylist()
    rows = cube.query(QUERY).to_arrow().to_pylist()
    assert len(found) == len(rows) and list(found[0]) == list(rows[0])
    assert [int(str(r["cell"]), 16) for r in found] == [r["cell"] for r in rows]
    assert [r["red"] for r in found] == [r["red"] for r in rows]


def test_json(cube: Any, tmp_path: Path) -> None:
    found = json.loads(copied(cube, tmp_path / "out.json").read_text())
    rows = cube.query(QUERY).to_arrow().to_pylist()
    assert [(int(r["cell"], 16), r["red"], r["b"]) for r in found] == [(r["cell"], r["red"], r["b"]) for r in rows]
    assert found[0]["time"].endswith("Z")


def test_json_of_every_type(cube: Any, tmp_path: Path) -> None:
    query = """SELECT list(time ORDER BY time) AS times, list(cell ORDER BY time, cell) AS cells, list(red) AS reds,
               max(time) - min(time) AS span, NULL AS none FROM fine FILTER time IN '2024-05-03'"""
    with pytest.raises(QueryError, match="'span'"):
        cube.query(f"COPY ({query}) TO '{tmp_path}/x.parquet'")
    assert not list(tmp_path.iterdir())
    for ending in ("json", "csv", "arrow"):
        folder = tmp_path / ending
        folder.mkdir()
        assert copied(cube, folder / f"x.{ending}", query).stat().st_size > 0
    (row,) = json.loads((tmp_path / "json" / "x.json").read_text())
    assert str(row["times"][0]).startswith("2024-05-03")


def test_geojson(cube: Any, tmp_path: Path) -> None:
    found = json.loads(copied(cube, tmp_path / "out.geojson", "SELECT cell, class FROM classes").read_text())
    assert found["type"] == "FeatureCollection" and len(found["features"]) == 12
    assert {f["geometry"]["type"] for f in found["features"]} == {"Polygon"}
    assert sorted(f["properties"]["class"] for f in found["features"]) == [1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4]


def test_geojson_across_the_dateline(cube: Any, tmp_path: Path) -> None:
    path = copied(cube, tmp_path / "d.geojson", "SELECT cell, sst FROM dateline FILTER time IN '2024-01-01'")
    kinds = {f["geometry"]["type"] for f in json.loads(path.read_text())["features"]}
    assert kinds == {"Polygon", "MultiPolygon"}


def test_tif(cube: Any, tmp_path: Path) -> None:
    path = copied(cube, tmp_path / "out.tif", "SELECT cell, relief FROM far", " WITH (crs 'EPSG:3035', size 20000)")
    with rasterio.open(path) as source:
        assert source.crs.to_epsg() == 3035 and source.res == (20000, 20000) and source.descriptions == ("relief",)


def test_no_rows(cube: Any, tmp_path: Path) -> None:
    query = QUERY.replace("ORDER", "FILTER red > 100 ORDER")
    for ending in ("parquet", "arrow", "csv", "json"):
        folder = tmp_path / ending
        folder.mkdir()
        copied(cube, folder / f"out.{ending}", query)
    assert pq.read_table(tmp_path / "parquet" / "out.parquet").schema == cube.query(query).schema
    assert json.loads((tmp_path / "json" / "out.json").read_text()) == []
    assert (tmp_path / "csv" / "out.csv").read_text().count("\n") == 1


def test_the_path_may_be_a_parameter(cube: Any, tmp_path: Path) -> None:
    path = tmp_path / "it's {0}.csv"
    cube.query("COPY (SELECT cell FROM classes) TO $path", {"path": str(path)})
    assert path.exists()


def test_an_old_file_is_replaced(cube: Any, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old")
    assert "old" not in copied(cube, tmp_path / "out.csv").read_text()


@pytest.mark.parametrize(
    "query,ending,options",
    [
        ("SELECT 9223372036854775807 - 1 + month(time) AS x FROM fine", "parquet", ""),
        ("SELECT red FROM fine", "geojson", ""),
        ("SELECT red FROM fine", "tif", ""),
        ("SELECT cell, red FROM fine", "tif", ""),
        ("SELECT cell, red FROM fine FILTER red > 100", "tif", ""),
        ("SELECT cell, relief FROM far", "tif", " WITH (size 0)"),
        ("SELECT cell, relief FROM far", "tif", " WITH (crs 'nonsense')"),
        ("SELECT cell, relief FROM far", "tif", " WITH (colour 'red')"),
        ("SELECT cell, relief FROM far", "csv", " WITH (crs 'EPSG:4326')"),
        ("SELECT nothere FROM far", "csv", ""),
    ],
)
def test_a_failure_leaves_the_old_file(cube: Any, tmp_path: Path, query: str, ending: str, options: str) -> None:
    path = tmp_path / f"out.{ending}"
    path.write_text("old")
    with pytest.raises(QueryError):
        cube.query(f"COPY ({query}) TO '{path}'{options}")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["out", "out.xlsx", "out.", ".csv"])
def test_unknown_endings_name_the_known_ones(cube: Any, tmp_path: Path, name: str) -> None:
    with pytest.raises(QueryError, match=r"\.parquet"):
        cube.query(f"COPY (SELECT cell FROM fine) TO '{tmp_path / name}'")
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_named(cube: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="folder"):
        cube.query(f"COPY (SELECT cell FROM fine) TO '{tmp_path}/no/out.csv'")


def test_a_folder_in_the_way(cube: Any, tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(StoreError, match=r"out\.csv"):
        cube.query(f"COPY (SELECT cell FROM fine) TO '{tmp_path}/out.csv'")
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(cube: Any, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be written"):
        cube.query(f"COPY (SELECT cell FROM fine) TO '{tmp_path}/out.csv'")


