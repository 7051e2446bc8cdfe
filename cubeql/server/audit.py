"""The audit: who asked for what, when, and what became of it; a line each, see docs/reference/audit.md.

Whoever notes something waits for no disk: one thread writes. Nothing is lost silently either. Where the disk takes
nothing, and much waits for it, no statement is begun any more until it does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cubeql.errors import ConfigError
from cubeql.server.auditfiles import Entry, Pen, forget, line_of
from cubeql.server.deeds import Deed, Origin, code_of
from cubeql.server.scrubbing import scrubbed
from cubeql.server.settings import Audit

FORMAT = 1
MOST_WAITING = 10_000
"""Entries that wait for the disk, before no statement is begun any more."""
_LONGEST_TEXT = 20_000
_SYNC_S = 1.0
_AGAIN_S = 1.0
_LOGINS_A_MINUTE = 60
_LOG = logging.getLogger("cubeql.server")


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def entry_of(deed: Deed, now: datetime, texts: bool = True) -> Entry:
    """The line of a statement; ``texts`` says whether its text is kept."""
    origin = deed.origin
    entry: Entry = {
        "format": FORMAT, "event": "statement", "time": _time(now.timestamp() - deed.seconds), "user": origin.user,
        "token": origin.token, "peer": origin.peer, "door": origin.door, "kind": deed.kind,
    }  # fmt: skip
    if texts:
        entry["text"] = scrubbed(_clipped(deed.text))
    entry |= {
        "params": dict(deed.params), "reads": dict(deed.reads), "writes": dict(deed.writes), "outcome": deed.outcome,
        "code": code_of(deed.error), "rows": deed.rows, "bytes": deed.bytes, "tiles": deed.tiles,
        "seconds": round(deed.seconds, 3),
    }  # fmt: skip
    return entry


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}… ({len(text):,} characters)"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Book:
    """The audit of one server. Safe to share between threads.

    Args:
        folder: where its files lie.
        keep_days: after which files are removed; 0 keeps all.
        rotate_bytes: at which another file is begun.
        texts: whether texts of statements are kept.
        now: the clock.

    Raises:
        ConfigError: the folder cannot be made or written.
    """

    def __init__(
        self,
        folder: Path,
        keep_days: int = 90,
        rotate_bytes: int = 64 << 20,
        texts: bool = True,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._folder, self._keep_days, self._texts, self._now = folder, keep_days, texts, now
        self._pen = Pen(folder, rotate_bytes, now)
        self._kept_for: object = None
        self._changed = threading.Condition(threading.RLock())  # what ends a stream may be the collector, at any place
        self._waiting: deque[Entry] = deque()
        self._writing = self._closed = False
        self._minute, self._logins, self._unsaid, self._lost = 0, 0, 0, 0
        self._thread = threading.Thread(target=self._work, name="cubeql-audit", daemon=True)
        self._thread.start()

    # -------------------------------------------------------------- noted

    @property
    def waiting(self) -> int:
        """How many lines wait for the disk."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether so much waits for the disk that no statement may be begun."""
        return len(self._waiting) >= MOST_WAITING

    def deed(self, deed: Deed) -> None:
        """Note a statement that has ended."""
        self._add(entry_of(deed, self._now(), self._texts))

    def login_failed(self, peer: str, user: str = "") -> None:
        """Note that somebody was not let in; of very many in a minute, how many there were."""
        with self._changed:
            self._said_minute()
            self._logins += 1
            if self._logins > _LOGINS_A_MINUTE:
                self._unsaid += 1
                return
        self._add(self._login(user, peer, 1))

    def login(self, origin: Origin) -> None:
        """Note that somebody came in."""
        self._add(self._login(origin.user, origin.peer, 1) | {"token": origin.token, "outcome": "done"})

    def _said_minute(self) -> None:
        minute = int(self._now().timestamp() // 60)
        if minute == self._minute:
            return
        unsaid, self._minute, self._logins, self._unsaid = self._unsaid, minute, 0, 0
        if unsaid:
            self._add(self._login("", "", unsaid))

    def _login(self, user: str, peer: str, count: int) -> Entry:
        return {
            "format": FORMAT, "event": "login", "time": _time(self._now().timestamp()), "user": scrubbed(user[:100]),
            "token": "", "peer": peer, "door": "flight", "outcome": "refused", "count": count,
        }  # fmt: skip

    def _add(self, entry: Entry) -> None:
        with self._changed:
            if len(self._waiting) >= 2 * MOST_WAITING:  # of statements that had begun before it was full
                self._lost += 1
                return
            self._waiting.append(entry)
            self._changed.notify_all()

    def flush(self, seconds: float = 10.0) -> bool:
        """Wait until all that was noted is written; gives whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._writing, seconds)

    def close(self, seconds: float = 10.0) -> None:
        """Write what waits, and end; what the disk does not take within some time is lost, and the log says so."""
        with self._changed:
            if self._unsaid:
                self._add(self._login("", "", self._unsaid))
                self._unsaid = 0
            self._closed = True
            self._changed.notify_all()
        self._thread.join(seconds)
        if self._waiting:
            _LOG.error("the audit cannot be written: %d lines are lost", len(self._waiting) + self._lost)

    # -------------------------------------------------------------- written

    def _work(self) -> None:
        synced = time.monotonic()
        dirty = False
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed, _SYNC_S if dirty else None)
                batch = list(self._waiting)
                closed = self._closed
                self._writing = bool(batch)
            wrote = self._write(batch) if batch else True
            dirty = dirty or (wrote and bool(batch))
            if dirty and (closed or time.monotonic() - synced >= _SYNC_S):
                self._sync()
                dirty, synced = False, time.monotonic()
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                if closed and (not self._waiting or not wrote):
                    break
                if not wrote:
                    self._changed.wait_for(lambda: self._closed, _AGAIN_S)
        self._pen.close()

    def _write(self, batch: list[Entry]) -> bool:
        try:
            self._keep()
            self._pen.write(b"".join(map(line_of, batch)))
        except OSError as error:
            _LOG.error("the audit cannot be written: %s", error.strerror or error)
            return False
        with self._changed:
            for _ in batch:
                self._waiting.popleft()
            lost, self._lost = self._lost, 0
            if lost:
                _LOG.error("the audit could not be written: %d lines are lost", lost)
                self._add({"format": FORMAT, "event": "lost", "time": _time(self._now().timestamp()), "count": lost})
        return True

    def _sync(self) -> None:
        try:
            self._pen.sync()
        except OSError as error:
            _LOG.error("the audit may not be on its disk: %s", error.strerror or error)

    def _keep(self) -> None:
        """Remove what is too old, once a day."""
        today = self._now().date()
        if self._kept_for == today:
            return
        self._kept_for = today
        try:
            forget(self._folder, self._keep_days, today)
        except (OSError, ConfigError) as error:
            _LOG.error("old files of the audit cannot be removed: %s", error)


def opened_book(settings: Audit) -> Book | None:
    """The audit that a server is told to keep; None where it is told of none.

    Raises:
        ConfigError: its folder cannot be made or written.
    """
    if settings.folder is None:
        return None
    return Book(settings.folder, settings.keep_days, settings.rotate_bytes, settings.texts)
