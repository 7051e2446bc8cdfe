"""The command line over a real store."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cubeql
from cubeql.cli.main import main
from cubeql.cli.runner import Running
from cubeql.cli.shell.opening import open_prompt
from cubeql.preferences import Preferences
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def _raster(path: Path, values: Any, west: float, north: float, pixel: float) -> None:
    import rasterio
    from rasterio.transform import from_origin

    height, width = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=1, dtype=values.dtype, crs="EPSG:4326",
        transform=from_origin(west, north, pixel, pixel), nodata=-1, tiled=width > 1000,
    ) as file:  # fmt: skip
        file.write(values, 1)
        file.set_band_description(1, "ndvi")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one small layer of two dates, brought in through the command line."""
    folder = tmp_path_factory.mktemp("real")
    for day in ("20240501", "20240511"):
        _raster(folder / f"ndvi_{day}.tif", (np.arange(1200).reshape(30, 40) % 100).astype("int16"), 11, 48, 0.01)
    sources = [str(file) for file in sorted(folder.glob("*.tif"))]
    given = ["--time-pattern", "%Y%m%d", "--resolution", "6", "--method", "mean", "--unit", "ndvi=%", "-q"]
    assert main(["ingest", *sources, "--layer", "ndvi", "--store", str(folder / "store"), *given]) == 0
    return folder / "store"


def test_ingest_reports_on_stderr_and_keeps_stdout_empty(run_here: Run, store: Path, tmp_path: Path) -> None:
    source = next(store.parent.glob("*.tif"))
    ran = run_here("ingest", source, "--layer", "one", "--store", tmp_path / "new", "--time", "2024", "--stats")
    assert (ran.code, ran.out) == (0, b"")
    assert "layer one" in ran.err
    assert json.loads(ran.err.splitlines()[-1])["rows"] > 0


def test_rows_come_with_cells_times_and_units(run_here: Run, store: Path) -> None:
    ran = run_here(store, "-c", "SELECT cell, time, ndvi FROM ndvi ORDER BY time, cell LIMIT 1", "--format", "csv")
    header, row = ran.text.splitlines()
    cell, time, value = row.split(",")
    assert header == "cell,time,ndvi"
    assert (len(cell), time) == (15, "2024-05-01T00:00:00Z")
    assert 0 <= float(value) < 100
    assert "ndvi [%]" in run_here(store, "-c", "SELECT ndvi FROM ndvi LIMIT 1").text


def test_features_have_the_polygon_of_their_cell(run_here: Run, store: Path) -> None:
    from shapely.geometry import Point, shape

    query = "SELECT cell, ndvi, cell_to_lng(cell) AS lon, cell_to_lat(cell) AS lat FROM ndvi LIMIT 5"
    features = json.loads(run_here(store, "-c", query, "--format", "geojson").text)["features"]
    assert len(features) == 5
    for feature in features:
        place = feature["properties"]
        assert shape(feature["geometry"]).contains(Point(place["lon"], place["lat"]))
        assert len(feature["id"]) == 15 and "ndvi" in place


def test_geojson_without_cells_is_refused(run_here: Run, store: Path) -> None:
    ran = run_here(store, "-c", "SELECT avg(ndvi) AS mean FROM ndvi", "--format", "geojson")
    assert ran.code == 2 and "add cell to SELECT" in ran.err


def test_faults_have_their_place_in_the_whole_script(run_here: Run, store: Path) -> None:
    ran = run_here(store, text="SHOW LAYERS;\n\n-- a note\nSELECT\n  nvdi FROM ndvi;")
    assert ran.code == 1
    assert "line 5, column 3" in ran.err and "ndvi" in ran.err


def test_parameters_are_bound(run_here: Run, store: Path) -> None:
    text = "SELECT count(*) FROM ndvi FILTER ndvi > $limit AND time = ?"
    ran = run_here(store, "-c", text, "--param", "limit=50", "--param", "1=2024-05-11", "--format", "csv")
    assert ran.code == 0, ran.err
    assert int(ran.text.splitlines()[1]) > 0


def test_listing_describing_and_explaining(run_here: Run, store: Path) -> None:
    assert "ndvi" in run_here("layers", store, "--format", "csv").text
    assert "ndvi" in run_here("describe", "ndvi", "--store", store).text
    assert "tiles kept" in run_here("explain", "SELECT avg(ndvi) FROM ndvi", "--store", store).text
    assert run_here("explain", "--sql", "SELECT avg(ndvi) FROM ndvi", "--store", store).text.startswith(
        ("SELECT", "WITH")
    )


def test_doctor_finds_nothing_broken_here_and_a_missing_store_elsewhere(run_here: Run, store: Path) -> None:
    ran = run_here("doctor", store, "--json")
    assert ran.code == 0, ran.text
    assert {json.loads(line)["state"] for line in ran.text.splitlines()} <= {"ok", "note"}
    gone = run_here("doctor", store / "nowhere")
    assert gone.code == 3 and "broken" in gone.text


