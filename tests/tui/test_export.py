"""What is written can be read again and is what was seen; nothing is replaced unasked, nothing half written."""

from __future__ import annotations

import csv
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from cubeql_tui.app import CubeQL
from cubeql_tui.editor import QueryEditor
from cubeql_tui.export import ExportPage, completions
from cubeql_tui.running import Run
from textual.pilot import Pilot
from textual.widgets import Input

from cubeql.drawing.counting import class_counts
from tests.tui.screen import ask, ended, play, shown, until
from tests.tui.test_map import answered

TEXT = "SELECT cell, class FROM classes ORDER BY cell -- all of them"


async def write(app: CubeQL, pilot: Pilot[None], path: Path | str) -> None:
    """Type a name on the page that is open, and Enter."""
    field = app.screen.query_one(Input)
    field.value = str(path)
    await pilot.pause()
    await pilot.press("enter")


def test_rows_are_written_and_read_back(cube_store: Path, tmp_path: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, TEXT)
        wanted = app.asides.query(TEXT).to_arrow()
        await pilot.press("ctrl+e")
        await until(pilot, lambda: isinstance(app.screen, ExportPage))
        assert "GeoTIFF" in shown(app) and "Tab completes" in shown(app)
        await write(app, pilot, tmp_path / "a.txt")
        await until(pilot, lambda: "must be one of these" in shown(app))
        await write(app, pilot, tmp_path / "a.parquet")
        await until(pilot, lambda: "✓" in shown(app))
        assert pq.read_table(tmp_path / "a.parquet").to_pylist() == wanted.to_pylist()
        assert f"{tmp_path}/a.parquet" in shown(app) and " kB" in shown(app)
        await write(app, pilot, tmp_path / "a.arrow")
        await until(pilot, lambda: "a.arrow: " in shown(app))
        assert pa.ipc.open_file(tmp_path / "a.arrow").read_all().to_pylist() == wanted.to_pylist()
        before = (tmp_path / "a.arrow").stat().st_mtime_ns
        await pilot.press("enter")
        await until(pilot, lambda: "Enter once more replaces it" in shown(app))
        assert (tmp_path / "a.arrow").stat().st_mtime_ns == before
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "a.arrow").stat().st_mtime_ns > before and "✓" in shown(app))
        await write(app, pilot, tmp_path / "nowhere" / "a.csv")
        await until(pilot, lambda: "there is no folder" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, ExportPage))

    play(cube_store, scene, size=(120, 40))


def test_the_map_the_bars_and_the_lines_are_written(cube_store: Path, tmp_path: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, "SELECT cell, time, t2m FROM coarse")
        await pilot.press("f7")
        await until(pilot, lambda: "t2m [degC]" in shown(app))
        await pilot.press("ctrl+e")
        await write(app, pilot, tmp_path / "lines.csv")
        await until(pilot, lambda: "✓" in shown(app))
        drawn = app.results.query_one("#series").series  # type: ignore[attr-defined]
        with (tmp_path / "lines.csv").open(encoding="utf-8") as file:
            read = list(csv.DictReader(file))
        values = [v for line in drawn.lines for v in line.values.tolist()]
        assert [float(row["value"] or "nan") for row in read] == pytest.approx(values, nan_ok=True)
        assert {row["unit"] for row in read} == {"degC"} and len({row["line"] for row in read}) == len(drawn.lines)
        await pilot.press("escape")
        await ask(app, pilot, TEXT)
        await pilot.press("f4")
        await answered(app, pilot)
        await pilot.press("ctrl+e")
        await write(app, pilot, tmp_path / "map.png")
        await until(pilot, lambda: "✓" in shown(app))
        assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
        await write(app, pilot, tmp_path / "rows.parquet")  # what only rows can be written to
        await until(pilot, lambda: "rows.parquet" in shown(app) and "✓" in shown(app))
        assert pq.read_table(tmp_path / "rows.parquet").column_names == ["cell", "class"]
        await write(app, pilot, tmp_path / "map.svg")
        await until(pilot, lambda: "map.svg ·" in shown(app))
        assert "<svg" in (tmp_path / "map.svg").read_text("utf-8")
        await pilot.press("escape", "ctrl+g")
        await pilot.pause()
        await pilot.press("ctrl+e")
        await write(app, pilot, tmp_path / "bars.csv")
        await until(pilot, lambda: "✓" in shown(app))
        with (tmp_path / "bars.csv").open(encoding="utf-8") as file:
            bars = [(int(row["code"]), int(row["count"])) for row in csv.DictReader(file)]
        assert bars == class_counts(app.results.query_one("#histogram").counted.known)  # type: ignore[attr-defined]

    play(cube_store, scene, size=(120, 40))


