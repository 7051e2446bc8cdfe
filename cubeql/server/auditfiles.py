"""The files of the audit: a JSON object a line, written by one server each, and erased from while it writes.

A file is begun anew by each server that starts, each day (UTC), and when it is large: no two servers write to one, and
a half line that a killed server left is the last of its file for ever. Who writes to a file or puts another in its
place holds its lock, and a server looks whether its file is still the one of that name before it writes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from cubeql.errors import ConfigError, StoreError

try:
    import fcntl
except ImportError:  # on Windows a file cannot be replaced while it is open, and nothing is lost either
    fcntl = None  # type: ignore[assignment]

Entry = dict[str, Any]
_NAME = re.compile(r"audit-(\d{8})T\d{6}Z-[0-9a-f]{8}\.jsonl")
_DRAFT = ".erasing-"
_DAY = timedelta(days=1)


def files_in(folder: Path) -> list[Path]:
    """The files of a folder, the oldest first.

    Raises:
        ConfigError: it is no folder that can be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except OSError as error:
        raise ConfigError(f"{folder}: the audit cannot be read: {error.strerror}") from None


def day_of(file: Path) -> date:
    """The day on which a file was begun."""
    found = _NAME.fullmatch(file.name)
    assert found is not None
    return datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC).date()


# -------------------------------------------------------------- written


class Pen:
    """Appends lines to files of a folder; for one thread.

    Args:
        folder: where; made, for nobody else, if it is not there.
        rotate_bytes: at which another file is begun.
        now: the clock.

    Raises:
        ConfigError: the folder cannot be made or written.
    """

    def __init__(self, folder: Path, rotate_bytes: int, now: Callable[[], datetime]) -> None:
        self._folder, self._most, self._now = folder, rotate_bytes, now
        self._file: BinaryIO | None = None
        self._path = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._begin()
        except OSError as error:
            raise ConfigError(f"{folder}: the audit cannot be written: {error.strerror}") from None

    def write(self, lines: bytes) -> None:
        """Append whole lines.

        Raises:
            OSError: the disk refuses; of what was written a half line may be there.
        """
        file = self._locked()
        try:
            before = file.seek(0, os.SEEK_END)
            try:
                left = memoryview(lines)
                while left:
                    left = left[file.write(left) :]
            except OSError:
                with contextlib.suppress(OSError):
                    file.truncate(before)
                raise
        finally:
            _unlock(file)

    def sync(self) -> None:
        """Have what was written outlive a power cut."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file; one without a line is taken away."""
        if self._file is None:
            return
        file, self._file = self._file, None
        with file:
            if not os.fstat(file.fileno()).st_size:
                self._path.unlink(missing_ok=True)

    def _locked(self) -> BinaryIO:
        """The file to write to, locked, and of its name at this moment."""
        while True:
            if self._file is None or self._is_over(self._file):
                self.close()
                self._begin()
            file = self._file
            assert file is not None
            _lock(file)
            if _is_at(file, self._path):
                return file
            _unlock(file)
            self.close()

    def _is_over(self, file: BinaryIO) -> bool:
        return self._now().date() != day_of(self._path) or os.fstat(file.fileno()).st_size >= self._most

    def _begin(self) -> None:
        name = f"audit-{self._now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.jsonl"
        path = self._folder / name
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o600)
        self._file, self._path = os.fdopen(handle, "ab", buffering=0), path


def forget(folder: Path, keep_days: int, today: date) -> int:
    """Remove files begun more than so many days ago; 0 keeps all. Gives how many were removed."""
    old = [f for f in files_in(folder) if keep_days and today - day_of(f) > keep_days * _DAY]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


# -------------------------------------------------------------- read


def entries_of(file: Path) -> Iterator[Entry]:
    """The entries of a file; a half line, and one that is none of ours, is passed over."""
    try:
        with file.open("rb") as lines:
            for line in lines:
                entry = _entry(line)
                if entry is not None:
                    yield entry
    except FileNotFoundError:  # removed just now
        return


def _entry(line: bytes) -> Entry | None:
    try:
        found = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def line_of(entry: Entry) -> bytes:
    """An entry as a line."""
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"), default=str).encode("utf-8", "replace") + b"\n"


# -------------------------------------------------------------- erased


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased.

    Attributes:
        files: that were looked through.
        lines: of the user, removed.
        mentions: lines of others, in which the user's name was replaced.
    """

    files: int = 0
    lines: int = 0
    mentions: int = 0


def erase(folder: Path, user: str) -> Erased:
    """Remove a user's lines from all files, and his name from lines of others; servers may go on writing.

    Each file is before or after it whole; run again it completes what was cut off.

    Raises:
        ConfigError: it is no folder that can be read.
        StoreError: a file cannot be written.
    """
    for draft in folder.glob(f"{_DRAFT}*"):
        draft.unlink(missing_ok=True)
    files, lines, mentions = 0, 0, 0
    for file in files_in(folder):
        try:
            found = _erase(file, user)
        except OSError as error:
            raise StoreError(f"{file}: cannot be erased from: {error.strerror}") from None
        files, lines, mentions = files + found.files, lines + found.lines, mentions + found.mentions
    return Erased(files, lines, mentions)


def _erase(path: Path, user: str) -> Erased:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return Erased()
    with file:
        _lock(file)
        if not _is_at(file, path):  # another has erased from it meanwhile
            _unlock(file)
            return _erase(path, user)
        kept, lines, mentions = _without(file, user)
        if lines or mentions:
            _replace(path, kept)
        return Erased(1, lines, mentions)


def _replace(path: Path, content: list[bytes]) -> None:
    draft = path.with_name(f"{_DRAFT}{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            target.writelines(content)
            target.flush()
            os.fsync(target.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _without(file: BinaryIO, user: str) -> tuple[list[bytes], int, int]:
    """The lines that stay, how many went, and in how many the name was replaced."""
    kept: list[bytes] = []
    lines = mentions = 0
    mention = _mentions(user)
    for line in file:
        entry = _entry(line)
        if entry is None:
            half = _may_be_of(line, user)
            lines += half
            kept += [] if half else [line]
            continue
        if str(entry.get("user", "")).casefold() == user.casefold():
            lines += 1
            continue
        other = _masked(entry, mention[entry.get("kind") in ("grant", "revoke")])
        mentions += other != entry
        kept.append(line if other == entry else line_of(other))
    return kept, lines, mentions


ERASED = "erased"
"""What stands where the name of an erased user stood."""


def _mentions(user: str) -> dict[bool, re.Pattern[str]]:
    """A user's name as one that owns something (``anna.ndvi``), and where rights are given also as who gets them."""
    owner = rf'(?<![\w.])"?{re.escape(user)}"?(?=\s*\.)'
    grantee = rf'(?<=\bTO )"?{re.escape(user)}\b"?|(?<=\bFROM )"?{re.escape(user)}\b"?'
    return {False: re.compile(owner, re.I), True: re.compile(f"{owner}|{grantee}", re.I)}


def _masked(value: Any, mention: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return mention.sub(ERASED, value)
    if isinstance(value, list):
        return [_masked(v, mention) for v in value]
    if isinstance(value, dict):
        return {_masked(k, mention): _masked(v, mention) for k, v in value.items()}
    return value


def _may_be_of(line: bytes, user: str) -> bool:
    """Whether a half line may be a user's."""
    return user.casefold() in line.decode("utf-8", "replace").casefold()


# -------------------------------------------------------------- locks


def _lock(file: BinaryIO) -> None:
    if fcntl is not None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)


def _unlock(file: BinaryIO) -> None:
    if fcntl is not None:
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
