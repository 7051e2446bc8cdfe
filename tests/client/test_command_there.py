"""The command on a served store: what it writes, and its exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.way import NOISE, free_port
from tests.server.conftest import Served


def cubeql_command(*words: str, token: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CUBEQL_TOKEN": token, **more}
    return subprocess.run([sys.executable, "-m", "cubeql", *words], capture_output=True, text=True, env=environment,
                          timeout=60)  # fmt: skip


def test_the_command_works_at_a_server(served: Served, tmp_path: Path) -> None:
    out = tmp_path / "n.csv"
    text = "SELECT count(*) AS n FROM classes"
    done = cubeql_command(served.address, "-c", text, "-o", str(out), token=served.keeper)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert out.read_text().split() == ["n", str(served.house.query(text).to_arrow()["n"][0].as_py())]


def test_faults_of_the_command_have_their_exit_codes(
    served: Served, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cubeql.cli.main import main

    monkeypatch.setenv("CUBEQL_TOKEN", served.keeper)
    nobody = f"flight://127.0.0.1:{free_port()}"
    here = ["--store", served.address]
    rows: list[tuple[list[str], int, str]] = [
        ([served.address, "-c", "SELECT rad FROM fine"], 1, "unknown_column"),
        ([nobody, "-c", "SHOW LAYERS"], 3, "nobody listens there"),
        ([served.address, "-c", "SELECT 1 AS x FROM fine", "--timeout", "0.000001"], 4, "timeout"),
        (["flight://x@h:1", "-c", "SHOW LAYERS"], 2, "a user or token"),
        (["compact", *here], 2, "by who keeps it"),
        (["vacuum", *here], 2, "by who keeps it"),
        (["ingest", "x.tif", "--layer", "x", *here], 2, "by who keeps it"),
        (["demo", *here], 2, "by who keeps it"),
        (["layers", served.address], 0, ""),
        (["describe", "fine", *here], 0, ""),
        (["card", "fine", *here], 0, ""),
        (["card", "fine", "--stac", *here], 0, ""),
        (["explain", "SELECT avg(red) FROM fine", *here], 0, ""),
        (["explain", "SELECT avg(red) FROM fine", "--analyze", *here], 0, ""),
    ]
    for words, code, said in rows:
        assert main(words) == code, words
        heard = capfd.readouterr().err
        assert said in heard and not any(noise in heard for noise in NOISE), words
    monkeypatch.setenv("CUBEQL_TOKEN", "wrong")
    assert main([served.address, "-c", "SHOW LAYERS"]) == 2
    assert "does not let you in" in capfd.readouterr().err
