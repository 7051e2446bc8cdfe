"""Processes of their own on a warm disk: ``cubeql -c`` from its start to its end, the prompt until it asks, the screen
until it lists the layers; CPU seconds of the child.

    python -m benchmarks.cold_start [STORE] [STATEMENT]
"""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.measure import Row, markdown, measure
from cubeql.session import Session

_LINES, _COLUMNS = 40, 120


@contextmanager
def served(store: str) -> Iterator[str]:
    """The store at a server in this process, whose token is in the environment; its address."""
    from cubeql.server.serving import Serving
    from cubeql.server.settings import ServerSettings

    with Session.open(store) as house:
        token, os.environ["CUBEQL_TOKEN"] = house.store.tokens.create("root", "keeper")
        serving = Serving(house, ServerSettings.of(flight={"address": "127.0.0.1:0"}))
        try:
            yield serving.address
        finally:
            serving.stop()
            house.store.tokens.revoke([token.id])


def rows(store: str, statement: str, address: str | None = None) -> list[Row]:
    """``python``, ``import cubeql``, one statement, the prompt, the screen; and on the same store at a server."""
    with Session.open(store) as session:
        layer = session.store.layer_names()[0].rpartition(".")[2]

    def run(*arguments: str) -> Callable[[], int | None]:
        def one() -> None:
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=environment())

        return one

    def until(shown: str, *arguments: str) -> Callable[[], int | None]:
        return lambda: _until(shown, [sys.executable, "-m", "cubeql", *arguments])

    return [
        Row("start/python", run("-c", "pass")),
        Row("start/libraries", run("-c", "import numpy, duckdb, pyarrow, deltalake")),
        Row("start/import cubeql", run("-c", "import cubeql")),
        Row("start/cubeql --version", run("-m", "cubeql", "--version")),
        Row("start/cubeql -c", run("-m", "cubeql", "--store", store, "-c", statement), target=0.5),
        Row("start/prompt", until("cubeql>", store)),
        Row("start/screen", until(layer, "tui", store)),
        *(() if address is None else (
            Row("start/cubeql -c at a server", run("-m", "cubeql", "--store", address, "-c", statement)),
            Row("start/prompt at a server", until("cubeql>", address)),
            Row("start/screen at a server", until(layer, "tui", address)),
        )),
    ]  # fmt: skip


def environment() -> dict[str, str]:
    """That of this process, but with compiled modules kept, as they are where CubeQL is installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _until(shown: str, command: list[str]) -> None:
    """Run a command on a terminal of its own until a text appears there, and end it.

    Raises:
        RuntimeError: it ended without.
    """
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
    terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    with subprocess.Popen(command, stdin=there, stdout=there, stderr=there, env=environment() | terminal) as process:
        os.close(there)
        seen = b""
        try:
            while shown.encode() not in seen:
                seen += os.read(here, 65536)
        except OSError as ended:
            raise RuntimeError(f"{command} ended without {shown!r}: {seen.decode(errors='replace')}") from ended
        finally:
            process.kill()
            os.close(here)


if __name__ == "__main__":
    given = sys.argv[1:]
    where = given[0] if given else os.environ.get("CUBEQL_STORE", "cubeql-store")
    what = given[1] if len(given) > 1 else "SHOW LAYERS"
    with served(where) as there:
        print(markdown(measure(rows(where, what, there), 5.0, print)))
