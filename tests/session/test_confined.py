"""Files that statements name, where the session gives them folders: nothing else is read, written or told of."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.catalog.rights import Who
from cubeql.errors import ConfigError, QueryError, QueryTimeout
from cubeql.storage import reach
from tests.support.s3 import S3Place

BOX = {"type": "Polygon", "coordinates": [[[11.5, 48.1], [11.6, 48.1], [11.6, 48.2], [11.5, 48.2], [11.5, 48.1]]]}
ROWS = "SELECT cell, time, red FROM fine ORDER BY cell, time LIMIT 20"


@pytest.fixture
def ground(tmp_path: Path) -> Path:
    """Folders of a server beside what is nobody's business."""
    for folder in ("files/sub", "copies", "secret"):
        (tmp_path / folder).mkdir(parents=True)
    for place in ("files/box.geojson", "files/sub/box.json", "secret/box.geojson", "files/.hidden.geojson"):
        (tmp_path / place).write_text(json.dumps(BOX))
    (tmp_path / "files/link.geojson").symlink_to(tmp_path / "secret/box.geojson")
    (tmp_path / "files/within.geojson").symlink_to("box.geojson")
    (tmp_path / "files/linked").symlink_to(tmp_path / "secret")
    (tmp_path / "files/dir.geojson").mkdir()
    os.mkfifo(tmp_path / "files/pipe.geojson")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "files/s.geojson"))
    return tmp_path


@pytest.fixture
def anna(cube: Any, ground: Path) -> Iterator[cubeql.Session]:
    """A keeper's session within folders, so that she sees the layers of the cube."""
    with cube.for_user(
        Who("Anna", keeper=True, writes=True),
        files_from=(str(ground / "files"),), copies_to=(str(ground / "copies"),), file_bytes=10_000, in_place=False,
    ) as session:  # fmt: skip
        yield session


def count(session: Any, path: str) -> int:
    text = "SELECT count(*) AS n FROM fine FILTER cell WITHIN FILE $path"
    return int(session.query(text, {"path": path}).to_arrow()["n"][0].as_py())


def refusal(session: Any, text: str, params: Any = None) -> Any:
    with pytest.raises(QueryError) as raised:
        session.query(text, params).to_arrow()
    (fault,) = raised.value.diagnostics
    return fault


# -------------------------------------------------------------- reading


@pytest.mark.parametrize("name", ["box.geojson", "sub/box.json"])
def test_names_are_relative_to_the_folder(anna: Any, cube: Any, ground: Path, name: str) -> None:
    assert count(anna, name) == count(cube, str(ground / "files" / name)) > 0


OUTSIDE = [
    "absent.geojson", "../secret/box.geojson", "sub/../../secret/box.geojson", "./box.geojson", "sub//box.json",
    "link.geojson", "within.geojson", "linked/box.geojson", ".hidden.geojson", "pipe.geojson", "s.geojson",
    "dir.geojson", "BOX.geojson", "box.geojson/", "box.geojson\0.json", "box.geojson\n", "~/box.geojson", "",
    "/etc/passwd", "/etc/absent", "/proc/self/environ", "/dev/stdin", "/dev/zero", "//etc/passwd",
    "file:///etc/passwd", "FILE:/etc/passwd", "http://127.0.0.1/box.geojson", "https://127.0.0.1/box.geojson",
    "s3://bucket/box.geojson", "S3://bucket/box.geojson", "/vsicurl/http://127.0.0.1/box.geojson", "/vsimem/x.gpkg",
    "/vsizip/box.zip/box.geojson", "vsizip/box.zip", "zip://box.zip!box.geojson", "zip:box.zip", "box.zip!box.geojson",
    "..\\secret\\box.geojson", "C:\\box.geojson", "..%2fsecret%2fbox.geojson", "box.geojson#../../secret",
    "../secret/box.geojson#x", "..\u2044secret\u2044box.geojson", "\u202egeojson.xob", "x" * 5000, "a/" * 3000 + "b",
    "$HOME/box.geojson", "file%00.geojson", "GPKG:/etc/passwd:x",
]  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE, ids=lambda name: repr(name[:40]))
def test_what_cannot_be_reached_is_refused_in_one_way(anna: Any, ground: Path, name: str) -> None:
    text = "SELECT count(*) AS n FROM fine FILTER cell WITHIN FILE $path"
    fault = refusal(anna, text, {"path": name})
    known = refusal(anna, text, {"path": "absent.geojson"})
    assert fault.code == known.code == "file_refused"
    told = reach.clipped(name)
    assert fault.message == known.message.replace("absent.geojson", told) and fault.hint == known.hint
    assert len(fault.message) < 200 and fault.message.isprintable()
    assert str(ground) not in fault.message.replace(told, "")


