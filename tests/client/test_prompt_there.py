"""The prompt and a notebook on a served store."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.typed import typed
from tests.server.conftest import Served


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of Unix")
def test_the_prompt_works_at_a_server(served: Served, tmp_path: Path) -> None:
    program = [sys.executable, "-m", "cubeql", served.address]
    places = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    with typed([], program, rows=40, columns=110, CUBEQL_TOKEN=served.keeper, PAGER="cat", **places) as terminal:
        terminal.until("cubeql>", ".help lists commands")
        assert f"{served.address} · " in terminal.text
        terminal.type("SELECT re")
        terminal.until("red  ", "column")  # offered: a name that is known there
        terminal.type("\x03")
        terminal.enter("SELECT count(*) AS n FROM classes;")
        terminal.until("1 row in")
        terminal.enter("SELECT clas FROM classes;")
        terminal.until("no source of this query has a column", "^^^^")
        terminal.enter(".layers fine")
        terminal.until("grid 9")
        terminal.enter(".schema classes")
        terminal.until("integer")
        terminal.enter(".explain SELECT avg(red) FROM fine")
        terminal.until("tiles kept")
        terminal.enter(".set timeout_s 30")
        terminal.enter(".set threads 3")
        terminal.until("threads is the server's")
        terminal.enter(f".once {tmp_path}/rows.csv")
        terminal.enter("SELECT cell, class FROM classes ORDER BY cell;")
        terminal.until("rows written to", "12 rows in")
        terminal.enter(".quit")
        assert terminal.ended() == 0
    wanted = served.house.query("SELECT cell, class FROM classes").to_arrow().num_rows
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == wanted + 1
    history = (tmp_path / "state/cubeql/history.jsonl").read_text()
    assert served.address in history and served.keeper not in history


def test_a_notebook_opens_a_server(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ip = pytest.importorskip("IPython.core.interactiveshell")
    monkeypatch.setenv("CUBEQL_TOKEN", served.keeper)
    shell = ip.InteractiveShell()
    shell.run_line_magic("load_ext", "cubeql")
    shell.run_line_magic("cubeql", served.address)
    assert "fine" in capsys.readouterr().out
    shell.run_cell_magic("cubeql", "found", "SELECT count(*) AS n FROM classes")
    assert "found" in shell.user_ns
    shell.run_line_magic("unload_ext", "cubeql")
