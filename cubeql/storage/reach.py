"""Which files statements may name: any that the process can, or those of some folders.

Below a folder nothing is followed that leads elsewhere: every part of a path is opened by its own name from the
descriptor of the one before, so that a link put in its place in between is not followed either.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from cubeql.errors import ConfigError
from cubeql.storage.addresses import Address, parse_address

_LONGEST = 1000
_MOST_TOLD = 100
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)  # a pipe without a writer would hold us up

Folder = Path | Address


class NotHere(OSError):  # noqa: N818
    """No file of this name can be reached; whether there is one elsewhere is not said."""


@dataclass(frozen=True, slots=True)
class Below:
    """A place in a folder; as a text it does not say where the folder is."""

    top: Folder
    parts: tuple[str, ...]

    @property
    def name(self) -> str:
        """The last part."""
        return self.parts[-1]

    @property
    def suffix(self) -> str:
        """The ending of the name, with its dot; empty where it has none."""
        return PurePosixPath(self.name).suffix

    def __str__(self) -> str:
        return "/".join(self.parts)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which files the statements of a session may name.

    Attributes:
        reads: folders of files that are read; None is anywhere, empty nowhere.
        writes: folders that copies are made in; None is anywhere, empty nowhere.
        user: whose folder in ``writes`` takes them; empty where they lie in it themselves.
        most_read: bytes of a file that is read, None for no limit.
        most_written: bytes that a statement may write, None for no limit.
    """

    reads: tuple[Folder, ...] | None = None
    writes: tuple[Folder, ...] | None = None
    user: str = ""
    most_read: int | None = None
    most_written: int | None = None

    def readable(self, written: str) -> Iterator[Below]:
        """The places that a text may mean, in the order they are looked at.

        Raises:
            NotHere: it leads out of the folders.
        """
        yield from _places(self.reads or (), written, ())

    def writable(self, written: str) -> Below:
        """The place that a text means.

        Raises:
            NotHere: it leads out of the folders, or there is none to write to.
        """
        own = (folder_of_user(self.user),) if self.user else ()
        for place in _places(self.writes or (), written, own):
            return place
        raise NotHere(written)


ANYWHERE = Reach()


def folders(written: Sequence[str] | None) -> tuple[Folder, ...] | None:
    """Folders as settings name them: local ones, or ``s3://bucket/prefix``.

    Raises:
        ConfigError: folders cannot be held on to by descriptors on this system.
        StoreError: an address is not well formed.
    """
    if written is None:
        return None
    found: list[Folder] = []
    for text in written:
        address = parse_address(text)
        if address.scheme == "file" and os.open not in os.supports_dir_fd:
            raise ConfigError("this system cannot confine files to a folder")
        found.append(Path(address.path) if address.scheme == "file" else address)
    return tuple(found)


def clipped(written: str) -> str:
    """A name as errors repeat it: in one line, and not longer than one can read."""
    told = repr(written)[1:-1]
    return told if len(told) <= _MOST_TOLD else f"{told[:_MOST_TOLD]}…"


def folder_of_user(user: str) -> str:
    """The name of a user's folder: his name without regard to case, with all that is special spelled out."""
    name = quote(user.casefold(), safe="@")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def _places(tops: tuple[Folder, ...], written: str, own: tuple[str, ...]) -> Iterator[Below]:
    if written[:5].lower() != "s3://":
        parts = own + _parts(written)
        yield from (Below(top, parts) for top in tops)
        return
    for top in tops:
        if isinstance(top, Address) and written[5:].startswith(f"{top.path}/"):
            parts = _parts(written[5 + len(top.path) + 1 :])
            if parts[: len(own)] == own and len(parts) > len(own):
                yield Below(top, parts)
                return
    raise NotHere(written)


def _parts(written: str) -> tuple[str, ...]:
    """The names on a relative path: none that goes up, is hidden, or means something to a library that reads it."""
    parts = tuple(written.split("/"))
    strange = not written.isprintable() or any(c in written for c in "\\:")
    if len(written) > _LONGEST or strange or any(not p or p.startswith(".") for p in parts):
        raise NotHere(written)
    return parts


# -------------------------------------------------------------- descriptors


def open_below(place: Below) -> int:
    """A descriptor of a regular file, for reading.

    Raises:
        NotHere: there is none, or a link leads to it.
    """
    assert isinstance(place.top, Path)
    try:
        folder = _walked(place.top, place.parts[:-1])
    except OSError:
        raise NotHere(str(place)) from None
    try:
        if not stat.S_ISREG(os.stat(place.name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise NotHere(str(place))
        flags = os.O_RDONLY | _NO_LINK | _NO_WAIT | getattr(os, "O_CLOEXEC", 0)
        file = os.open(place.name, flags, dir_fd=folder)
    except OSError:
        raise NotHere(str(place)) from None
    finally:
        os.close(folder)
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise NotHere(str(place))


def put_below(file: Path, place: Below, partial: str) -> None:
    """Move a file's content to a place in one step; folders on the way are made.

    Args:
        file: the content.
        place: where to, in a local folder.
        partial: the name it has there until it is whole.

    Raises:
        OSError: the disk refuses, or a link is in the way.
    """
    assert isinstance(place.top, Path)
    folder = _walked(place.top, place.parts[:-1], make=True)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | getattr(os, "O_CLOEXEC", 0)
        handle = os.open(partial, flags, 0o640, dir_fd=folder)
        try:
            with file.open("rb") as source, os.fdopen(handle, "wb") as target:
                while piece := source.read(2**20):
                    target.write(piece)
            if _is_folder(place.name, folder):
                raise OSError(errno.EISDIR, "it is a folder")
            os.rename(partial, place.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(partial, dir_fd=folder)
            raise
    finally:
        os.close(folder)


def _is_folder(name: str, folder: int) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _walked(top: Path, parts: tuple[str, ...], make: bool = False) -> int:
    """A descriptor of a folder below another, to which no link leads."""
    if make:
        top.mkdir(mode=0o750, parents=True, exist_ok=True)
    handle = os.open(top, _FOLDER)
    for part in parts:
        try:
            if make:
                _made(part, handle)
            below = os.open(part, _FOLDER | _NO_LINK, dir_fd=handle)
        finally:
            os.close(handle)
        handle = below
    return handle


def _made(name: str, folder: int) -> None:
    try:
        os.mkdir(name, 0o750, dir_fd=folder)
    except FileExistsError:
        return
