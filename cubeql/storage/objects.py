"""The seam to a medium: the bytes below one address, on a disk or on S3 alike.

Everything a store keeps is an object with a name relative to the store's address. Objects come whole or not at all, are
never changed in place, and of several that want to make or change one at the same moment exactly one does: nothing
above this page needs a lock.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol, TypeVar

from cubeql.errors import StoreError
from cubeql.storage.addresses import Address

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

DRAFT = ".draft-"
"""How the last part of a name begins where a killed process has left half an object."""


class ObjectExists(Exception):  # noqa: N818
    """There is an object of this name already."""


class ObjectChanged(Exception):  # noqa: N818
    """The object is not what it was when it was read: another has changed or removed it."""


class ObjectMissing(StoreError):  # noqa: N818
    """There is no object of this name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An object as a list shows it.

    Attributes:
        name: relative to the address, with ``/``.
        bytes: its size.
        changed: when it was last written (UTC).
        tag: of its content; empty where a list does not tell it.
    """

    name: str
    bytes: int
    changed: datetime
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """The content of an object, and the tag that stands for it."""

    content: bytes
    tag: str


class NewObject(Protocol):
    """An object being written; nobody counts on it before :meth:`finish`.

    Attributes:
        file: what to write to.
        place: where that is, for errors.
    """

    file: BinaryIO
    place: str

    def finish(self) -> int:
        """Make it last; gives its size."""
        ...

    def discard(self) -> None:
        """Leave nothing of it."""
        ...


class Objects(Protocol):
    """The objects below one address. Safe to share between threads.

    Every method raises StoreError, with the address and the reason, where the medium refuses.
    """

    address: Address

    def uri(self, name: str) -> str:
        """The name as DuckDB and Delta read it; ``""`` stands for the address itself."""
        ...

    @property
    def options(self) -> Mapping[str, str]:
        """What ``deltalake`` must be told to read there."""
        ...

    def read(self, name: str) -> Held | None:
        """The content of a small object, None where there is none."""
        ...

    def each(self, ask: Callable[[Asked], Answer], things: list[Asked]) -> list[Answer]:
        """The answer for each of several things; asked at once where each answer is waited for."""
        ...

    def reason(self, error: BaseException, verb: str = "read") -> str:
        """Why the medium refused what another library asked of it; never with a secret."""
        ...

    def exists(self, name: str) -> bool:
        """Whether there is an object of a name."""
        ...

    def create(self, name: str, content: bytes) -> str:
        """Make a small object; gives its tag.

        Raises:
            ObjectExists: there is one of this name, which is as it was.
        """
        ...

    def swap(self, name: str, content: bytes, tag: str) -> str:
        """Put other content in the place of what a tag stands for; gives the new tag.

        Raises:
            ObjectChanged: it is not there any more, or another.
        """
        ...

    def take(self, name: str, tag: str) -> None:
        """Remove what a tag stands for; of several that try, one does.

        Raises:
            ObjectChanged: it is not there any more, or another.
        """
        ...

    def remove(self, names: list[str]) -> None:
        """Remove objects, be they there or not."""
        ...

    def entries(self, folder: str = "") -> Iterator[Entry]:
        """All objects below a folder, at any depth."""
        ...

    def children(self) -> list[str]:
        """First parts of the names that there are, sorted, at least the first few."""
        ...

    def open(self, name: str) -> Any:
        """An object for reads anywhere in it, as pyarrow takes it.

        Raises:
            ObjectMissing: there is none.
        """
        ...

    def begin(self, name: str) -> NewObject:
        """Begin an object of any size under a name nobody else has."""
        ...


def clear(objects: Objects, folder: str) -> None:
    """Remove what lies below a folder, as far as the medium lets; ``vacuum`` finds the rest."""
    with contextlib.suppress(StoreError):
        objects.remove([entry.name for entry in objects.entries(folder)])