def test_a_dry_run_makes_neither_store_nor_layer(run_here: Run, store: Path, tmp_path: Path) -> None:
    source = next(store.parent.glob("*.tif"))
    ran = run_here("ingest", source, "--layer", "x", "--time-pattern", "auto", "--store", tmp_path / "new", "--dry-run")
    assert ran.code == 0, ran.err
    assert "resolution" in ran.text and list(tmp_path.iterdir()) == []


def test_a_source_at_fault_is_told_and_leaves_no_layer(run_here: Run, store: Path, tmp_path: Path) -> None:
    (tmp_path / "not.tif").write_text("no raster")
    ran = run_here("ingest", tmp_path / "not.tif", "--layer", "broken", "--store", store)
    assert ran.code == 1 and "not.tif" in ran.err
    assert "broken" not in run_here("layers", store).text


def test_a_missing_store_is_a_fault_of_the_store(run_here: Run, tmp_path: Path) -> None:
    ran = run_here(tmp_path / "nowhere", "-c", "SHOW LAYERS")
    assert (ran.code, ran.out) == (3, b"")


SLOW = "SELECT count(*) FROM ndvi AS a JOIN ndvi AS b ON TIME ANY ON a.ndvi + b.ndvi > -1"


def test_a_time_limit_stops_and_says_so(run_here: Run, store: Path) -> None:
    ran = run_here(store, "-c", SLOW, "--timeout", "0.000001")
    assert ran.code == 4 and "error" in ran.err


UNNEEDED = ("textual", "prompt_toolkit", "pandas", "rasterio", "xarray", "netCDF4", "pyogrio", "pyproj", "lark", "ssl",
            "pyarrow.compute", "pyarrow.parquet", "shapely", "cubeql.ingest", "cubeql.storage.write")  # fmt: skip
"""What takes long to load, and has no part in answering a statement on a folder."""


@pytest.mark.parametrize(
    "statement", ["SELECT avg(ndvi) FROM ndvi", "SELECT cell, ndvi FROM ndvi LIMIT 3", "SHOW LAYERS"]
)
def test_a_statement_loads_no_more_than_it_needs(store: Path, statement: str) -> None:
    code = (
        "import sys; from cubeql.cli.main import main\n"
        f"code = main([{str(store)!r}, '-c', {statement!r}])\n"
        f"print(code, [name for name in {UNNEEDED} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True)
    assert ran.stdout.splitlines()[-1] == "0 []", ran.stderr


COUNTED = """
import dataclasses, gc, sys
from cubeql.cli.process import run
try:
    run()
except SystemExit:
    pass
searches = sum(g["collections"] for g in gc.get_stats())
made = {c for m in list(sys.modules.values()) if m.__name__.startswith("cubeql.")
        for c in vars(m).values() if isinstance(c, type) and dataclasses.is_dataclass(c)}
compiled = sum(c.__dataclass_params__.init for c in made)
print(searches, compiled, len(made), *(c for c in made if c.__doc__.startswith(f"{c.__name__}(")))
"""


def test_a_statement_starts_with_little_work(store: Path) -> None:
    words = [sys.executable, "-c", COUNTED, str(store), "-c", "SHOW LAYERS", "--format", "jsonl"]
    ran = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True)
    searches, compiled, made, *signed = ran.stdout.splitlines()[-1].split()
    assert not signed, "without a docstring dataclasses makes one of the signature, for which it reads sources"
    assert int(searches) < 60, "memory is searched for cycles while modules are loaded: 150 times, it was 12"
    assert int(compiled) < 130 < int(made), "modules of many classes make them by cubeql.values.slotted: 106 are not"


