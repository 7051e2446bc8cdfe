"""Layers and tile blocks to store, and stored rows as plain values to compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cubeql.catalog import Band, Dimension, Layer, TimeAxis
from cubeql.storage import Store, TileBlock
from cubeql.storage.delta import DeltaFormat
from cubeql.storage.folderobjects import LOCK
from cubeql.storage.table import Change, TableState
from cubeql.values.cells import BASE_TILES
from cubeql.values.tiles import dead_slots, has_dead_slots, slot_count, tile_resolution

HEXAGON = int(BASE_TILES[20])
OTHER = int(BASE_TILES[21])
PENTAGON = int(BASE_TILES[4])
DAY = "2024-05-01"

Rows = dict[tuple[Any, ...], dict[str, list[Any]]]


def layer(
    name: str = "rain",
    resolution: int = 2,
    bands: Iterable[Band] = (Band("depth", "int16"),),
    timed: bool = True,
    dimensions: Iterable[Dimension] = (),
    **facts: Any,
) -> Layer:
    """A layer record; by default of resolution 2, so that a tile is a base cell of 49 slots."""
    time = TimeAxis() if timed else None
    return Layer(name, resolution, tuple(bands), time=time, dimensions=tuple(dimensions), **facts)


def slots(record: Layer) -> int:
    """Slots of the layer's tiles."""
    return slot_count(record.resolution, tile_resolution(record.resolution))


def block(
    record: Layer,
    tile: int = HEXAGON,
    time: str | None = DAY,
    dimensions: tuple[Any, ...] = (),
    seed: int = 0,
    gaps: float = 0.2,
    **bands: Any,
) -> TileBlock:
    """A block of random values, or of the given list per band with None where not valid."""
    random = np.random.default_rng([seed, tile % 1000])
    made = {}
    for band in record.bands:
        if band.name in bands:
            made[band.name] = arrays(band, bands[band.name])
        elif not bands:
            made[band.name] = random_arrays(band, slots(record), random, gaps)
    if has_dead_slots(tile):
        alive = ~dead_slots(tile, record.resolution)
        made = {name: (values, valid & alive) for name, (values, valid) in made.items()}
    stamp = None if record.time is None or time is None else np.datetime64(time, "us")
    return TileBlock(tile, stamp, None, dimensions, made)


def arrays(band: Band, values: Iterable[Any]) -> tuple[Any, Any]:
    """Values and validity of a list with None where not valid."""
    listed = list(values)
    stored = np.array([0 if value is None else value for value in listed], dtype=band.storage)
    return stored, np.array([value is not None for value in listed])


def random_arrays(band: Band, count: int, random: np.random.Generator, gaps: float) -> tuple[Any, Any]:
    """Random values of a band's storage type, some of them not valid."""
    if band.kind == "categorical":
        values = random.integers(1, 6, count)
    elif band.storage.startswith("float"):
        values = random.normal(280, 10, count)
    else:
        values = random.integers(-100, 100, count)
    return values.astype(band.storage), random.random(count) >= gaps


def store_in(folder: Path) -> Store:
    """A new store in a folder."""
    return Store.open(folder / "store", create=True)


def put(store: Store, record: Layer, *blocks: TileBlock, mode: Any = "create", **how: Any) -> None:
    """Write blocks as one commit."""
    with store.write(record, mode, **how) as write:
        for each in blocks:
            write.add(each)


def plain(blocks: Iterable[TileBlock]) -> Rows:
    """Rows as dictionaries of lists with None where not valid, by key; a key that comes twice is an error."""
    rows: Rows = {}
    for each in blocks:
        assert each.key not in rows, f"{each.key} is stored twice"
        rows[each.key] = {name: listed(*pair) for name, pair in each.bands.items()}
    return rows


def listed(values: Any, valid: Any) -> list[Any]:
    """An array as a list with None where not valid."""
    return [value if there else None for value, there in zip(values.tolist(), valid.tolist(), strict=True)]


def stored(store: Store, name: str = "rain", version: int | None = None) -> Rows:
    """All rows of a layer."""
    return plain(store.read_blocks(name, version=version))


def paths(store: Store, name: str = "rain") -> list[str]:
    """Paths of a layer's files."""
    found: list[str] = store.snapshot(name).files["path"].to_pylist()
    return found


def table(store: Store, name: str = "rain") -> Path:
    """The folder of a layer's table."""
    return Path(str(store.address)) / store.snapshot(name).table


def files_below(folder: Path) -> list[str]:
    """Every file below a folder but the lock of a store, relative to it."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != LOCK)
    return sorted(str(path.relative_to(folder)) for path in found)


def without_gaps(bands: Mapping[str, Any]) -> dict[str, Any]:
    """The same arrays, valid everywhere."""
    return {name: (values, np.ones_like(valid)) for name, (values, valid) in bands.items()}


class Busy(DeltaFormat):
    """Another writer does something whenever a commit is about to be made, the first few times."""

    others: list[Callable[[], object]]

    def commit(self, folder: str, base: TableState | None, change: Change) -> int:
        """Let another go first, then commit."""
        if self.others:
            self.others.pop(0)()
        return super().commit(folder, base, change)


def busy(store: Store, *others: Callable[[], object]) -> Store:
    """The store as a writer sees it whom others forestall: each of them works before one of its first commits."""
    tables = Busy(store.objects)
    tables.others = list(others)
    return Store(store.objects, tables)
