"""True area and centre of every cell of a tile, as arrays; kept for the session, since tiles come back."""

from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.engine.running import Running
from cubeql.grid.cells import slot_areas_km2, slot_centers

_MOST_VALUES = 16_000_000


class GeometryCache:
    """Arrays by (what, tile, resolution), the oldest forgotten when they grow too many (128 MB)."""

    def __init__(self) -> None:
        self._arrays: OrderedDict[tuple[str, int, int], NDArray[np.float64]] = OrderedDict()
        self._values = 0
        self._lock = threading.Lock()

    def table(self, tiles: NDArray[np.int64], resolution: int, columns: tuple[str, ...], running: Running) -> pa.Table:
        """A row a tile: ``tile``, and an array a column (``area`` km², ``lon``, ``lat``), NULL where there is none."""
        arrays: dict[str, list[NDArray[np.float64]]] = {c: [] for c in columns}
        for tile in tiles.tolist():
            running.check()
            for column in columns:
                arrays[column].append(self._get(column, tile, resolution))
        return pa.table({"tile": pa.array(tiles, pa.int64())} | {c: _lists(a) for c, a in arrays.items()})

    def _get(self, column: str, tile: int, resolution: int) -> NDArray[np.float64]:
        key = (column, tile, resolution)
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
                return self._arrays[key]
        made = {"area": slot_areas_km2(tile, resolution)} if column == "area" else _centers(tile, resolution)
        with self._lock:
            for name, array in made.items():
                self._keep((name, tile, resolution), array)
        return made[column]

    def _keep(self, key: tuple[str, int, int], array: NDArray[np.float64]) -> None:
        if key not in self._arrays:
            self._arrays[key] = array
            self._values += array.size
        while self._values > _MOST_VALUES and len(self._arrays) > 1:
            _, old = self._arrays.popitem(last=False)
            self._values -= old.size


def _centers(tile: int, resolution: int) -> dict[str, NDArray[np.float64]]:
    lon, lat = slot_centers(tile, resolution)
    return {"lon": lon, "lat": lat}


def _lists(arrays: list[NDArray[np.float64]]) -> pa.Array:
    if not arrays:
        return pa.array([], pa.list_(pa.float64()))
    size = arrays[0].size
    values = pa.array(np.concatenate(arrays), from_pandas=True)
    return pa.ListArray.from_arrays(pa.array(np.arange(len(arrays) + 1) * size, pa.int32()), values)
