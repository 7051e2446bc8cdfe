"""Which zone holds which cell, kept: in memory for the session, and in the store for the next one.

A cache file is one tile. It is written under another name and then renamed, so that a half-written one is never seen;
one that cannot be read is made again.
"""

from __future__ import annotations

import hashlib
import os
import struct
import threading
import uuid
import zlib
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import numpy as np
import pyarrow as pa

from cubeql.engine.kept import Kept
from cubeql.grid.assignment import Assignment
from cubeql.storage import Snapshot, Store
from cubeql.storage.trimming import trim
from cubeql.values.containment import Containment

if TYPE_CHECKING:
    from cubeql.grid.zoning import Zones

CACHE_BYTES = 2**30
_MEMORY_BYTES = 128 * 2**20
_MOST_LAYERS = 4
_TRIM_EVERY = 1000  # files written by a session
_FORMAT = "1"
_FOLDER = "zones"
_HEAD = struct.Struct("<4sIII?")
_MAGIC = b"CQZ1"


class LayerZones:
    """A layer of zones in memory; its polygons are read when they are first asked for.

    Attributes:
        key: names the polygons: equal for equal files of a layer.
        rows: a row a zone, ``zone`` from 1 on and the attributes.
    """

    def __init__(self, key: str, store: Store, snapshot: Snapshot) -> None:
        """Read the rows.

        Raises:
            StoreError: a file is missing or damaged.
        """
        self.key = key
        self._read = partial(store.read_zones, snapshot.layer.name, snapshot.version)
        self.rows: pa.Table = self._read(["zone", *(a.name for a in snapshot.layer.attributes)])
        self._shapes: Zones | None = None
        self._lock = threading.Lock()

    @property
    def shapes(self) -> Zones:
        """The polygons, in the order of the rows."""
        import shapely  # takes long to load, and few statements need it

        from cubeql.grid.zoning import Zones

        with self._lock:
            if self._shapes is None:
                self._shapes = Zones(shapely.from_wkb(self._read(["geometry"])["geometry"].to_numpy()))
            return self._shapes


class ZoneCache:
    """Zones and their assignments, the oldest forgotten when they grow too many.

    ``at_work`` has the zones, by key, that functions of running statements ask for; these statements keep them.
    """

    def __init__(self, memory_bytes: int = _MEMORY_BYTES) -> None:
        self._layers: Kept[str, LayerZones] = Kept(_MOST_LAYERS, lambda layer: 1)
        self._tiles: Kept[tuple[str, str, int, int], Assignment] = Kept(memory_bytes, _size)
        self._count = 0
        self.at_work: WeakValueDictionary[str, LayerZones] = WeakValueDictionary()
        self._lock = threading.Lock()

    def layer(self, store: Store, snapshot: Snapshot) -> LayerZones:
        """The zones of a layer as it was at a snapshot.

        Raises:
            StoreError: a file is missing or damaged.
        """
        key = _key(snapshot)
        known = self._layers.get(key)
        if known is not None:
            return known
        found = LayerZones(key, store, snapshot)
        self._layers.keep(key, found)
        return found

    def assignment(
        self, zones: LayerZones, tile: int, resolution: int, containment: Containment, folder: Path | None
    ) -> Assignment:
        """Which zones hold the cells of a tile; ``folder`` is the store's cache, None where it has none."""
        key = (zones.key, containment, resolution, tile)
        known = self._tiles.get(key)
        if known is not None:
            return known
        path = None
        if folder is not None:
            path = folder / _FOLDER / zones.key / f"{containment}-{resolution}" / f"{tile:015x}"
        found = None if path is None else _read(path, containment == "area")
        if found is None:
            found = zones.shapes.assign(tile, resolution, containment)
            if path is not None and folder is not None:
                _write(path, found)
                self._written(folder)
        self._tiles.keep(key, found)
        return found

    def _written(self, folder: Path) -> None:
        """Now and then make room for the files that are written."""
        with self._lock:
            self._count += 1
            due = self._count % _TRIM_EVERY == 0
        if due:
            trim_zones(folder)


def _key(snapshot: Snapshot) -> str:
    """Files never change once they are written, and no two have one name."""
    names = sorted(Path(p).name for p in snapshot.files["path"].to_pylist())
    return hashlib.sha256("|".join((_FORMAT, *names)).encode()).hexdigest()[:32]


def _size(found: Assignment) -> int:
    return found.zones.nbytes + (0 if found.fractions is None else found.fractions.nbytes) + 256


def _write(path: Path, found: Assignment) -> None:
    """Write a cache file; a disk that is full or read-only merely means no cache."""
    shares = b"" if found.fractions is None else found.fractions.tobytes()
    body = zlib.compress(found.zones.tobytes() + shares, 1)
    levels, slots = found.zones.shape
    head = _HEAD.pack(_MAGIC, zlib.crc32(body), levels, slots, found.fractions is not None)
    draft = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(head + body)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _read(path: Path, with_shares: bool) -> Assignment | None:
    """The assignment in a cache file; None where there is none that can be read."""
    try:
        text = path.read_bytes()
        magic, check, levels, slots, shared = _HEAD.unpack_from(text)
        body = text[_HEAD.size :]
        if magic != _MAGIC or zlib.crc32(body) != check or shared != with_shares:
            return None
        values = zlib.decompress(body)
        count = levels * slots
        zones = np.frombuffer(values, np.int32, count).reshape(levels, slots)
        shares = np.frombuffer(values, np.float64, count, 4 * count).reshape(levels, slots) if shared else None
        os.utime(path)  # what was used last is forgotten last
    except (OSError, ValueError, struct.error, zlib.error):
        return None
    return Assignment(zones, shares)


def trim_zones(cache: Path, limit_bytes: int = CACHE_BYTES) -> None:
    """Delete the cache files used longest ago until they fit the limit."""
    trim(cache / _FOLDER, "*/*/*", limit_bytes)
