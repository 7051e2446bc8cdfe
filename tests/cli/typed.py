"""A program on a pseudo-terminal: keys go in, and what the screen shows is waited for."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[2]
FAKE = [sys.executable, str(Path(__file__).with_name("fake_session.py"))]
_PATIENCE_S = 120.0


class Typed:
    """The terminal of one program.

    Attributes:
        screen: what it shows.
        raw: all that was written to it.
    """

    def __init__(self, descriptor: int, process: int, columns: int, rows: int) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.screen.write_process_input = self.type  # the program asks where the cursor is
        self.raw = b""
        self._stream = pyte.ByteStream(self.screen)
        self._descriptor = descriptor
        self._process = process

    @property
    def text(self) -> str:
        """The lines of the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._descriptor, keys.encode())

    def enter(self, line: str) -> None:
        """Type a line and Enter."""
        self.type(f"{line}\r")

    def until(self, *sought: str, times: int = 1) -> str:
        """Wait until the screen shows all of these texts, each so many times; what it shows then."""
        end = time.monotonic() + _PATIENCE_S
        while not all(self.text.count(one) >= times for one in sought):
            assert time.monotonic() < end and self._read(end), f"{sought} never came:\n{self.text}"
        return self.text

    def until_written(self, text: str, times: int) -> None:
        """Wait until a text was written so many times, though it may stand on the screen once."""
        end = time.monotonic() + _PATIENCE_S
        while self.raw.count(text.encode()) < times:
            assert time.monotonic() < end and self._read(end), f"{text} came less than {times} times:\n{self.text}"

    def _read(self, end: float) -> bool:
        """Read what comes; False when the program has ended."""
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return True
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # Linux says EIO when the other side is closed
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def colour_of(self, text: str) -> str:
        """The colour of the first letter of a text on the screen; the last place where it stands."""
        for number in reversed(range(self.screen.lines)):
            column = self.screen.display[number].rfind(text)
            if column >= 0:
                return str(self.screen.buffer[number][column].fg)
        raise AssertionError(f"{text} is not on the screen:\n{self.text}")

    def modes(self) -> list[object]:
        """How the terminal treats keys: echoed, a line at a time, or not."""
        return termios.tcgetattr(self._descriptor)[:4]

    def signal(self, number: int) -> None:
        """Send the program a signal."""
        os.kill(self._process, number)

    def ended(self) -> int:
        """Wait for the end of the program; its exit code."""
        end = time.monotonic() + _PATIENCE_S
        while self._read(end):
            assert time.monotonic() < end, f"it has not ended:\n{self.text}"
        _, status = os.waitpid(self._process, 0)
        self._process = 0
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """End the program, if it has not ended."""
        if self._process:
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
        with suppress(OSError):
            os.close(self._descriptor)


@contextmanager
def typed(
    words: Sequence[str] = (),
    program: Sequence[str] = FAKE,
    columns: int = 100,
    rows: int = 30,
    away: dict[int, Path] | None = None,
    **environment: str,
) -> Iterator[Typed]:
    """A program on a terminal of its own.

    Args:
        words: its arguments.
        program: the command; without it the command line over the fake session.
        columns: width of the terminal.
        rows: its height.
        away: streams that go to a file instead, by their number.
        **environment: variables beside those of the tests; an empty one is taken away.
    """
    variables = {
        **os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tui'}", "CUBEQL_STORE": "/", "TERM": "xterm-256color",
        "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", "NO_COLOR": "", "PAGER": "", "LINES": "", "COLUMNS": "",
        **environment,
    }  # fmt: skip
    kept = {name: value for name, value in variables.items() if value or name == "PAGER"}
    process, descriptor = pty.fork()
    if not process:
        for number, file in (away or {}).items():
            os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
        command = [*program, *words]
        os.execvpe(command[0], command, kept)
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    terminal = Typed(descriptor, process, columns, rows)
    try:
        yield terminal
    finally:
        terminal.close()
