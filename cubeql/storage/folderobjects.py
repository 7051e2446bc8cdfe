"""Objects in a folder of a disk, or of a file system that several machines share.

An object appears by a link to a finished draft, which fails where there is one; it is changed and taken under a lock
of the folder, after a look at its tag.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from cubeql.errors import StoreError
from cubeql.storage.addresses import Address
from cubeql.storage.objects import DRAFT, Answer, Asked, Entry, Held, ObjectChanged, ObjectExists, ObjectMissing

LOCK = ".lock"


class FolderObjects:
    """:class:`~cubeql.storage.objects.Objects` in a folder."""

    options: Mapping[str, str] = {}

    def __init__(self, address: Address) -> None:
        """Objects below the folder of an address."""
        self.address = address
        self._top = Path(address.path)

    def uri(self, name: str) -> str:
        """The path of an object."""
        return f"{self.address.path}/{name}" if name else self.address.path

    def read(self, name: str) -> Held | None:
        """The content of a small object, None where there is none."""
        with _told(self._top / name, "read"):
            try:
                content = (self._top / name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return Held(content, _tag(content))

    def each(self, ask: Callable[[Asked], Answer], things: list[Asked]) -> list[Answer]:
        """One after the other: a disk answers at once."""
        return [ask(thing) for thing in things]

    def reason(self, error: BaseException, verb: str = "read") -> str:
        """Why the disk refused."""
        return str(error)

    def exists(self, name: str) -> bool:
        """Whether there is an object of a name."""
        with _told(self._top / name, "read"):
            return (self._top / name).exists()

    def create(self, name: str, content: bytes) -> str:
        """Make a small object; ObjectExists where there is one."""
        path = self._top / name
        with _told(path, "written"), self._draft(path, content) as draft:
            try:
                os.link(draft, path)
            except FileExistsError:
                raise ObjectExists(str(path)) from None
        _sync_made(path)
        return _tag(content)

    def swap(self, name: str, content: bytes, tag: str) -> str:
        """Put other content in the place of what a tag stands for."""
        path = self._top / name
        with _told(path, "written"), self._draft(path, content) as draft, self._locked():
            self._check(path, tag)
            draft.replace(path)
        _sync_made(path)
        return _tag(content)

    def take(self, name: str, tag: str) -> None:
        """Remove what a tag stands for."""
        path = self._top / name
        with _told(path, "removed"), self._locked():
            self._check(path, tag)
            path.unlink()
        _sync_made(path)
        _prune(path, self._top)

    def remove(self, names: list[str]) -> None:
        """Remove files, and the folders they leave empty."""
        for name in names:
            path = self._top / name
            with _told(path, "removed"), contextlib.suppress(FileNotFoundError):
                path.unlink()
            _prune(path, self._top)

    def entries(self, folder: str = "") -> Iterator[Entry]:
        """All files below a folder."""
        for place, _, names in os.walk(self._top / folder, onerror=_refuse):
            for name in sorted(names):
                path = Path(place, name)
                with contextlib.suppress(FileNotFoundError):  # removed just now
                    found = path.stat()
                    changed = datetime.fromtimestamp(found.st_mtime, UTC)
                    yield Entry(path.relative_to(self._top).as_posix(), found.st_size, changed)

    def children(self) -> list[str]:
        """Names in the folder."""
        with _told(self._top, "read"):
            try:
                return sorted(path.name for path in self._top.iterdir())
            except FileNotFoundError:
                return []

    def open(self, name: str) -> Any:
        """A file for reads anywhere in it."""
        path = self._top / name
        with _told(path, "read"):
            try:
                return pa.OSFile(str(path), "rb")
            except FileNotFoundError as error:
                raise ObjectMissing(f"{path}: there is no such file") from error

    def begin(self, name: str) -> NewFolderObject:
        """Begin a file."""
        return NewFolderObject(self._top / name, self._top)

    @contextlib.contextmanager
    def _draft(self, path: Path, content: bytes) -> Iterator[Path]:
        draft = path.with_name(f"{DRAFT}{uuid.uuid4().hex}")
        try:
            with _in_folder(draft, lambda: draft.open("xb")) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            yield draft
        finally:
            draft.unlink(missing_ok=True)
            _prune(draft, self._top)

    def _check(self, path: Path, tag: str) -> None:
        try:
            if _tag(path.read_bytes()) == tag:
                return
        except (FileNotFoundError, NotADirectoryError):
            pass
        raise ObjectChanged(str(path))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Nobody else, in any process, changes an object of this folder meanwhile."""
        # Never removed: of two who make and lock it anew, each could have a file of his own.
        place = self._top / LOCK
        try:
            handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o666)
        except PermissionError:  # another's, in a shared folder; to lock it is enough to read it, but over NFS
            handle = os.open(place, os.O_RDONLY)
        try:
            _lock(handle)
            yield
        finally:
            os.close(handle)  # gives it back


class NewFolderObject:
    """A file being written, under its own name: nothing refers to it before it is whole."""

    def __init__(self, path: Path, top: Path) -> None:
        """Begin the file."""
        self._path, self._top = path, top
        self.place = str(path)
        with _told(path, "written"):
            self.file: BinaryIO = _in_folder(path, lambda: path.open("xb"))

    def finish(self) -> int:
        """Wait until it is on the disk."""
        with _told(self._path, "written"):
            self.file.flush()
            os.fsync(self.file.fileno())
            size = self.file.tell()
            self.file.close()
            _sync_folder(self._path.parent)
        return size

    def discard(self) -> None:
        """Remove it."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self._path.unlink()
        _prune(self._path, self._top)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)


def _tag(content: bytes) -> str:
    # Of the content: inodes and times come again within one tick of the clock.
    return blake2b(content, digest_size=16).hexdigest()


def _in_folder(path: Path, make: Callable[[], BinaryIO]) -> BinaryIO:
    for _ in range(100):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Another that cleans up may remove the folder while it is still empty.
        with contextlib.suppress(FileNotFoundError):
            return make()
    raise FileNotFoundError(errno.ENOENT, "its folder is removed again and again", str(path))


def _sync_made(path: Path) -> None:
    # The object is there for all to see: nothing may fail any more.
    with contextlib.suppress(OSError):
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make names in a folder survive a power cut (a no-op where folders cannot be opened)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(path: Path, top: Path) -> None:
    """Remove the folders above a path that are empty, below ``top``."""
    for folder in path.parents:
        if folder == top or top not in folder.parents:
            return
        try:
            folder.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise StoreError(f"{error.filename}: cannot be read: {error.strerror}") from error


@contextlib.contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path}: cannot be {what}: {error.strerror or error}") from error
