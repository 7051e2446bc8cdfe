"""An S3 server of the stress's own, killed (SIGKILL) and started again on the same data while processes use it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.s3 import BUCKET, S3Server


@dataclass(slots=True)
class Restarts:
    """Restarts a server every so many seconds.

    Attributes:
        server: it.
        every_s: seconds between two restarts; 0 for none.
        count: how often it was restarted.
    """

    server: S3Server
    every_s: float
    count: int = 0
    _last: float = 0.0

    def __call__(self) -> None:
        """Restart it if it is time to."""
        now = time.monotonic()
        self._last = self._last or now
        if not self.every_s or now - self._last < self.every_s:
            time.sleep(0.2)
            return
        self.server.kill()
        time.sleep(1)  # time for requests to meet nobody
        self.server.start()
        self.count += 1
        self._last = time.monotonic()


@contextmanager
def s3_server(folder: Path, every_s: float) -> Iterator[tuple[str, Restarts]]:
    """A server, the address of a store to make on it, and what restarts it; processes started meanwhile use its key."""
    folder.mkdir()
    server = S3Server(folder).start()
    before = dict(os.environ)
    os.environ.update(server.environment())
    try:
        yield f"s3://{BUCKET}/stress/store", Restarts(server, every_s)
    finally:
        server.stop()
        os.environ.clear()
        os.environ.update(before)
