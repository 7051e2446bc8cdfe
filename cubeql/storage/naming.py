"""Names are given one at a time: layers, views and sets of cells share them, each in a folder of its own.

Whoever makes or renames one holds the store's lock while it looks whether the name is free and takes it. What has the
name already is never touched under it: readers need no lock.
"""

from __future__ import annotations

import contextlib
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

from cubeql.errors import StoreError
from cubeql.storage.addresses import Address, local_path
from cubeql.storage.disk import sync_folder
from cubeql.storage.marker import MARKER
from cubeql.storage.names import folder_of

DRAFT = ".draft-"


@contextlib.contextmanager
def holding_names(store: Address) -> Iterator[None]:
    """Nobody else, in any process, gives a name of this store meanwhile."""
    place = local_path(store) / MARKER  # every store has one, and nobody changes it
    try:
        file = place.open("r+b")
    except OSError as error:
        raise StoreError(f"{place}: the store cannot be written: {error.strerror}") from error
    with file:
        _lock(file.fileno())  # closing the file gives it back
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, 1 << 30, os.SEEK_SET)  # a locked byte cannot be read, so one that is not there
        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)


@contextlib.contextmanager
def publishing(target: Path) -> Iterator[Path]:
    """A draft to be written that takes its name when all is there, in the place of what has it; else it is removed.

    Raises:
        StoreError: the disk refuses.
    """
    draft = target.with_name(f"{DRAFT}{uuid.uuid4().hex}")
    try:
        target.parent.mkdir(exist_ok=True)
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise StoreError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)


def names_in(folder: Path, ending: str) -> list[str]:
    """The file names of a folder that have an ending, without it, sorted; none where there is no folder."""
    try:
        found = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{folder}: cannot be read: {error.strerror}") from error
    return sorted(n.removesuffix(ending) for n in found if n.endswith(ending) and not n.startswith("."))


class NamedFiles:
    """Things that a store keeps by name, a file each in one folder.

    Args:
        store: the store.
        folder: of the files, below it.
        ending: of their names.
        what: such a thing in an error, with its article.
    """

    def __init__(self, store: Address, folder: str, ending: str, what: str) -> None:
        self._folder = local_path(store) / folder
        self._ending = ending
        self._what = what

    def names(self) -> list[str]:
        """File names without their ending, sorted."""
        return names_in(self._folder, self._ending)

    def file(self, name: str) -> Path:
        """The file of a name (a well-formed one), be there one or not."""
        return self._folder / f"{folder_of(name)}{self._ending}"

    def exists(self, name: str) -> bool:
        """Whether there is one of this name, readable or not."""
        return self.file(name).exists()

    def drop(self, name: str) -> bool:
        """Remove the one of a name; gives whether there was one.

        Raises:
            StoreError: the disk refuses.
        """
        place = self.file(name)
        try:
            place.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(f"{place}: {self._what} cannot be dropped: {error.strerror}") from error
        return True
