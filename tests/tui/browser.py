"""The page of the screen in a real browser: what it is sent, read by a terminal, and what it draws."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import pyte
from rasterio.io import MemoryFile

from tests.docs.blocks import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
COLUMNS, LINES = 200, 60


def start(store: Path, *words: str) -> tuple[subprocess.Popen[str], str]:
    """Serve the page; the process, and the address it prints."""
    command = [sys.executable, "-m", "cubeql", "tui", str(store), "--web", *words]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tui'}"}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert server.stdout is not None
    return server, server.stdout.readline().strip()


@contextmanager
def served(store: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The page for the time of a test."""
    server, address = start(store)
    try:
        yield server, address
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
        server.communicate(timeout=30)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    """Whether a process is there and no mere name in the table."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(holds: Callable[[], Any], pause: Callable[[float], None] = time.sleep) -> None:
    """Wait until something holds."""
    for _ in range(200):
        if holds():
            return
        pause(0.1)
    raise AssertionError("what was waited for did not come")


class Visitor:
    """A page of a browser on the screen.

    Args:
        context: of the browser; two contexts are two people.
        address: with its key.
    """

    def __init__(self, context: Any, address: str) -> None:
        self.page = context.new_page()
        self.asked: list[str] = []
        self._terminal = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._terminal)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._take))
        self.page.goto(address)

    def _take(self, sent: Any) -> None:
        if isinstance(sent, bytes):
            self._stream.feed(sent)

    @property
    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(self._terminal.display)

    def until(self, *texts: str) -> None:
        """Wait until the screen shows them."""
        try:
            wait_for(lambda: all(text in self.text for text in texts), lambda s: self.page.wait_for_timeout(s * 1000))
        except AssertionError:
            raise AssertionError(f"{texts} did not come:\n{self.text}") from None

    def press(self, *keys: str) -> None:
        """Press keys, as Playwright names them."""
        for key in keys:
            self.page.keyboard.press(key)

    def colours(self) -> set[tuple[int, int, int]]:
        """The colours that the page draws."""
        with catch_warnings(), MemoryFile(self.page.screenshot()) as picture:
            simplefilter("ignore")  # a picture of a page lies nowhere on the earth
            bands = picture.open()
            red, green, blue = bands.read((1, 2, 3)).astype(np.uint32)
        found = np.unique(red << 16 | green << 8 | blue).tolist()
        return {(colour >> 16, colour >> 8 & 255, colour & 255) for colour in found}
