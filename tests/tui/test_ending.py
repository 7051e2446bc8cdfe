"""However the screen ends, the terminal is as it was."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pexpect
import pytest
from cubeql_tui.ending import report

from tests.docs.blocks import ROOT

BACK = "\x1b[?1049l"
"""What leaves the alternate screen of a terminal."""
_BROKEN = """
import cubeql_tui.app as app
def broken(self): raise ValueError("of the test [b]x[/]")
app.CubeQL.action_export = broken
from cubeql.cli.main import main
raise SystemExit(main(["tui", {store!r}]))
"""


def _opened(store: Path, state: Path, code: str | None = None) -> pexpect.spawn:
    words = ["-m", "cubeql", "tui", str(store)] if code is None else ["-c", code.format(store=str(store))]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tui'}", "XDG_STATE_HOME": str(state),
                   "TERM": "xterm-256color"}  # fmt: skip
    child = pexpect.spawn(sys.executable, words, env=environment, dimensions=(30, 100), encoding="utf-8", timeout=60)
    child.expect("finer")
    return child


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_in_order(cube_store: Path, tmp_path: Path, asked: signal.Signals) -> None:
    child = _opened(cube_store, tmp_path)
    child.kill(asked)
    child.expect_exact(BACK)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 128 + asked


def test_a_fault_of_ours_leaves_a_report_and_the_terminal_in_order(cube_store: Path, tmp_path: Path) -> None:
    child = _opened(cube_store, tmp_path, _BROKEN)
    child.send("\x05")
    child.expect_exact(BACK)
    child.expect_exact("This is a bug in CubeQL: ValueError: of the test [b]x[/]")
    child.expect(pexpect.EOF)
    child.close()
    (file,) = (tmp_path / "cubeql").glob("fault-*.txt")
    assert "of the test" in file.read_text("utf-8")
    assert child.exitstatus == 70


def test_a_report_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert report(ValueError("x"), tmp_path / "file") is None