def test_whole_paths_are_refused_where_they_lead_into_the_folder_too(anna: Any, ground: Path) -> None:
    text = "SELECT 1 AS x FROM fine FILTER cell WITHIN FILE $path"
    assert refusal(anna, text, {"path": str(ground / "files/box.geojson")}).code == "file_refused"


def test_explain_and_views_read_no_more(anna: Any, ground: Path) -> None:
    outside = ground / "secret/box.geojson"
    assert refusal(anna, f"EXPLAIN SELECT red FROM fine FILTER cell WITHIN FILE '{outside}'").code == "file_refused"
    copied = f"COPY (SELECT red FROM fine FILTER cell WITHIN FILE '{outside}') TO 'out.csv'"
    assert refusal(anna, copied).code == "file_refused"
    assert not list((ground / "copies").rglob("*.csv"))


def test_a_file_larger_than_allowed_is_refused(anna: Any, ground: Path) -> None:
    (ground / "files/large.geojson").write_text(json.dumps(BOX) + " " * 10_000)
    fault = refusal(anna, "SELECT red FROM fine FILTER cell WITHIN FILE 'large.geojson'")
    assert fault.code == "unreadable_region" and "larger than" in fault.message
    assert str(ground) not in fault.message


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "parquet", "shp", "csv"])
def test_broken_files_are_told_of_by_the_name_that_was_written(anna: Any, ground: Path, ending: str) -> None:
    (ground / f"files/bad.{ending}").write_bytes(b"\0\0nonsense")
    fault = refusal(anna, f"SELECT red FROM fine FILTER cell WITHIN FILE 'bad.{ending}'")
    assert fault.code == "unreadable_region" and f"bad.{ending}" in fault.message
    assert "/tmp" not in fault.message and "cubeql-" not in fault.message and "read." not in fault.message


@pytest.mark.parametrize("ending", ["gpkg", "shp", "parquet"])
def test_files_of_every_kind_are_read(anna: Any, cube: Any, ground: Path, ending: str) -> None:
    geopandas = pytest.importorskip("geopandas")
    import shapely

    anna._engine.reach = reach.Reach((ground / "files",), (), most_read=10**6)
    frame = geopandas.GeoDataFrame(geometry=[shapely.from_geojson(json.dumps(BOX))], crs=4326)
    path = ground / f"files/box.{ending}"
    frame.to_parquet(path) if ending == "parquet" else frame.to_file(path)
    assert count(anna, path.name) == count(cube, str(path)) > 0
    if ending == "gpkg":
        assert count(anna, "box.gpkg#box") == count(anna, "box.gpkg")


def test_a_link_put_in_place_of_a_folder_after_the_look_is_not_followed(
    anna: Any, ground: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = os.open

    def swapped(path: Any, flags: int, *args: Any, **named: Any) -> int:
        if path == "box.json" and (ground / "files/sub").is_dir():
            shutil.rmtree(ground / "files/sub")
            (ground / "files/sub").symlink_to(ground / "secret")
        return plain(path, flags, *args, **named)

    monkeypatch.setattr(os, "open", swapped)
    assert refusal(anna, "SELECT red FROM fine FILTER cell WITHIN FILE 'sub/box.json'").code == "file_refused"
    assert (ground / "files/sub").is_symlink()


def test_without_folders_no_file_is_read_or_written(cube: Any, ground: Path) -> None:
    with cube.for_user(Who("anna", keeper=True, writes=True), files_from=(), copies_to=(), in_place=False) as session:
        text = f"SELECT red FROM fine FILTER cell WITHIN FILE '{ground}/files/box.geojson'"
        assert refusal(session, text).code == "file_refused"
        assert refusal(session, f"COPY ({ROWS}) TO 'x.csv'").code == "copy_refused"
        assert refusal(session, f"COPY ({ROWS}) TO '{ground}/copies/x.csv'").code == "copy_refused"
        assert refusal(session, f"CREATE VIEW v AS RASTER '{ground}/x.tif'").code == "in_place_off"
    assert not list((ground / "copies").iterdir())


@pytest.mark.parametrize("name", [
    "+init=/etc/passwd:x", "+proj=longlat +nadgrids=/etc/passwd", "http://127.0.0.1:1/x", "/etc/passwd", "a b",
    'GEOGCRS["x"]', "/vsicurl/http://127.0.0.1:1/",
])  # fmt: skip
def test_a_reference_system_is_a_code_and_no_path(anna: Any, ground: Path, name: str) -> None:
    named = json.dumps({**BOX, "crs": {"type": "name", "properties": {"name": name}}})
    text = "SELECT red FROM fine FILTER cell WITHIN GEOJSON $region"
    assert "names no reference system" in refusal(anna, text, {"region": named}).message
    day = "SELECT cell, red FROM fine FILTER time IN '2024-05-03'"
    for ending in (".tif", ".nc"):
        fault = refusal(anna, f"COPY ({day}) TO 'x{ending}' WITH (crs = $crs)", {"crs": name})
        assert fault.code == "unsafe_crs"
    assert not list((ground / "copies").iterdir())


# -------------------------------------------------------------- writing


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".arrow", ".jsonl", ".tif", ".nc"])
def test_copies_lie_in_the_users_own_folder(anna: Any, cube: Any, ground: Path, ending: str) -> None:
    query = "SELECT cell, red FROM fine FILTER time IN '2024-05-03' ORDER BY cell"
    options = " WITH (crs = 'EPSG:3035')" if ending == ".tif" else ""
    done = anna.query(f"COPY ({query}) TO 'out{ending}'{options}")
    assert done.message.startswith(f"anna/out{ending}: ") and str(ground) not in done.message
    assert [str(p.relative_to(ground)) for p in (ground / "copies").rglob("*.*")] == [f"copies/anna/out{ending}"]
    if ending in (".csv", ".jsonl"):  # others hold their statement
        cube.query(f"COPY ({query}) TO '{ground}/same{ending}'")
        assert (ground / f"copies/anna/out{ending}").read_bytes() == (ground / f"same{ending}").read_bytes()


