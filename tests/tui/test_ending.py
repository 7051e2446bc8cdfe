"""However the screen ends, the terminal is as it was."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

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


class Terminal:
    """The screen in a terminal of its own, read until it says something."""

    def __init__(self, store: Path, state: Path, code: str | None = None) -> None:
        words = ["-m", "cubeql", "tui", str(store)] if code is None else ["-c", code.format(store=str(store))]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tui'}", "TERM": "xterm-256color",
                       "XDG_STATE_HOME": str(state), "COLUMNS": "100", "LINES": "30"}  # fmt: skip
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen([sys.executable, *words], stdin=theirs, stdout=theirs, stderr=theirs,
                                        env=environment, start_new_session=True)  # fmt: skip
        os.close(theirs)
        self._text = ""
        self.until("finer")

    def until(self, said: str) -> None:
        """Read until this was written."""
        last = time.monotonic() + 60
        while said not in self._text:
            assert time.monotonic() < last, f"{said!r} was not written: {self._text[-2000:]!r}"
            if select.select([self._ours], [], [], 0.5)[0]:
                try:
                    self._text += os.read(self._ours, 65536).decode("utf-8", "replace")
                except OSError:  # nobody writes any more
                    assert said in self._text, f"{said!r} was not written: {self._text[-2000:]!r}"

    def send(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._ours, keys)

    def close(self) -> int:
        """Wait for its end; the exit code."""
        code = self.process.wait(60)
        os.close(self._ours)
        return code


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_in_order(cube_store: Path, tmp_path: Path, asked: signal.Signals) -> None:
    terminal = Terminal(cube_store, tmp_path)
    terminal.process.send_signal(asked)
    terminal.until(BACK)
    assert terminal.close() == 128 + asked


def test_a_fault_of_ours_leaves_a_report_and_the_terminal_in_order(cube_store: Path, tmp_path: Path) -> None:
    terminal = Terminal(cube_store, tmp_path, _BROKEN)
    terminal.send(b"\x05")
    terminal.until(BACK)
    terminal.until("This is a bug in CubeQL: ValueError: of the test [b]x[/]")
    assert terminal.close() == 70
    (file,) = (tmp_path / "cubeql").glob("fault-*.txt")
    assert "of the test" in file.read_text("utf-8")


def test_a_report_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert report(ValueError("x"), tmp_path / "file") is None
