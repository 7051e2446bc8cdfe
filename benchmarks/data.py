"""Layers made from a seed: smooth fields with noise, clouds and swath edges, written through the store's own door.

Resolution 9 in tiles of resolution 4 (16,807 cells). A cell's value depends on its place and date alone, so that any
size of the data holds the same values.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from benchmarks import places
from cubeql.catalog import Band, Layer, TimeAxis
from cubeql.storage import Store, TileBlock
from cubeql.values.cells import parent

DEPTH = 5
CELLS = 7**DEPTH
DATES = 8
_FIRST = np.datetime64("2024-03-01T10:00:00", "us")
_STEP = np.timedelta64(10, "D")

NDVI = Band("ndvi", "int16", scale=0.0001)
TEMPERATURE = Band("t", "float32", unit="degC")
HEIGHT = Band("elevation", "int16", unit="m")
RAIN = Band("rain", "float32", unit="mm")


@dataclass(frozen=True)
class Data:
    """A folder of layers, and what was made of them for others to read.

    Attributes:
        folder: of the store.
        tiles: number of tiles of resolution 4.
        cells: number of cells of one date.
    """

    folder: Path
    tiles: int

    @property
    def cells(self) -> int:
        """Cells of one date."""
        return self.tiles * CELLS

    def files(self, layer: str) -> list[str]:
        """Paths of a layer's files."""
        return Store.open(self.folder / "store").snapshot(layer).files["path"].to_pylist()

    def exploded(self, layer: str) -> str:
        """Path of the layer as one row a cell: ``tile, slot, time, v``, rows without a value left out."""
        return str(self.folder / f"{layer}.rows.parquet")


def make(folder: Path, cells: int) -> Data:
    """The data of about so many cells in all dates of one layer; made once, then found."""
    data = Data(folder, max(7, round(cells / (CELLS * DATES))))
    done = folder / "done.json"
    if done.exists() and json.loads(done.read_text()) == {"tiles": data.tiles, "form": 2}:
        return data
    if folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder} holds something else; remove it, or name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    store = Store.open(folder / "store", create=True)
    tiles = np.sort(np.array(places.tiles(data.tiles), np.int64))
    for layer, resolution, dates in _LAYERS:
        _write(store, layer, resolution, dates, tiles)
    for name in ("ndvi", "temp"):
        _explode(data, name)
    done.write_text(json.dumps({"tiles": data.tiles, "form": 2}))
    return data


def _layer(name: str, resolution: int, *bands: Band, timed: bool = True) -> Layer:
    return Layer(name, resolution, bands, time=TimeAxis() if timed else None)


SCL = Band("scl", "int8", kind="categorical", classes=((3, "shadow"), (4, "vegetation"), (5, "bare"), (9, "cloud")))
RED, NIR = Band("red", "int16", scale=0.0001), Band("nir", "int16", scale=0.0001)

# name and bands, resolution, dates
_LAYERS: tuple[tuple[Layer, int, int], ...] = (
    (_layer("ndvi", 9, NDVI), 9, DATES),
    (_layer("temp", 9, TEMPERATURE), 9, DATES),
    (_layer("scene", 9, RED, NIR, SCL), 9, DATES),
    (_layer("dem", 9, HEIGHT, timed=False), 9, 1),
    (_layer("rain", 7, RAIN), 7, DATES),
    (_layer("climate", 3, RAIN), 3, DATES),
    (_layer("plots", 8, HEIGHT, timed=False), 8, 1),
    (_layer("fields", 7, HEIGHT, timed=False), 7, 1),
)


def _write(store: Store, layer: Layer, resolution: int, dates: int, tiles: NDArray[np.int64]) -> None:
    own = max(0, resolution - DEPTH)
    wanted = np.unique(parent(tiles, own)) if own < 4 else tiles
    with store.write(layer, mode="create") as write:
        for tile in wanted.tolist():
            for date in range(dates):
                time = _FIRST + date * _STEP if layer.time is not None else None
                bands = {b.name: _values(b, tile, date, resolution - own) for b in layer.bands}
                write.add(TileBlock(tile, time, None, (), bands))


def _values(band: Band, tile: int, date: int, depth: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    count = 7**depth
    random = np.random.default_rng([tile & 0xFFFFFFFF, tile >> 32, date, len(band.name)])
    field = np.zeros(1)
    for level in range(depth):
        field = np.repeat(field, 7) + random.normal(0, 1 / (level + 1), 7 ** (level + 1))
    field = field / 3
    valid = np.ones(count, bool)
    if band.name in ("ndvi", "red", "nir", "scl"):
        valid = _seen(tile, date, count)
    if band.name == "scl":
        codes = np.array([4, 5, 9, 3], np.int8)[np.clip((field + 1.2) / 0.8, 0, 3).astype(int)]
        return codes, valid
    if band.storage == "int16":
        top = {"elevation": 900.0}.get(band.name, 3500.0)
        values = np.clip(top / 3 * field + top * 1.2, 0, 10_000)
        return values.astype(np.int16), valid
    return (field * 8 + 12 + date).astype(np.float32), valid


def _seen(tile: int, date: int, count: int) -> NDArray[np.bool_]:
    """Half of the rows are whole, a quarter has clouds, a quarter the edge of a swath."""
    random = np.random.default_rng([tile & 0xFFFFFFFF, tile >> 32, date, 99])
    kind = random.random()
    if kind < 0.5:
        return np.ones(count, bool)
    blocks = random.random(count // 49 + 1) > (0.3 if kind < 0.75 else 0.6)
    return np.repeat(blocks, 49)[:count]


def _explode(data: Data, layer: str) -> None:
    """The same cells as plain rows, as a store without tiles would hold them."""
    band = {"ndvi": "ndvi", "temp": "t"}[layer]
    listed = ", ".join(f"'{p}'" for p in data.files(layer))
    cells = f"unnest(range({CELLS}))::INTEGER AS slot, unnest({band}) AS v"
    inner = f"SELECT tile, time, {cells} FROM read_parquet([{listed}])"
    with duckdb.connect() as database:
        database.execute("SET preserve_insertion_order = true")
        rows = f"SELECT tile, slot, time, v FROM ({inner}) WHERE v IS NOT NULL"
        database.execute(f"COPY ({rows}) TO '{data.exploded(layer)}' (FORMAT parquet, COMPRESSION zstd)")
