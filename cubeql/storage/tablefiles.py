"""The files of one table, by the names its log knows them by."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from cubeql.errors import StoreError
from cubeql.storage.objects import NewObject, Objects


class TableFiles:
    """Files in a folder of a store."""

    def __init__(self, objects: Objects, folder: str) -> None:
        """The files of the table in a folder."""
        self._objects, self._folder = objects, folder

    def uri(self, name: str) -> str:
        """A file as DuckDB reads it."""
        return self._objects.uri(f"{self._folder}/{name}")

    def open(self, name: str) -> Any:
        """A file for reads anywhere in it.

        Raises:
            ObjectMissing: there is none.
        """
        return self._objects.open(f"{self._folder}/{name}")

    def begin(self, name: str) -> NewObject:
        """Begin a file."""
        return self._objects.begin(f"{self._folder}/{name}")

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, as far as the medium lets; ``vacuum`` finds the rest."""
        with contextlib.suppress(StoreError):
            self._objects.remove([f"{self._folder}/{name}" for name in names])