def test_writing_can_be_stopped_and_leaves_no_file(
    cube_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    real = Run._read

    def slow(run: Run, tell: Any) -> None:
        if run.file is None:
            real(run, tell)
            return
        begun.set()
        with run._woken:
            run._woken.wait_for(lambda: run._stopping, 20)

    monkeypatch.setattr(Run, "_read", slow)

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await ask(app, pilot, TEXT)
        await pilot.press("ctrl+e")
        await write(app, pilot, tmp_path / "a.csv")
        await until(pilot, begun.is_set)
        await until(pilot, lambda: "writing …" in shown(app) and "Esc stops it" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "Stopped; no file was written." in shown(app))
        assert isinstance(app.screen, ExportPage) and not list(tmp_path.iterdir())

    play(cube_store, scene)


def test_paths_are_completed_as_far_as_there_is_one_way(tmp_path: Path) -> None:
    for name in ("maps/one.csv", "maps/only.tif", "made.csv", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert completions("", tmp_path) == ["made.csv", "maps/"]
    assert completions("ma", tmp_path) == ["made.csv", "maps/"]
    assert completions("maps/on", tmp_path) == ["maps/one.csv", "maps/only.tif"]
    assert completions(f"{tmp_path}/made", Path("/")) == [f"{tmp_path}/made.csv"]
    assert completions("nowhere/x", tmp_path) == []


def test_nothing_to_write_is_said(cube_store: Path) -> None:
    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+e")
        await until(pilot, lambda: "There is nothing to write yet." in shown(app))

    play(cube_store, scene)


def test_parameters_are_asked_for_remembered_and_bound(cube_store: Path, tmp_path: Path) -> None:
    text = "SELECT cell, elevation FROM finer FILTER elevation > $low AND cell WITHIN $aoi -- $not\n"

    async def scene(app: CubeQL, pilot: Pilot[None]) -> None:
        area = "POLYGON ((0 0, 30 0, 30 80, 0 80, 0 0))"
        app.query_one(QueryEditor).put(text)
        await pilot.press("f5")
        await until(pilot, lambda: "$low" in shown(app) and "Parameters" in shown(app))
        fields = list(app.screen.query(Input))
        assert len(fields) == 2
        await pilot.press(*"400", "enter", "enter")
        await until(pilot, lambda: "aoi has no value" in shown(app))
        assert "a whole number" in shown(app)
        fields[1].value = "@/nowhere/at.all"
        await pilot.press("enter")
        await until(pilot, lambda: "parameter @/nowhere/at.all" in shown(app))
        fields[1].value = area
        await pilot.press("enter")
        await ended(app, pilot)
        wanted = app.asides.query(text, {"low": 400, "aoi": area}).to_arrow()
        assert app.run_now is not None and app.run_now.rows is not None
        assert app.run_now.rows.table().to_pylist() == wanted.to_pylist()
        least = np.nanmin(app.asides.query("SELECT elevation FROM finer").to_arrow()["elevation"].to_numpy())
        assert len(wanted) > 0 and least < 400
        await pilot.press("ctrl+e")
        await write(app, pilot, tmp_path / "high.parquet")
        await until(pilot, lambda: "✓" in shown(app))
        assert pq.read_table(tmp_path / "high.parquet").num_rows == len(wanted)
        await pilot.press("escape", "f5")
        await until(pilot, lambda: "Parameters" in shown(app))
        assert [field.value for field in app.screen.query(Input)] == ["400", area]
        await pilot.press("escape", "f9")
        await until(pilot, lambda: "Parameters" in shown(app))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: app.results.current == "plan" and "finer" in shown(app))

    play(cube_store, scene, size=(120, 40))
