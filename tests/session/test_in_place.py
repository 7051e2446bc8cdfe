"""Rasters read where they lie: the same cells and values as a layer that they are ingested into, or a refusal."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine

import cubeql
from cubeql.errors import QueryError
from cubeql.plan.rules import RULES
from cubeql.service import complete
from tests.ingest.rasters import patterned, write_tif

UTM = Affine(500, 0, 650_000, 0, -500, 5_340_000)
SOUTH_UP = Affine(0.01, 0, 11.0, 0, 0.01, 47.5)


def codes() -> Any:
    return np.arange(30 * 40).reshape(30, 40).astype(np.uint8) % 7


def projected(folder: Path) -> tuple[str, dict[str, Any]]:
    return write_tif(folder / "a.tif", patterned(60, 70), UTM, "EPSG:32632"), {}


def several_bands(folder: Path) -> tuple[str, dict[str, Any]]:
    values = np.stack([patterned(30, 40, seed=n) for n in range(3)])
    values[1, :10] = np.nan
    return write_tif(folder / "a.tif", values), {"resolution": 6, "method": "mean"}


def no_data(folder: Path) -> tuple[str, dict[str, Any]]:
    values = patterned(30, 40, np.int16)
    values[::3] = -9
    return write_tif(folder / "a.tif", values, nodata=-9), {"resolution": 7, "method": "median"}


def scaled(folder: Path) -> tuple[str, dict[str, Any]]:
    path = write_tif(folder / "a.tif", patterned(30, 40, np.int16), SOUTH_UP)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets, file.units = (0.1,), (-5.0,), ("degC",)
    return path, {"method": "bilinear"}


def categorical(folder: Path) -> tuple[str, dict[str, Any]]:
    path = write_tif(folder / "a.tif", codes(), nodata=0)
    with rasterio.open(path, "r+") as file:
        file.update_tags(1, classes="1=plant|2=soil|6=water")
    return path, {"resolution": 6}


def around_the_earth(folder: Path) -> tuple[str, dict[str, Any]]:
    axes = {"lat": np.arange(88.0, -90, -4), "lon": np.arange(0.0, 360, 4)}
    values = np.random.default_rng(1).normal(280, 9, (len(axes["lat"]), len(axes["lon"]))).astype(np.float32)
    xr.Dataset({"t": (("lat", "lon"), values, {"units": "K"})}, axes).to_netcdf(folder / "a.nc")
    return str(folder / "a.nc"), {"resolution": 2}


def in_time(folder: Path) -> tuple[str, dict[str, Any]]:
    times = np.array(["2024-01-01", "2024-02-01", "2024-03-01"], "datetime64[ns]")
    axes = {"time": times, "lat": np.arange(48.0, 47, -0.1), "lon": np.arange(11.0, 12, 0.1)}
    values = np.random.default_rng(2).normal(280, 9, (3, 10, 10)).astype(np.float32)
    values[1, :4] = np.nan
    xr.Dataset({"t": (("time", "lat", "lon"), values, {"units": "K"})}, axes).to_netcdf(folder / "a.nc")
    return str(folder / "a.nc"), {}


MAKERS: tuple[Callable[[Path], tuple[str, dict[str, Any]]], ...] = (
    projected, several_bands, no_data, scaled, categorical, around_the_earth, in_time,
)  # fmt: skip


def written(options: dict[str, Any]) -> str:
    """``WITH (…)`` of some options."""
    listed = ", ".join(f"{name} {value!r}" for name, value in options.items())
    return f" WITH ({listed})" if options else ""


@pytest.fixture
def session(tmp_path: Path) -> Iterator[cubeql.Session]:
    with cubeql.connect(str(tmp_path / "store"), create=True) as opened:
        yield opened


@pytest.fixture
def both(session: cubeql.Session, tmp_path: Path) -> cubeql.Session:
    """The raster with times twice: in place as ``scene``, ingested as ``stored``."""
    return twice(session, *in_time(tmp_path))


def twice(session: cubeql.Session, path: str, options: dict[str, Any]) -> cubeql.Session:
    session.query(f"CREATE VIEW scene AS RASTER '{path}'{written(options)}")
    session.ingest(path, layer="stored", **options)
    return session


def rows(session: cubeql.Session, text: str) -> list[dict[str, Any]]:
    with session.query(text) as result:
        return result.to_arrow().to_pylist()


def alike(session: cubeql.Session, text: str) -> list[dict[str, Any]]:
    """The rows of a query of ``scene``, which are those of the same of ``stored``."""
    found = rows(session, text)
    assert found == rows(session, text.replace("scene", "stored"))
    return found


def fault(session: cubeql.Session, text: str) -> Any:
    with pytest.raises(QueryError) as caught:
        session.query(text).to_arrow()
    return caught.value.diagnostics[0]


def keys(session: cubeql.Session) -> str:
    return "cell, time" if session.layer("stored").time is not None else "cell"


@pytest.mark.parametrize("maker", MAKERS, ids=lambda m: m.__name__)
def test_every_cell_has_the_value_of_an_ingested_layer(
    session: cubeql.Session, tmp_path: Path, maker: Callable[[Path], tuple[str, dict[str, Any]]]
) -> None:
    twice(session, *maker(tmp_path))
    assert len(alike(session, f"SELECT * FROM scene ORDER BY {keys(session)}")) > 20
    for band in session.layer("stored").bands:
        alike(session, f"SELECT count({band.name}) AS n, min({band.name}) AS a, max({band.name}) AS z FROM scene")
    box = "FILTER cell WITHIN BBOX(11.05, 47.6, 11.3, 48.1)"
    alike(session, f"SELECT * FROM scene {box} ORDER BY {keys(session)}")
    coarse = max(0, session.layer("stored").resolution - 2)
    alike(session, f"SELECT CELL({coarse}) AS c, count(*) AS n FROM scene {box} GROUP BY CELL({coarse}) ORDER BY c")


def test_units_scale_and_classes_are_those_of_an_ingested_layer(session: cubeql.Session, tmp_path: Path) -> None:
    twice(session, *categorical(tmp_path))
    assert rows(session, "SHOW BANDS scene") == rows(session, "SHOW BANDS stored")
    assert len(alike(session, "SELECT cell, value FROM scene FILTER value = 'plant' ORDER BY cell")) > 5


JOINS = [
    "SELECT cell, time, scene.t - other.t AS d FROM scene JOIN other ORDER BY cell, time",
    "SELECT cell, time, scene.t - other.t AS d FROM other JOIN scene ORDER BY cell, time",
    "SELECT cell, other.time, scene.t FROM other JOIN scene ON TIME AS OF WITHIN '40 days' ORDER BY cell, other.time",
    "SELECT cell, other.time, scene.t FROM other LEFT JOIN scene ON TIME NEAREST VALID ORDER BY cell, other.time",
    "SELECT cell, t FROM scene AT '2024-02-15' ORDER BY cell",
    "SELECT cell, time, t FROM scene FILTER t > 290 ORDER BY cell, time",
    "SELECT cell, time, scene.t FROM scene JOIN other FILTER other.t > 285 AND time IN '2024-02' ORDER BY cell, time",
    "SELECT cell, avg(t) OVER (PARTITION BY cell) AS m, t FROM scene ORDER BY cell, time",
    "WITH w AS (FROM scene GROUP BY CELL(4) AS c SELECT c, avg(t) AS t) SELECT c, t FROM w ORDER BY c",
]


@pytest.mark.parametrize("text", JOINS)
def test_what_stands_above_a_scan_is_the_same(both: cubeql.Session, text: str) -> None:
    both.query("CREATE LAYER other AS SELECT cell, time, t + 1 AS t FROM stored")
    assert alike(both, text)


@pytest.mark.parametrize("rules", [(), *((r.__name__,) for r in RULES)], ids=lambda r: "+".join(r) or "none")
def test_answers_do_not_depend_on_rules(both: cubeql.Session, rules: tuple[str, ...]) -> None:
    texts = [
        "SELECT CELL(3) AS c, max(t) AS t FROM scene GROUP BY CELL(3) ORDER BY c",
        "SELECT cell, time, t FROM scene FILTER t > 285 AND cell WITHIN BBOX(11, 47, 11.4, 47.6) ORDER BY cell, time",
        "SELECT a.cell, a.t FROM scene AS a JOIN stored FILTER a.time IN '2024-02' AND stored.t > 280 ORDER BY a.cell",
    ]
    with cubeql.connect(str(both.store.address), rules=rules) as other:
        for text in texts:
            assert rows(other, text) == rows(both, text) != []


def test_explain_says_how_much_is_read_of_all(both: cubeql.Session) -> None:
    def blocks(text: str) -> tuple[int, int]:
        line = next(line for line in both.explain(text).text.splitlines() if "read in place" in line)
        kept, _, whole, _ = line.partition("in place, ")[2].split()
        return int(kept), int(whole)

    kept, whole = blocks("SELECT t FROM scene")
    assert 0 < kept <= whole and whole % 3 == 0
    assert blocks("SELECT t FROM scene FILTER time IN '2024-02'") == (kept // 3, whole)
    assert blocks("SELECT t FROM scene FILTER time IN '2030'") == (0, whole)
    assert rows(both, "SELECT t FROM scene FILTER cell WITHIN POINT(100, 0)") == []


def test_times_and_regions_are_asked_of_the_raster_alone(both: cubeql.Session) -> None:
    with both.query("SELECT t FROM scene FILTER time IN '2024-03' AND cell WITHIN POINT(11.5, 47.5)") as result:
        assert result.to_arrow().num_rows == 1
        assert result.provenance()["layers"]["scene"]["version"] is None
        assert result.stats["tiles_kept"] == 1 < result.stats["tiles_all"]


def test_nothing_is_left_behind(
    both: cubeql.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with both.query("SELECT t FROM scene") as result:
        assert list(place.iterdir())
        result.to_arrow()
    del result
    gc.collect()
    assert list(place.iterdir()) == []
    both.query("SET in_place_cells = 1")
    assert fault(both, "SELECT t FROM scene").code == "in_place_too_large"
    gc.collect()
    assert list(place.iterdir()) == []


def test_a_view_is_listed_described_kept_and_dropped(both: cubeql.Session, tmp_path: Path) -> None:
    (view,) = rows(both, "SHOW VIEWS")
    assert view == {"view": "scene", "query": f"RASTER '{tmp_path}/a.nc'", "rights": "reader"}
    described = {r["column"]: r["note"] for r in rows(both, "DESCRIBE scene")}
    assert described["query"] == view["query"] and {"cell", "time", "t", "sources"} <= set(described)
    assert "scene" not in [r["layer"] for r in rows(both, "SHOW LAYERS")]
    with cubeql.connect(str(both.store.address)) as other:
        assert len(rows(other, "SELECT t FROM scene")) == len(rows(both, "SELECT t FROM stored"))
    assert {"t"} <= {c.text for c in complete("SELECT t FROM scene FILTER ", 27, both.store)}
    both.query("DROP VIEW scene")
    assert fault(both, "SELECT t FROM scene").code == "unknown_layer"


def test_a_view_may_stand_on_a_raster_and_a_layer_be_made_of_it(both: cubeql.Session) -> None:
    both.query("CREATE VIEW warm AS SELECT cell, time, t FROM scene FILTER t > 285")
    assert rows(both, "SELECT count(*) AS n FROM warm") == rows(both, "SELECT count(*) AS n FROM stored FILTER t > 285")
    both.query("CREATE LAYER window AS SELECT cell, time, t FROM scene FILTER time IN '2024-03'")
    assert both.layer("window").provenance.sources == ("scene",)
    found = rows(both, "SELECT w.cell FROM window AS w JOIN stored FILTER w.t = stored.t")
    assert len(found) == len(rows(both, "SELECT cell FROM window"))


def test_scenes_of_several_days_are_one_raster(session: cubeql.Session, tmp_path: Path) -> None:
    paths = [write_tif(tmp_path / f"s_2024060{n}.tif", patterned(9, 8, seed=n)) for n in (1, 2)]
    with_time = "WITH (time_pattern '%Y%m%d', resolution 7)"
    session.query(f"CREATE VIEW scene AS RASTER '{tmp_path}/s_*.tif' {with_time}")
    session.ingest(paths, layer="stored", time_pattern="%Y%m%d", resolution=7)
    assert alike(session, "SELECT * FROM scene ORDER BY cell, time")
    session.query(f"CREATE OR REPLACE VIEW scene AS RASTER ['{paths[0]}'] {with_time}")
    assert rows(session, "SELECT DISTINCT day(time) AS d FROM scene") == [{"d": 1}]


# ------------------------------------------------------------------ refusals


def test_too_many_cells_are_refused_before_a_pixel_is_read(both: cubeql.Session) -> None:
    both.query("SET in_place_cells = 20000")
    found = fault(both, "SELECT t FROM scene")
    assert found.code == "in_place_too_large" and "ingest it as a layer" in (found.hint or "")
    assert len(rows(both, "SELECT t FROM scene FILTER time IN '2024-03' AND cell WITHIN POINT(11.5, 47.5)")) == 1
    both.query("SET in_place_cells = NULL")
    assert rows(both, "SELECT t FROM scene")


def test_a_raster_that_changed_or_is_gone_is_told(session: cubeql.Session, tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", patterned(9, 8))
    session.query(f"CREATE VIEW scene AS RASTER '{path}' WITH (resolution 7)")
    write_tif(tmp_path / "a.tif", patterned(10, 8))
    found = fault(session, "SELECT value FROM scene")
    assert found.code == "in_place_fault" and "has changed since the view was made" in found.message
    session.query(f"CREATE OR REPLACE VIEW scene AS RASTER '{path}' WITH (resolution 7)")
    assert rows(session, "SELECT value FROM scene")
    Path(path).unlink()
    assert "it is gone" in fault(session, "SELECT value FROM scene").message
    session.query("DROP VIEW scene")


def test_a_session_that_forbids_it_reads_no_raster(both: cubeql.Session, tmp_path: Path) -> None:
    with cubeql.connect(str(both.store.address), in_place=False) as closed:
        assert fault(closed, "SELECT t FROM scene").code == "in_place_off"
        assert fault(closed, f"CREATE VIEW other AS RASTER '{tmp_path}/a.nc'").code == "in_place_off"
        assert fault(closed, "SET in_place = TRUE").code == "bad_setting"
        assert rows(closed, "SELECT count(*) AS n FROM stored") and rows(closed, "DESCRIBE scene")


@pytest.mark.parametrize(
    "text,code,says",
    [
        ("CREATE VIEW v AS RASTER '{here}/none.tif'", "raster_view", "there is no such file"),
        ("CREATE VIEW v AS RASTER '{here}/*.xyz'", "raster_view", "no file matches"),
        ("CREATE VIEW v AS RASTER '{here}/notes.txt'", "raster_view", "notes.txt"),
        ("CREATE VIEW v AS RASTER '{here}/a.nc' WITH (resolution 99)", "raster_view", "99 is no H3 resolution"),
        ("CREATE VIEW v AS RASTER '{here}/a.nc' WITH (method 'meen')", "raster_view", "no method 'meen'"),
        ("CREATE VIEW v AS RASTER '{here}/a.nc' WITH (bands ['x'])", "raster_view", "x"),
        ("CREATE VIEW v AS RASTER '{here}/a.nc' WITH (colour 'red')", "unknown_option", "resolution"),
        ("CREATE VIEW v AS RASTER 'https://a.b/c.tif?key=1'", "raster_view", "https://a.b/c.tif: its address holds"),
        ("CREATE VIEW v AS RASTER $path", "not_a_constant", "raster"),
        ("CREATE VIEW stored AS RASTER '{here}/a.nc'", "name_taken", "stored"),
        ("CREATE VIEW scene AS RASTER '{here}/a.nc'", "name_taken", "CREATE OR REPLACE VIEW"),
        ("SELECT t FROM scene VERSION 1", "no_versions", "scene"),
        ("INSERT INTO scene SELECT cell, time, t FROM stored", "unknown_layer", "scene"),
        ("ALTER LAYER scene SET (title 'x')", "unknown_layer", "scene"),
        ("SHOW VERSIONS scene", "unknown_layer", "scene"),
    ],
)
def test_what_cannot_be_is_told(both: cubeql.Session, tmp_path: Path, text: str, code: str, says: str) -> None:
    (tmp_path / "notes.txt").write_text("no raster")
    found = fault(both, text.replace("{here}", str(tmp_path)))
    assert found.code == code and says in f"{found.message} {found.hint}"
    assert [v["view"] for v in rows(both, "SHOW VIEWS")] == ["scene"]
