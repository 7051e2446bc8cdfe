"""True area and centre of every cell of a tile, as arrays; kept for the session, since tiles come back."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.engine.kept import Kept
from cubeql.engine.running import Running
from cubeql.grid.cells import slot_areas_km2, slot_centers

_MOST_VALUES = 16_000_000


class GeometryCache:
    """Arrays by (what, tile, resolution), the oldest forgotten when they grow too many (128 MB)."""

    def __init__(self) -> None:
        self._arrays: Kept[tuple[str, int, int], NDArray[np.float64]] = Kept(_MOST_VALUES, lambda array: array.size)

    def table(self, tiles: NDArray[np.int64], resolution: int, columns: tuple[str, ...], running: Running) -> pa.Table:
        """A row a tile: ``tile``, and an array a column (``area`` km², ``lon``, ``lat``), NULL where there is none."""
        arrays: dict[str, list[NDArray[np.float64]]] = {c: [] for c in columns}
        for tile in tiles.tolist():
            running.check()
            for column in columns:
                arrays[column].append(self._get(column, tile, resolution))
        return pa.table({"tile": pa.array(tiles, pa.int64())} | {c: _lists(a) for c, a in arrays.items()})

    def _get(self, column: str, tile: int, resolution: int) -> NDArray[np.float64]:
        known = self._arrays.get((column, tile, resolution))
        if known is not None:
            return known
        made = {"area": slot_areas_km2(tile, resolution)} if column == "area" else _centers(tile, resolution)
        for name, array in made.items():
            self._arrays.keep((name, tile, resolution), array)
        return made[column]


def _centers(tile: int, resolution: int) -> dict[str, NDArray[np.float64]]:
    lon, lat = slot_centers(tile, resolution)
    return {"lon": lon, "lat": lat}


def _lists(arrays: list[NDArray[np.float64]]) -> pa.Array:
    if not arrays:
        return pa.array([], pa.list_(pa.float64()))
    size = arrays[0].size
    values = pa.array(np.concatenate(arrays), from_pandas=True)
    return pa.ListArray.from_arrays(pa.array(np.arange(len(arrays) + 1) * size, pa.int32()), values)
