"""Points and zones as they leave the engine: geometries, places, listings, and what is not read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import pytest
import shapely

import cubeql
from cubeql.catalog import Attribute, Layer, TimeAxis
from cubeql.storage import Store
from tests.support.rows import tiny_rows


@pytest.fixture(scope="module")
def session(cube_store: Path) -> Any:
    with cubeql.connect(cube_store) as found:
        yield found


def test_geometries_travel_as_geoarrow_with_their_crs(session: Any) -> None:
    schema = session.query("FROM parks SELECT zone, geometry").schema
    metadata = schema.field("geometry").metadata
    assert metadata[b"ARROW:extension:name"] == b"geoarrow.wkb"
    assert json.loads(metadata[b"ARROW:extension:metadata"])["crs"] == "OGC:CRS84"


def test_frames_have_the_geometry_the_point_or_the_cell(session: Any) -> None:
    parks = session.query("FROM parks SELECT park, geometry ORDER BY zone").to_geopandas()
    assert parks.crs == "EPSG:4326" and list(parks.columns) == ["park", "geometry"]
    wanted = [shapely.from_wkt(r["geometry"]) for r in tiny_rows()["parks"].rows]
    assert all(a.equals(b) for a, b in zip(parks.geometry, wanted, strict=True))
    towers = session.query("FROM towers SELECT * ORDER BY name LIMIT 3").to_geopandas()
    assert (towers.geometry.x == towers["lon"]).all() and (towers.geometry.y == towers["lat"]).all()
    cells = session.query("FROM towers SELECT cell LIMIT 3").to_geopandas()
    assert set(cells.geom_type) == {"Polygon"}
    assert session.query("FROM parks SELECT geometry FILTER zone > 9").to_geopandas().empty


@pytest.mark.parametrize("ending", ["geojson", "parquet", "csv"])
def test_zones_are_copied_with_their_outlines(session: Any, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"parks.{ending}"
    for _ in session.run(f"COPY (FROM parks SELECT zone, park, geometry ORDER BY zone) TO '{path}'"):
        pass
    if ending == "csv":
        frame = geopandas.pd.read_csv(path)
        shapes = shapely.from_wkt(frame["geometry"].to_numpy())
    else:
        frame = geopandas.read_file(path) if ending == "geojson" else geopandas.read_parquet(path)
        shapes = frame.geometry.to_numpy()
    assert frame["park"].tolist() == ["Dreieck", "Rahmen", "Inseln"]
    assert all(a.equals(shapely.from_wkt(r["geometry"])) for a, r in zip(shapes, tiny_rows()["parks"].rows))


def test_points_are_copied_as_points(session: Any, tmp_path: Path) -> None:
    path = tmp_path / "towers.geojson"
    for _ in session.run(f"COPY (FROM towers SELECT * FILTER rank = 2) TO '{path}'"):
        pass
    frame = geopandas.read_file(path)
    assert len(frame) == sum(r["rank"] == 2 for r in tiny_rows()["towers"].rows)
    assert np.allclose(frame.geometry.x, frame["lon"]) and set(frame.geom_type) == {"Point"}


def test_listings_know_points_and_zones(session: Any) -> None:
    layers = {r["layer"]: r for r in session.query("SHOW LAYERS").to_arrow().to_pylist()}
    stations, parks = layers["stations"], layers["parks"]
    assert (stations["kind"], stations["resolution"], stations["tiles"]) == ("points", 15, None)
    assert stations["rows"] == len(tiny_rows()["stations"].rows) and stations["first_time"] is not None
    assert (parks["kind"], parks["bands"], parks["rows"]) == ("zones", "park, visitors, open", 3)
    assert layers["fine"]["kind"] == "grid" and layers["fine"]["rows"] is None
    attributes = session.query("SHOW BANDS stations").to_arrow().to_pylist()
    assert [a["attribute"] for a in attributes][:2] == ["station", "reading"]
    assert attributes[1]["unit"] == "mm" and attributes[-1]["classes"] == "1=sand, 2=clay"
    columns = [r["column"] for r in session.query("DESCRIBE parks").to_arrow().to_pylist()]
    assert columns[:5] == ["zone", "park", "visitors", "open", "geometry"]
    times = session.query("SHOW TIMES stations").to_arrow()
    assert sum(times["rows"].to_pylist()) == stations["rows"]
    assert [r["version"] for r in session.query("SHOW VERSIONS stations").to_arrow().to_pylist()] == [1, 0]


def test_earlier_versions_are_read(session: Any) -> None:
    early = session.query("FROM stations VERSION 0 SELECT count(*) AS n").to_arrow()["n"][0].as_py()
    assert early == len(tiny_rows()["stations"].rows) // 2


def test_files_and_rows_that_cannot_matter_are_not_read(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store", create=True)
    layer = Layer("p", 15, (), TimeAxis(), kind="points", attributes=(Attribute("n", "integer"),))
    lon = np.concatenate([np.linspace(10, 10.4, 20), np.linspace(169.6, 170, 20)])
    with store.write_rows(layer, "create", buffer_bytes=1) as write:
        for year in (2020, 2021):
            stamps = pa.array([f"{year}-01-01T00:00:00Z"] * 20).cast(pa.timestamp("us", "UTC"))
            for part in (slice(0, 20), slice(20, 40)):
                write.add(pa.table({"time": stamps, "lon": lon[part], "lat": [10.0] * 20, "n": range(20)}))
    with cubeql.connect(tmp_path / "store") as session:
        all_of = session.explain("FROM p SELECT count(*)").scans[0]
        assert (all_of.files_kept, all_of.tiles_kept, all_of.unit) == (4, 80, "rows")
        late = session.explain("FROM p SELECT n FILTER time IN '2021'").scans[0]
        assert (late.files_kept, late.tiles_kept) == (2, 40)
        near = session.query("FROM p SELECT lon FILTER cell WITHIN CIRCLE(170, 10, '500 m')")
        assert set(near.to_arrow()["lon"].to_pylist()) == {170.0}
        scan = session.explain("FROM p SELECT lon FILTER cell WITHIN CIRCLE(170, 10, '500 m')").scans[0]
        assert (scan.files_kept, scan.tiles_kept) == (2, 4)
        text = session.explain("FROM p SELECT lon FILTER cell WITHIN CIRCLE(170, 10, '500 m')").text
        assert "scan points p (cell, lon), prunes by CIRCLE: rows 4 of 80, files 2 of 4" in text


def test_a_layer_without_a_row_can_be_asked(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store", create=True)
    with (
        store.write_rows(tiny_rows()["parks"].record, "create"),
        store.write_rows(tiny_rows()["stations"].record, "create"),
    ):
        pass
    with cubeql.connect(tmp_path / "store") as session:
        assert session.query("FROM parks SELECT *").to_arrow().num_rows == 0
        assert session.query("FROM stations SELECT * FILTER cell WITHIN POINT(1, 1)").to_arrow().num_rows == 0
