"""The command line in a process of its own: terminals, pipes that close, signals."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

PROGRAM = [sys.executable, str(Path(__file__).with_name("fake_session.py"))]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(Path(__file__).parents[2]),
    "COLUMNS": "80",
    "CUBEQL_STORE": "/",
    "TERM": "xterm",
    "LC_ALL": "C.UTF-8",
}
ENVIRONMENT.pop("NO_COLOR", None)


def _read(descriptor: int) -> str:
    data = b""
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:  # Linux says EIO when the other side is closed
            break
        if not part:
            break
        data += part
    return data.decode()


def _on_terminal(words: Sequence[str], typed: str = "", **environment: str) -> tuple[int, str]:
    """Run with all three streams on a terminal; what was shown."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *words], stdin=theirs, stdout=theirs, stderr=theirs, env={**ENVIRONMENT, **environment}
    ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        shown = _read(ours)
        code = process.wait(30)
    os.close(ours)
    return code, shown.replace("\r\n", "\n")


def test_a_terminal_gets_boxes_a_limit_a_notice_and_the_time() -> None:
    code, shown = _on_terminal(["-c", "MANY 100", "--max-rows", "3"], NO_COLOR="1")
    assert code == 0
    assert shown.rpartition("\x1b[K")[2].startswith(  # behind a line of progress, where the machine is slow
        "┌───┐\n│ n │\n├───┤\n│ 0 │\n│ 1 │\n│ 2 │\n└───┘\nthe first 3 of 100 rows in all (--max-rows 0 shows all)"
    )
    assert "3 rows in " in shown


def test_quiet_and_no_progress_leave_the_time_out() -> None:
    for word in ("-q", "--no-progress"):
        assert " rows in " not in _on_terminal(["-c", "MANY 3", word])[1]


def test_a_terminal_that_cannot_draw_boxes_gets_ascii() -> None:
    _, shown = _on_terminal(["-c", "ROWS"], PYTHONIOENCODING="ascii", NO_COLOR="1")
    assert "+---" in shown and "M\\xfcnster" in shown


def test_a_binary_format_is_refused_on_a_terminal() -> None:
    code, shown = _on_terminal(["-c", "ROWS", "--format", "parquet"])
    assert code == 2 and "terminal" in shown and "PAR1" not in shown


def test_a_dumb_terminal_gets_a_prompt_without_a_single_escape(tmp_path: Path) -> None:
    typed = "MANY\n2\n; WRONG x; ROWS;\nMANY 1;\nquit\n"
    code, shown = _on_terminal([], typed, TERM="dumb", XDG_STATE_HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path))
    assert code == 0
    assert "unknown_layer" in shown and "1 row in" in shown and "8928308280fffff" not in shown
    assert "cubeql> " in shown and "\x1b" not in shown


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    ran = subprocess.run(
        f'{sys.executable} {PROGRAM[1]} -c "MANY 2000000" --format csv | head -1; echo "${{PIPESTATUS[0]}}"',
        shell=True,
        executable="/bin/bash",
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (ran.stdout, ran.stderr) == ("n\n0\n", "")


def test_statements_come_from_stdin_when_it_is_no_terminal() -> None:
    ran = subprocess.run(
        [*PROGRAM, "--format", "csv"], input=b"\xef\xbb\xbfMANY 1; SAY", env=ENVIRONMENT, capture_output=True
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"n\n0\n", b"layer made\n")


def test_stdin_that_is_not_text_is_refused() -> None:
    ran = subprocess.run(PROGRAM, input=b"\xff\xfe", env=ENVIRONMENT, capture_output=True)
    assert ran.returncode == 2 and b"UTF-8" in ran.stderr


def test_a_closed_stdout_is_a_usage_fault() -> None:
    ran = subprocess.run(
        f"{' '.join(PROGRAM)} -c ROWS >&-", shell=True, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert ran.returncode == 2 and "stdout is closed" in ran.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_what_runs(number: signal.Signals, code: int) -> None:
    with subprocess.Popen([*PROGRAM, "-c", "SLOW 60"], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr and process.stderr.readline() == "running\n"
        process.send_signal(number)
        assert process.wait(20) == code
        assert process.stderr.read() == "cancelled\n"