def test_users_overwrite_their_own_files_and_nobody_elses(anna: Any, cube: Any, ground: Path) -> None:
    (ground / "copies").rmdir()  # which is made anew
    anna.query(f"COPY ({ROWS}) TO 'out.csv'")
    first = (ground / "copies/anna/out.csv").read_bytes()
    with cube.for_user(Who("bert", keeper=True, writes=True), copies_to=(str(ground / "copies"),)) as bert:
        bert.query("COPY (SELECT 1 AS one FROM fine LIMIT 1) TO 'out.csv'")
        bert.query("COPY (SELECT 1 AS one FROM fine LIMIT 1) TO 'anna/out.csv'")
        assert refusal(bert, f"COPY ({ROWS}) TO '../anna/out.csv'").code == "copy_refused"
    assert (ground / "copies/anna/out.csv").read_bytes() == first
    assert (ground / "copies/bert/anna/out.csv").read_bytes() == (ground / "copies/bert/out.csv").read_bytes()
    anna.query("COPY (SELECT 1 AS one FROM fine LIMIT 1) TO 'out.csv'")
    assert (ground / "copies/anna/out.csv").read_bytes() == (ground / "copies/bert/out.csv").read_bytes()


@pytest.mark.parametrize("name", [
    "../out.csv", "/tmp/out.csv", "sub/../../out.csv", ".out.csv", "", "/", "s3://bucket/out.csv", "out.csv\0",
    "/dev/stdout.csv", "a\\b.csv", "http://127.0.0.1/out.csv", "/proc/self/fd/1.csv", "C:out.csv", "x" * 2000 + ".csv",
])  # fmt: skip
def test_copies_elsewhere_are_refused_in_one_way(anna: Any, ground: Path, name: str) -> None:
    fault = refusal(anna, f"COPY ({ROWS}) TO $path", {"path": name})
    assert fault.code == "copy_refused" and str(ground) not in fault.message
    assert not list((ground / "copies").iterdir())


def test_links_in_the_way_of_a_copy_are_not_followed(anna: Any, ground: Path) -> None:
    own = ground / "copies/anna"
    own.mkdir()
    (own / "to_folder").symlink_to(ground / "secret")
    (own / "to_file.csv").symlink_to(ground / "secret/box.geojson")
    (own / "folder.csv").mkdir()
    before = (ground / "secret/box.geojson").read_bytes()
    for name in ("to_folder/out.csv", "folder.csv"):
        with pytest.raises(cubeql.CubeQLError) as raised:
            anna.query(f"COPY ({ROWS}) TO '{name}'")
        assert str(ground) not in str(raised.value)
    anna.query(f"COPY ({ROWS}) TO 'to_file.csv'")
    assert not (own / "to_file.csv").is_symlink()
    assert (ground / "secret/box.geojson").read_bytes() == before and len(list((ground / "secret").iterdir())) == 1
    assert sorted(p.name for p in own.iterdir()) == ["folder.csv", "to_file.csv", "to_folder"]


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".tif", ".nc", ".geojson"])
def test_a_copy_larger_than_allowed_leaves_nothing(cube: Any, ground: Path, ending: str) -> None:
    query = "SELECT cell, red FROM fine FILTER time IN '2024-05-03'"
    folders = {"copies_to": (str(ground / "copies"),), "copy_bytes": 1_000}
    with cube.for_user(Who("anna", keeper=True, writes=True), **folders) as session:
        assert refusal(session, f"COPY ({query}) TO 'out{ending}'").code == "copy_too_large"
        session.query("COPY (SELECT cell FROM fine LIMIT 3) TO 'small.csv'")
    assert [p.name for p in (ground / "copies").rglob("*.*")] == ["small.csv"]


