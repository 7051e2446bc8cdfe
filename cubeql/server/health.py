"""Whether a server is well, and its figures: a small HTTP endpoint with an address of its own.

``/health`` is answered as long as the process is; ``/ready`` says whether statements can be sent to it; ``/metrics`` is
for Prometheus. It tells nothing of the store, its users or the machine, and asks for no token: keep it where only the
machines that look after the server reach it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import duckdb

from cubeql.errors import ConfigError, StoreError
from cubeql.server.metrics import Meters
from cubeql.server.settings import host_and_port
from cubeql.session import Session
from cubeql.storage.marker import MARKER

_LOG = logging.getLogger("cubeql.server")
_OFTEN_S = 2.0
_PATIENCE_S = 2.0
_STALE_S = 15.0
_SILENCE_S = 5.0
_AT_ONCE = 16


class Probe:
    """Looks whether the store can be read and how much memory the engine has, in a thread that may be held up.

    Args:
        house: a session of the store's keeper.
        clock: seconds that pass.
    """

    def __init__(self, house: Session, clock: Callable[[], float] = time.monotonic) -> None:
        self._house, self._clock = house, clock
        self._changed = threading.Condition()
        self._at_work = False
        self._seen_at: float | None = None
        self._well = False
        self.engine_bytes: int | None = None

    def look(self, patience_s: float = 0.0) -> bool:
        """Whether the store could be read a moment ago; looks again where that is long past.

        Args:
            patience_s: how long to wait for an answer.
        """
        with self._changed:
            if not self._at_work and (self._seen_at is None or self._clock() - self._seen_at > _OFTEN_S):
                self._at_work = True
                threading.Thread(target=self._look, name="cubeql-health", daemon=True).start()
            if patience_s:
                self._changed.wait_for(lambda: not self._at_work, patience_s)
            return self._well and self._seen_at is not None and self._clock() - self._seen_at < _STALE_S

    def _look(self) -> None:
        well, size = False, self.engine_bytes
        try:
            well = self._house.store.objects.exists(MARKER)
            size = self._house.memory_bytes()
        except (StoreError, OSError) as error:
            _LOG.warning("the store cannot be read: %s", error)
        except duckdb.Error:  # the session was closed
            well = False
        finally:
            with self._changed:
                self._well, self.engine_bytes, self._seen_at, self._at_work = well, size, self._clock(), False
                self._changed.notify_all()


class Health:
    """The endpoint, from now until :meth:`close`.

    Args:
        address: ``HOST:PORT``; port 0 takes a free one.
        probe: looks at the store.
        busy: words for why no statement can be taken for another reason, None where it can.
        meters: the figures.

    Raises:
        ConfigError: the address is taken, or none of this machine.
    """

    def __init__(self, address: str, probe: Probe, busy: Callable[[], str | None], meters: Meters) -> None:
        self._probe, self._busy, self._meters = probe, busy, meters
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        try:
            self._server = _Server(host_and_port(address), self)
        except OSError as error:
            raise ConfigError(f"metrics cannot be served at {address}: {error.strerror or error}") from None
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.1,), name="cubeql-health", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, type and content of what is asked for."""
        page = _PAGES.get(path)
        return (404, _TEXT, b"not found\n") if page is None else page(self)

    def _health(self) -> tuple[int, str, bytes]:
        return 200, _TEXT, b"ok\n"

    def _ready(self) -> tuple[int, str, bytes]:
        why = self._busy() or (None if self._probe.look(_PATIENCE_S) else "the store cannot be read")
        return (200, _TEXT, b"ready\n") if why is None else (503, _TEXT, f"{why}\n".encode())

    def _metrics(self) -> tuple[int, str, bytes]:
        self._probe.look()
        content, kind = self._meters.page()
        return 200, kind, content

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


_TEXT = "text/plain; charset=utf-8"
_PAGES: Mapping[str, Callable[[Health], tuple[int, str, bytes]]] = {
    "/health": Health._health, "/ready": Health._ready, "/metrics": Health._metrics,
}  # fmt: skip


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, place: tuple[str, int], health: Health) -> None:
        self.health = health
        if ":" in place[0]:
            import socket

            self.address_family = socket.AF_INET6
        super().__init__(place, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.health._places.acquire(blocking=False):  # who holds connections open shall not hold us up
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.health._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        _LOG.debug("a client of the health endpoint went away", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SILENCE_S
    server_version, sys_version = "CubeQL", ""
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        """Answer."""
        status, kind, content = self.server.health.answer(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_HEAD(self) -> None:
        """Answer without the content."""
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: whoever asks every few seconds would fill the log."""
