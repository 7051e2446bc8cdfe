"""What makes a folder a store: a small file that says so and tells the format."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from cubeql.errors import StoreError

MARKER = "cubeql-store.json"
FORMAT = 1
_TEXT = json.dumps({"format": "cubeql-store", "version": FORMAT})


def make_store(folder: Path, create: bool) -> None:
    """Make a folder a store, if that is wanted and there is nothing in it.

    Raises:
        StoreError: it holds something else, or making it was not asked for.
    """
    found = _found(folder)
    if found is not None:
        raise StoreError(
            f"{folder} is not a CubeQL store: it is {found}; give the folder of a store, or of nothing yet"
        )
    if not create:
        what = "an empty folder" if folder.exists() else "not there"
        raise StoreError(
            f"{folder} is not a CubeQL store: it is {what}; open it with create=True to make one"
        )
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{MARKER}-{uuid.uuid4().hex}"
    draft.write_text(_TEXT + "\n", encoding="utf-8")
    draft.replace(folder / MARKER)


def _found(folder: Path) -> str | None:
    """What lies where a store should be; None for nothing or an empty folder."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        return "a file"
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith(f".{MARKER}"))
    if MARKER in names:  # somebody else has made it just now
        return None
    if "_delta_log" in names:
        return "one Delta table (a layer of a store, perhaps)"
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"a folder that holds {shown}" if names else None


def check_marker(marker: Path) -> None:
    """Refuse a store this version cannot read.

    Raises:
        StoreError: the marker is damaged, or of a newer format.
    """
    try:
        written = json.loads(marker.read_text(encoding="utf-8"))
        version = int(written["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{marker}: the store's marker is damaged; it should read {_TEXT}") from error
    if version > FORMAT:
        raise StoreError(
            f"{marker}: the store has format {version}, this CubeQL knows up to {FORMAT}; update CubeQL"
        )
