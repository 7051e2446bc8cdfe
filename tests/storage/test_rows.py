"""Points and zones: what is written comes back, in order, at every version; what does not fit is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from cubeql.catalog import Attribute, Band, Layer, TimeAxis
from cubeql.errors import StoreError
from cubeql.storage import Store
from cubeql.storage.rowwrite import RowWrite
from cubeql.values.cells import resolution_of
from tests.storage.making import block, layer, put

STATIONS = Layer(
    "stations", 15, (), time=TimeAxis(), kind="points",
    attributes=(Attribute("station", "text"), Attribute("rain", "number", "mm"), Attribute("code", "integer")),
)  # fmt: skip
COUNTIES = Layer("counties", 0, (), kind="zones", attributes=(Attribute("name", "text"), Attribute("big", "boolean")))
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def points(*rows: tuple[Any, ...]) -> pa.Table:
    names = ("station", "lon", "lat", "time", "rain", "code")
    kinds = (pa.string(), pa.float64(), pa.float64(), pa.timestamp("us", "UTC"), pa.float64(), pa.int64())
    columns = zip(*rows) if rows else [()] * len(names)
    return pa.table({n: pa.array(list(c), k) for n, c, k in zip(names, columns, kinds, strict=True)})


def zones(*rows: tuple[Any, ...]) -> pa.Table:
    names, bigs, shapes = zip(*rows)
    wkb = [None if s is None else shapely.to_wkb(s) for s in shapes]
    return pa.table({"geometry": pa.array(wkb, pa.binary()), "name": list(names), "big": list(bigs)})


A = ("a", 11.5, 48.1, NOON, 1.5, 1)
B = ("b", -3.0, 40.0, NOON, float("nan"), None)
EARLIER = ("a", 11.5, 48.1, datetime(2024, 4, 1, tzinfo=UTC), 0.0, 2)
SQUARE, BOX = shapely.box(10, 47, 12, 49), shapely.box(-4, 39, -2, 41)


def test_points_come_back_sorted_by_cell_and_time_with_nan_as_null(store: Store) -> None:
    with store.write_rows(STATIONS, "create") as write:
        write.add(points(A, B, A))
        write.add(points(EARLIER))
    rows = store.read_rows("stations")
    assert rows.column_names == ["cell", "time", "lon", "lat", "station", "rain", "code"]
    assert rows["cell"].to_pylist() == sorted(rows["cell"].to_pylist())
    assert rows["station"].to_pylist() in (["a", "a", "a", "b"], ["b", "a", "a", "a"])
    of_a = [r for r in rows.to_pylist() if r["station"] == "a"]
    assert [r["time"] for r in of_a] == [EARLIER[3], NOON, NOON]
    assert all(resolution_of(r["cell"]) == 15 for r in of_a)
    (b,) = (r for r in rows.to_pylist() if r["station"] == "b")
    assert b["rain"] is None and b["code"] is None


def test_many_files_of_points_are_one_layer(store: Store) -> None:
    with store.write_rows(STATIONS, "create", buffer_bytes=1) as write:
        write.add(points(A))
        write.add(points(B))
    files = store.snapshot("stations").files
    assert files.num_rows == 2 and files["rows"].to_pylist() == [1, 1]
    assert files["cell_min"].to_pylist() == files["cell_max"].to_pylist()
    assert set(files["cell_min"].to_pylist()) == set(store.read_rows("stations")["cell"].to_pylist())
    assert files["time_min"].to_pylist() == [NOON, NOON]


def test_zones_are_numbered_as_they_come_and_on_when_appended(store: Store) -> None:
    with store.write_rows(COUNTIES, "create", buffer_bytes=1) as write:
        write.add(zones(("Alpha", True, SQUARE)))
        write.add(zones(("Beta", None, BOX), ("Gamma", False, SQUARE)))
    with store.write_rows(COUNTIES, "append") as write:
        write.add(zones(("Delta", False, BOX)))
    rows = store.read_zones("counties")
    assert rows["zone"].to_pylist() == [1, 2, 3, 4]
    assert rows["name"].to_pylist() == ["Alpha", "Beta", "Gamma", "Delta"]
    assert rows["big"].to_pylist() == [True, None, False, False]
    assert shapely.from_wkb(rows["geometry"][1].as_py()).equals(BOX)
    assert [rows[n][1].as_py() for n in ("xmin", "ymin", "xmax", "ymax")] == [-4, 39, -2, 41]
    assert store.read_zones("counties", version=0)["zone"].to_pylist() == [1, 2, 3]
    assert store.read_zones("counties", columns=("name", "zone")).column_names == ["name", "zone"]


def test_writers_of_zones_at_once_number_them_apart(store: Store) -> None:
    with store.write_rows(COUNTIES, "create") as write:
        write.add(zones(("Alpha", True, SQUARE)))
    with store.write_rows(COUNTIES, "append") as slow:
        slow.add(zones(("Slow", True, SQUARE)))
        with store.write_rows(COUNTIES, "append") as fast:
            fast.add(zones(("Fast", True, SQUARE), ("Faster", True, SQUARE)))
    rows = store.read_zones("counties")
    assert list(zip(rows["zone"].to_pylist(), rows["name"].to_pylist())) == [
        (1, "Alpha"), (2, "Fast"), (3, "Faster"), (4, "Slow"),
    ]  # fmt: skip
    data = f"{store.snapshot('counties').table}/data"
    assert len(list(store.objects.entries(data))) == 3


def test_files_of_zones_are_geoparquet(store: Store) -> None:
    import geopandas

    with store.write_rows(COUNTIES, "create") as write:
        write.add(zones(("Alpha", True, SQUARE), ("Beta", True, shapely.MultiPolygon([SQUARE, BOX]))))
    (path,) = store.snapshot("counties").files["path"].to_pylist()
    geo = json.loads(pq.read_metadata(path).metadata[b"geo"])
    assert geo["primary_column"] == "geometry" and geo["columns"]["geometry"]["encoding"] == "WKB"
    frame = geopandas.read_parquet(path)
    assert frame.geometry[0].equals(SQUARE) and frame.crs.to_authority() == ("OGC", "CRS84")


def test_duckdb_and_delta_read_the_files(store: Store, tmp_path: Path) -> None:
    with store.write_rows(STATIONS, "create") as write:
        write.add(points(A, B))
    (path,) = store.snapshot("stations").files["path"].to_pylist()
    found = duckdb.execute(f"SELECT station, lon FROM read_parquet('{path}') ORDER BY station").fetchall()
    assert found == [("a", 11.5), ("b", -3.0)]


@pytest.mark.parametrize("given", [STATIONS, COUNTIES])
def test_rows_live_as_tiles_do(store: Store, given: Layer) -> None:
    rows = points(A) if given is STATIONS else zones(("Alpha", True, SQUARE))
    with store.write_rows(given, "create") as write:
        write.add(rows)
    with pytest.raises(RuntimeError), store.write_rows(given, "append", buffer_bytes=1) as write:
        write.add(rows)
        raise RuntimeError
    assert store.vacuum() == [] and len(store.history(given.name)) == 1
    with store.write_rows(given, "replace") as write:
        write.add(rows)
        write.add(rows)
    assert [store.read_rows(given.name, v).num_rows for v in (0, 1)] == [1, 2]
    assert store.layer(given.name) == store.snapshot(given.name).layer
    assert store.layer(given.name).attributes == given.attributes  # type: ignore[union-attr]
    store.drop(given.name)
    assert store.layer_names() == ()


def test_a_layer_may_hold_no_row(store: Store) -> None:
    with store.write_rows(COUNTIES, "create"):
        pass
    assert store.read_zones("counties").num_rows == 0
    with store.write_rows(COUNTIES, "append") as write:
        write.add(zones(("Alpha", True, SQUARE)))
    assert store.read_zones("counties")["zone"].to_pylist() == [1]


@pytest.mark.parametrize(
    ("add", "says"),
    [
        (lambda w: w.add(points(A, ("c", 200.0, 1.0, NOON, 1.0, 1))), "row 2 has a longitude outside"),
        (lambda w: (w.add(points(A)), w.add(points(("c", 2.0, 91.0, NOON, 1.0, 1)))), "row 2 has a latitude outside"),
        (lambda w: w.add(points(("c", None, 1.0, NOON, 1.0, 1))), "row 1 has no place"),
        (lambda w: w.add(points(("c", float("nan"), 1.0, NOON, 1.0, 1))), "row 1 has no place"),
        (lambda w: w.add(points(("c", 2.0, 1.0, None, 1.0, 1))), "row 1 has no time"),
        (lambda w: w.add(points(A).drop_columns(["rain"])), "its columns are time, lon, lat, station, rain, code"),
        (lambda w: w.add(points(A).set_column(5, "code", pa.array(["x"]))), "the column code does not hold int64"),
    ],
)
def test_points_that_do_not_fit_are_refused(store: Store, add: Callable[[RowWrite], Any], says: str) -> None:
    with pytest.raises(StoreError, match=says), store.write_rows(STATIONS, "create") as write:
        add(write)
    assert store.layer_names() == ()


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        (None, "row 2 has no geometry"),
        (shapely.Point(1, 1), "row 2 is no polygon"),
        (shapely.Polygon(), "row 2 has an empty geometry"),
        (shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "row 2 has a geometry that is not valid"),
        (shapely.box(170, 0, 190, 1), "row 2 reaches beyond longitude"),
    ],
)
def test_zones_that_do_not_fit_are_refused(store: Store, shape: Any, says: str) -> None:
    with pytest.raises(StoreError, match=says), store.write_rows(COUNTIES, "create") as write:
        write.add(zones(("Alpha", True, SQUARE), ("Beta", True, shape)))


def test_records_that_make_no_sense_are_refused(store: Store) -> None:
    cases = {
        "points have the resolution 15, not 9": Layer("p", 9, (), kind="points"),
        "attributes, neither bands": Layer("p", 15, (Band("b", "int8"),), kind="points"),
        "zones with a time": Layer("z", 0, (), kind="zones", time=TimeAxis()),
        "'lon' is reserved": Layer("p", 15, (), kind="points", attributes=(Attribute("lon", "number"),)),
        "'A' is used twice": Layer(
            "z", 0, (), kind="zones", attributes=(Attribute("a", "text"), Attribute("A", "text"))
        ),
        "is tiles, not rows": layer("g"),
    }
    for says, record in cases.items():
        with pytest.raises(StoreError, match=says):
            store.write_rows(record, "create")
    with pytest.raises(StoreError, match="are rows, not tiles"):
        store.write(STATIONS, "create")


def test_an_append_of_other_attributes_is_refused(store: Store) -> None:
    with store.write_rows(COUNTIES, "create") as write:
        write.add(zones(("Alpha", True, SQUARE)))
    other = Layer("counties", 0, (), kind="zones", attributes=(Attribute("name", "integer"),))
    with pytest.raises(StoreError, match="its attributes is"):
        store.write_rows(other, "append")
    with pytest.raises(StoreError, match="its kind is zones"):
        store.write_rows(Layer("counties", 15, (), kind="points"), "append")


def test_tiles_and_rows_are_not_read_as_each_other(store: Store) -> None:
    record = layer()
    put(store, record, block(record))
    with pytest.raises(StoreError, match="is a grid of tiles"):
        store.read_rows("rain")
    with store.write_rows(STATIONS, "create") as write:
        write.add(points(A))
    with pytest.raises(StoreError, match="holds no zones"):
        store.read_zones("stations")
    with pytest.raises(StoreError, match="holds points, no tiles"):
        list(store.read_blocks("stations"))
