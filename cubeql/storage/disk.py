"""The local disk: making writes last, and cleaning up."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make names created in a folder survive a power cut (a no-op where folders cannot be opened)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_folders(*folders: Path) -> None:
    """Remove those of the folders that are empty, in the order given."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def remove_file(path: Path, top: Path) -> None:
    """Remove a file and the folders it leaves empty below ``top``; one that is gone already is no error."""
    with contextlib.suppress(OSError):
        path.unlink()
    for folder in path.parents:
        if folder == top or top not in folder.parents:
            return
        try:
            folder.rmdir()
        except OSError:
            return
