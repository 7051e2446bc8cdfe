"""Whether the screen holds still while a layer of 12 million cells, and a result of as many rows, are moved about.

    python -m benchmarks.screen_big [--folder DIR] [--size 154x43]

The screen runs on a terminal of its own and is driven by keys. ``frame`` is the time from a key to the first bytes of
what it changes, ``settled`` to the last, when the engine's answer is drawn too. ``late`` is how much later than asked a
timer of 50 ms in the screen's own loop comes: that long nothing would be drawn and no key heard. Milliseconds of wall
clock.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyte

import cubeql
from benchmarks.cold_start import environment
from benchmarks.in_place import scene

LAYER, RESOLUTION = "scene", 12
EVERY_S = 0.05
QUIET_S, LONGEST_S = 0.4, 60.0
BUSY = ("asking …", "running", "cancelling")
LEFT, RIGHT, UP, DOWN, END = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B", "\x1b[F"
F2, F3, F4, F5, F6, F10 = "\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[15~", "\x1b[17~", "\x1b[21~"
ROUND = [RIGHT, DOWN, "+", RIGHT, "+", UP, "+", LEFT, "+", DOWN, "+", RIGHT, UP, "-", LEFT, "-", "-", DOWN, "-", "-"]


def layer(folder: Path) -> Path:
    """A store with the layer, made where it is not there yet."""
    store = folder / "store"
    if not store.exists():
        with cubeql.connect(store, create=True) as session:
            report = session.ingest(str(scene(folder / "scene.tif")), layer=LAYER, resolution=RESOLUTION)
            print(f"{report.cells:,} cells of resolution {RESOLUTION}", file=sys.stderr)
    return store


# ------------------------------------------------------------------ the screen's side


def child(store: str, notes: str) -> None:
    """The screen, and a timer that notes when it should have come and how late it was."""
    from cubeql_tui import app

    class Timed(app.CubeQL):
        CSS_PATH = Path(app.__file__).with_name("screen.tcss")

        async def _tick(self) -> None:
            with Path(notes).open("w", buffering=1) as file:
                while True:
                    due = time.monotonic() + EVERY_S
                    await asyncio.sleep(EVERY_S)
                    file.write(f"{due} {time.monotonic() - due}\n")

        def on_ready(self) -> None:
            self._ticking = asyncio.create_task(self._tick())

    Timed(store).run()


# ------------------------------------------------------------------ the terminal's side


@dataclass
class Terminal:
    """A terminal with the screen on it."""

    handle: int
    notes: Path
    screen: pyte.Screen
    stream: pyte.ByteStream

    def read(self, seconds: float) -> bytes:
        """What comes within some time; nothing when it stays quiet."""
        ready, _, _ = select.select([self.handle], [], [], seconds)
        return os.read(self.handle, 1 << 20) if ready else b""

    def shows(self, text: str) -> bool:
        """Whether a text is on the screen."""
        return any(text in line for line in self.screen.display)

    def press(self, keys: str) -> tuple[float, float]:
        """Press keys; seconds to the first and the last byte of what they change, the engine's answer too.

        Raises:
            TimeoutError: it does not come to rest.
        """
        begun = time.monotonic()
        os.write(self.handle, keys.encode())
        first = last = 0.0
        came = bytearray()
        while True:
            found = self.read(QUIET_S if first else LONGEST_S)
            if found:
                last = time.monotonic() - begun
                first = first or last
                came += found
                continue
            self.stream.feed(bytes(came))
            came.clear()
            if not any(map(self.shows, BUSY)):
                return first, last
            if time.monotonic() - begun > LONGEST_S:
                raise TimeoutError("\n".join(self.screen.display))

    def wait(self, text: str) -> None:
        """Wait until a text is shown."""
        while not self.shows(text):
            self.stream.feed(self.read(LONGEST_S))

    def late(self, since: float) -> float:
        """The longest that the timer was late since a moment."""
        time.sleep(3 * EVERY_S)
        noted = [
            tuple(map(float, line.split())) for line in self.notes.read_text().splitlines() if line.count(" ") == 1
        ]
        return max((late for due, late in noted if due >= since), default=0.0)

    def tell(self, what: str, keys: list[str]) -> None:
        """Press keys one after the other, and print what they took."""
        begun = time.monotonic()
        taken = [self.press(key) for key in keys]
        frames, ends = [1000 * f for f, _ in taken], [1000 * e for _, e in taken]
        print(
            f"| {what} | {len(keys)} | {statistics.median(frames):.0f} | {max(frames):.0f} | "
            f"{statistics.median(ends):.0f} | {max(ends):.0f} | {1000 * self.late(begun):.0f} |", flush=True,
        )  # fmt: skip


@contextmanager
def terminal(store: Path, size: tuple[int, int]) -> Iterator[Terminal]:
    """The screen on a store, on a terminal of that many columns and lines."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes"
        command = [sys.executable, "-m", "benchmarks.screen_big", "--child", str(store), str(notes)]
        surroundings = {**environment(), "TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_STATE_HOME": folder}
        with subprocess.Popen(command, stdin=there, stdout=there, stderr=there, env=surroundings) as process:
            os.close(there)
            try:
                screen = pyte.Screen(*size)
                yield Terminal(here, notes, screen, pyte.ByteStream(screen))
            finally:
                process.kill()
                os.close(here)


def drive(store: Path, size: tuple[int, int]) -> None:
    """All that is told."""
    with terminal(store, size) as screen:
        screen.wait(LAYER)
        screen.tell("layer: the map opens", [F6, "m"])
        screen.tell("layer: enlarged", [F10])
        screen.tell("layer: pan and zoom", ROUND * 2)
        screen.tell("layer: a key held down", [RIGHT * 40, LEFT * 40, "+" * 8, "-" * 8])
        for keys in (F10, F2, f"SELECT cell, value FROM {LAYER}"):
            screen.press(keys)
        screen.tell("result: the first rows", [F5])
        screen.tell("result: to the end of 12 million rows", [F3, *[END] * 8])
        screen.tell("result: the map opens", [F4])
        screen.tell("result: enlarged", [F10])
        screen.tell("result: pan and zoom", ROUND * 2)
        screen.tell("result: a key held down", [RIGHT * 40, LEFT * 40, "+" * 8, "-" * 8])


def main() -> None:
    """Make the data, print a table of Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, help="where data is made and kept; a temporary folder unless told")
    parser.add_argument("--size", type=lambda t: tuple(map(int, t.split("x"))), default=(154, 43))
    parser.add_argument("--child", nargs=2, metavar=("STORE", "NOTES"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(*asked.child)
        return
    with tempfile.TemporaryDirectory() as temporary:
        store = layer(asked.folder or Path(temporary))
        print("| what | keys | frame: median | worst | settled: median | worst | timer late by: worst |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        drive(store, asked.size)


if __name__ == "__main__":
    main()