@pytest.mark.slow
def test_an_interrupted_ingest_leaves_the_store_as_it_was(run_here: Run, store: Path, tmp_path: Path) -> None:
    source = tmp_path / "big.tif"
    _raster(source, np.random.default_rng(1).random((4000, 4000), np.float32), 5.0, 50.0, 0.001)
    words = [sys.executable, "-m", "cubeql", "ingest", source, "--layer", "big", "--store", store, "--resolution", "11"]
    with subprocess.Popen(list(map(str, words)), env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as process:
        _wait_for_the_grid_map(store, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr and process.stderr.read().strip() == "cancelled"
    assert "big" not in run_here("layers", store).text


@pytest.mark.slow
def test_interrupted_between_portions_the_finished_ones_stay(run_here: Run, store: Path, tmp_path: Path) -> None:
    from cubeql.storage import Store

    values = np.random.default_rng(1).random((1500, 1500), np.float32)
    for day in range(1, 7):
        _raster(tmp_path / f"d_2024050{day}.tif", values + day, 5.0, 50.0, 0.001)
    given = ["--store", tmp_path / "new", "--resolution", "10", "--portion-sources", "1", "--time-pattern", "%Y%m%d"]
    words = ["ingest", *sorted(tmp_path.glob("*.tif")), "--layer", "big", *given]
    started = [sys.executable, "-m", "cubeql", *words]
    with subprocess.Popen(list(map(str, started)), env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not ((tmp_path / "new").exists() and _has_versions(tmp_path / "new", 1)):
            pass
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr is not None
        said = process.stderr.read()
    done = len(Store.open(tmp_path / "new").history("big"))
    assert 0 < done < 6 and f"layer big, version {done - 1}" in said and said.strip().endswith("cancelled")
    again = run_here(*words)
    assert again.code == 0 and again.err.count("skipped") == done
    assert len(Store.open(tmp_path / "new").history("big")) == 6


def _has_versions(store: Path, count: int) -> bool:
    from cubeql.errors import StoreError
    from cubeql.storage import Store

    try:
        return len(Store.open(store).history("big")) >= count
    except StoreError:  # not made yet
        return False


def _wait_for_the_grid_map(store: Path, process: subprocess.Popen[str]) -> None:
    """Until the ingest has begun to work: its grid map appears in the cache."""
    before = set((store / "cache").rglob("*"))
    while process.poll() is None and set((store / "cache").rglob("*")) <= before:
        pass
    assert process.poll() is None, "it ended before it could be interrupted"


def test_a_card_is_printed_edited_and_refused_as_a_whole(run_here: Run, store: Path, tmp_path: Path) -> None:
    printed = run_here("card", "ndvi", "--store", store)
    card = json.loads(printed.text)
    assert (printed.code, card["layer"], card["bands"][0]["unit"]) == (0, "ndvi", "%")
    assert json.loads(run_here("describe", "ndvi", "--card", "--store", store).text) == card
    file = tmp_path / "card.json"
    file.write_text(json.dumps({**card, "licence": "CC-BY-4.0", "doi": "10.5281/zenodo.1"}))
    edited = run_here("card", "ndvi", "--edit", file, "--store", store)
    assert (edited.code, edited.out) == (0, b"") and "layer ndvi: version" in edited.err
    assert "nothing to change" in run_here("card", "ndvi", "--edit", file, "--store", store).err
    wrong = run_here("card", "ndvi", "--edit", "-", "--store", store, text='{"licence": "mine", "resolution": 3}')
    assert wrong.code == 1 and "licence of layer ndvi: found 'mine'" in wrong.err and "resolution of" in wrong.err
    assert json.loads(run_here("card", "ndvi", "--store", store).text)["licence"] == "CC-BY-4.0"
    collection = json.loads(run_here("describe", "ndvi", "--stac", "--store", store).text)
    assert (collection["type"], collection["license"], collection["id"]) == ("Collection", "CC-BY-4.0", "ndvi")


def test_cards_that_cannot_be_read_are_told(run_here: Run, store: Path, tmp_path: Path) -> None:
    assert run_here("card", "ndvi", "--edit", "-", "--store", store, text="{").code == 1
    assert run_here("card", "ndvi", "--edit", tmp_path / "none.json", "--store", store).code == 2
    assert run_here("card", "ndvi", "--edit", "-", "--stac", "--store", store).code == 2
    assert run_here("describe", "ndvi", "--card", "--stac", "--store", store).code == 2
    assert run_here("card", "nothing", "--store", store).code == 3


def test_the_commands_of_the_prompt_answer_on_a_real_store(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def said(*lines: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines)))
        options = argparse.Namespace(
            color="never", quiet=False, no_progress=False, format="csv", max_rows=None, output=None
        )
        with cubeql.connect(store) as session:
            assert open_prompt(session, Running({}), options, Preferences()) == 0
        caught = capfd.readouterr()
        return caught.out, caught.err

    (head, row), told = said(".layers nd")[0].splitlines(), said(".layers zz")[1]
    assert head == "layer,kind,time,size,title" and row.startswith("ndvi,grid 6,2024-05-01 … 2024-05-11,")
    assert "no layer has zz in its name" in told
    assert said(".schema ndvi")[0].splitlines()[1:] == [
        "ndvi,cell,cell,,resolution 6", "ndvi,time,timestamp,,", "ndvi,ndvi,number,%,"
    ]  # fmt: skip
    assert said("\\d ndvi")[0] == said(".describe ndvi;")[0] == said("DESCRIBE ndvi;")[0]
    assert "scan ndvi" in said("SELECT ndvi FROM ndvi;", ".explain")[0] and said(".plan SELECT 1 AS x FROM ndvi")[0]
    query = "SELECT cell, time, ndvi FROM ndvi;"
    out, _ = said(query, ".map ndvi", ".plot ndvi")
    assert "cells" in out and "2024" in out
    assert "column 'nothing' is not there" in said(query, ".map nothing")[1]
    assert "threads,2" in said(".set threads 2", ".set")[0] and "no setting 'thread'" in said(".set thread 2")[1]