@pytest.mark.parametrize("ending", [".tif", ".nc"])
def test_rows_that_are_gathered_for_a_raster_count_too(
    cube: Any, ground: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before there is a file, they are in the server's memory."""
    for name in ("cubeql.engine.rasters.write_raster", "cubeql.engine.netcdf.write_netcdf"):
        monkeypatch.setattr(name, lambda *_: pytest.fail("all rows were gathered"))
    folders = {"copies_to": (str(ground / "copies"),), "copy_bytes": 50}
    with cube.for_user(Who("anna", keeper=True, writes=True), **folders) as session:
        assert refusal(session, f"COPY (SELECT cell, red FROM fine) TO 'out{ending}'").code == "copy_too_large"


def test_names_of_users_make_folders_that_stay_below(tmp_path: Path) -> None:
    names = {name: reach.folder_of_user(name) for name in ("Anna", "..", ".", "a/b", "a%2Fb", "ä", "a\0b", "me@x.org")}
    assert names["Anna"] == "anna" and names["me@x.org"] == "me@x.org"
    assert len(set(names.values())) == len(names)
    for folder in names.values():
        assert "/" not in folder and not folder.startswith(".") and folder.isprintable()


# -------------------------------------------------------------- on S3


def test_folders_on_s3(cube: Any, s3: S3Place) -> None:
    s3.put("files/box.geojson", json.dumps(BOX).encode())
    s3.put("filesbox.geojson", json.dumps(BOX).encode())
    s3.put("secret.geojson", json.dumps(BOX).encode())
    folders = {"files_from": (s3.address("files"),), "copies_to": (s3.address("copies"),)}
    with cube.for_user(Who("anna", keeper=True, writes=True), **folders) as session:
        assert count(session, "box.geojson") == count(session, s3.address("files/box.geojson")) > 0
        for name in ("absent.geojson", s3.address("files/../secret.geojson"), s3.address("secret.geojson"),
                     s3.address("filesbox.geojson"), "../secret.geojson", "%2e%2e/secret.geojson"):  # fmt: skip
            text = "SELECT red FROM fine FILTER cell WITHIN FILE $path"
            fault = refusal(session, text, {"path": name})
            assert fault.code == "file_refused" and s3.address("") not in fault.message.replace(name, "")
        session.query(f"COPY ({ROWS}) TO 'a.csv'")
        session.query(f"COPY ({ROWS}) TO '{s3.address('copies/anna/b.csv')}'")
        for name in ("copies/bert/b.csv", "copies/b.csv", "copies/anna", "copies/anna/../bert/b.csv", "x.csv"):
            assert refusal(session, f"COPY ({ROWS}) TO '{s3.address(name)}'").code == "copy_refused"
    assert s3.keys("copies") == ["copies/anna/a.csv", "copies/anna/b.csv"]


# -------------------------------------------------------------- settings


def test_guests_see_and_change_their_own_settings_only(cube: Any, ground: Path) -> None:
    folders = {"files_from": (str(ground / "files"),), "timeout_s": 30.0}
    with cube.for_user(Who("anna", keeper=True, writes=True), **folders) as session:
        shown = session.query("SHOW SETTINGS").to_arrow().to_pylist()
        assert shown == [{"setting": "timeout_s", "value": "30.0"}]
        for name in ("threads", "memory_limit", "temp_folder", "files_from", "copies_to", "locked", "rules"):
            assert refusal(session, f"SET {name} = NULL").code == "unknown_setting"
            with pytest.raises(ConfigError):
                session.set(name, None)
        assert refusal(session, "SET timeout_s = 31").code == "bad_setting"
        session.query("SET timeout_s = 0.000001")
        with pytest.raises(QueryTimeout):
            session.query("SELECT count(*) AS n FROM fine").to_arrow()
        session.query("SET timeout_s = NULL")
        assert session.settings.timeout_s == 30.0
        assert session.query("SELECT count(*) AS n FROM fine", timeout_s=1e9).to_arrow().num_rows == 1


@pytest.mark.parametrize("given", [{"files_from": "folder"}, {"copies_to": (3,)}, {"copy_bytes": -1},
                                   {"file_bytes": True}])  # fmt: skip
def test_settings_that_mean_nothing_are_refused(cube: Any, given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(given))):
        cube.for_user(Who("anna"), **given)
