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
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from cubeql.grid.zoning import Assignment, Zones
from cubeql.storage import Snapshot, Store
from cubeql.values.containment import Containment

CACHE_BYTES = 2**30
_MEMORY_BYTES = 128 * 2**20
_MOST_LAYERS = 4
_FORMAT = "1"
_FOLDER = "zones"
_HEAD = struct.Struct("<4sIII?")
_MAGIC = b"CQZ1"


@dataclass(frozen=True, slots=True)
class LayerZones:
    """A layer of zones in memory.

    Attributes:
        key: names the polygons: equal for equal files of a layer.
        rows: a row a zone, ``zone`` from 1 on and the attributes.
        shapes: the polygons, in the same order.
    """

    key: str
    rows: pa.Table
    shapes: Zones


class ZoneCache:
    """Zones and their assignments, the oldest forgotten when they grow too many."""

    def __init__(self, memory_bytes: int = _MEMORY_BYTES) -> None:
        self._layers: OrderedDict[str, LayerZones] = OrderedDict()
        self._tiles: OrderedDict[tuple[str, str, int, int], Assignment] = OrderedDict()
        self._bytes = 0
        self._most = memory_bytes
        self._lock = threading.Lock()

    def layer(self, store: Store, snapshot: Snapshot) -> LayerZones:
        """The zones of a layer as it was at a snapshot.

        Raises:
            StoreError: a file is missing or damaged.
        """
        key = _key(snapshot)
        with self._lock:
            if key in self._layers:
                self._layers.move_to_end(key)
                return self._layers[key]
        names = [a.name for a in snapshot.layer.attributes]
        rows = store.read_zones(snapshot.layer.name, snapshot.version, ["zone", *names, "geometry"])
        shapes = Zones(shapely.from_wkb(rows["geometry"].to_numpy()))
        found = LayerZones(key, rows.drop_columns(["geometry"]), shapes)
        with self._lock:
            self._layers[key] = found
            while len(self._layers) > _MOST_LAYERS:
                self._layers.popitem(last=False)
        return found

    def assignment(
        self, zones: LayerZones, tile: int, resolution: int, containment: Containment, folder: Path
    ) -> Assignment:
        """Which zones hold the cells of a tile; ``folder`` is the store's cache."""
        key = (zones.key, containment, resolution, tile)
        with self._lock:
            if key in self._tiles:
                self._tiles.move_to_end(key)
                return self._tiles[key]
        path = folder / _FOLDER / zones.key / f"{containment}-{resolution}" / f"{tile:015x}"
        found = _read(path, containment == "area")
        if found is None:
            found = zones.shapes.assign(tile, resolution, containment)
            _write(path, found)
        with self._lock:
            self._keep(key, found)
        return found

    def _keep(self, key: tuple[str, str, int, int], found: Assignment) -> None:
        if key not in self._tiles:
            self._tiles[key] = found
            self._bytes += _size(found)
        while self._bytes > self._most and len(self._tiles) > 1:
            _, old = self._tiles.popitem(last=False)
            self._bytes -= _size(old)


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


def trim_zones(cache: Path, limit_bytes: int = CACHE_BYTES, check: Callable[[], None] = lambda: None) -> None:
    """Delete the cache files used longest ago until they fit the limit."""
    found = []
    for path in (cache / _FOLDER).glob("*/*/*"):
        check()
        try:
            stat = path.stat()
        except OSError:
            continue
        found.append((stat.st_mtime, stat.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= limit_bytes:
            return
        path.unlink(missing_ok=True)
        total -= size
