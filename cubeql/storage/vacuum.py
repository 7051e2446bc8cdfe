"""What killed writers leave behind: files no version of any layer refers to, found and removed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cubeql.errors import StoreError
from cubeql.storage.addresses import Address, local_path
from cubeql.storage.disk import remove_file
from cubeql.storage.marker import MARKER
from cubeql.storage.naming import DRAFT
from cubeql.storage.table import TableFormat

OLDER_THAN = timedelta(days=7)
"""A running write has files no version refers to yet: only older ones count as left behind."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file nothing refers to, and its size."""

    path: Path
    bytes: int


def leftovers(store: Address, tables: TableFormat, older_than: timedelta) -> Iterator[Leftover]:
    """Files of a store that no version of any layer refers to and that have not changed for some time.

    Raises:
        StoreError: a layer's log is damaged, so that its files cannot be told apart.
    """
    before = time.time() - older_than.total_seconds()
    top = local_path(store)
    for path in _unreferenced(top, store, tables):
        try:
            found = path.stat()
        except FileNotFoundError:  # its writer has finished, or cleaned up, just now
            continue
        if found.st_mtime <= before:
            yield Leftover(path, found.st_size)


def _unreferenced(top: Path, store: Address, tables: TableFormat) -> Iterator[Path]:
    yield from top.glob(f".{MARKER}-*")
    yield from (path for kind in ("views", "cells") for path in top.glob(f"{kind}/{DRAFT}*"))
    yield from _files(top / "trash")
    layers = top / "layers"
    for folder in sorted(layers.iterdir()) if layers.is_dir() else []:
        yield from (folder / "_delta_log").glob("_draft-*.tmp")
        # Listed before the log is read: a file committed in between is then in the log.
        files = list(_files(folder / "data"))
        kept = tables.every_file(store.join("layers", folder.name))
        yield from (path for path in files if path.relative_to(folder).as_posix() not in kept)


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in sorted(names))


def remove(store: Address, found: list[Leftover]) -> None:
    """Remove files left behind and the folders they leave empty.

    Raises:
        StoreError: a file cannot be removed.
    """
    top = local_path(store)
    for leftover in found:
        remove_file(leftover.path, top)
        if leftover.path.exists():
            raise StoreError(f"{leftover.path}: cannot be removed")
