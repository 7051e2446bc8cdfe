"""The layers that the stress happens on: small enough to copy often, large enough that writes take a while."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cubeql.catalog import Attribute, Band, Layer, TimeAxis
from cubeql.storage import Store, TileBlock
from cubeql.values.cells import BASE_TILES
from cubeql.values.tiles import has_dead_slots, slot_count, tile_resolution

TILES = [int(t) for t in BASE_TILES if not has_dead_slots(int(t))]
EVENTS = Layer("events", 4, (Band("v", "int32"),), time=TimeAxis())
MOULD = Layer("mould", 4, (Band("v", "int32"),))
FIELD = Layer("field", 5, (Band("t", "float32"), Band("n", "int16")), time=TimeAxis())
CRUMBS = Layer("crumbs", 5, (Band("t", "float32"),), time=TimeAxis())
PLACES = Layer("places", 15, (), kind="points", time=TimeAxis(), attributes=(Attribute("size", "number"),))
EVENT_TILES = TILES[:6]


def filled(layer: Layer, tile: int, time: str | None, value: int | None = None, seed: int = 0) -> TileBlock:
    """A block of one value, or of random ones a fifth of which is missing."""
    slots = slot_count(layer.resolution, tile_resolution(layer.resolution))
    chance = np.random.default_rng([seed, tile % 10_007])
    bands = {}
    for band in layer.bands:
        values = np.full(slots, value) if value is not None else chance.normal(500, 200, slots).round(2)
        valid = np.ones(slots, np.bool_) if value is not None else chance.random(slots) > 0.2
        bands[band.name] = (values.astype(band.storage), valid)
    return TileBlock(tile, None if time is None else np.datetime64(time, "us"), None, (), bands)


def lay_events(store: Store) -> None:
    """The layers of the writers and readers: an empty one, and one of zeros that INSERT copies."""
    with store.write(EVENTS, "create"):
        pass
    with store.write(MOULD, "create") as write:
        for tile in EVENT_TILES:
            write.add(filled(MOULD, tile, None, 0))


def lay_ground(store: Store, tiles: int = 12) -> None:
    """The layers that single statements are done to: of two versions, of many small files, and of points."""
    for day, mode in ((1, "create"), (2, "append")):
        with store.write(FIELD, mode, buffer_bytes=2_000_000) as write:  # type: ignore[arg-type]
            for tile in TILES[:tiles]:
                write.add(filled(FIELD, tile, f"2024-05-{day:02d}", seed=day))
    with store.write(CRUMBS, "create"):
        pass
    for day in range(1, 9):
        with store.write(CRUMBS, "append") as write:
            for tile in TILES[: tiles // 2]:
                write.add(filled(CRUMBS, tile, f"2024-06-{day:02d}", seed=day))


def picture_files(folder: Path, count: int = 3, size: int = 400) -> list[str]:
    """Rasters to ingest, a date each."""
    import rasterio
    from affine import Affine

    chance = np.random.default_rng(5)
    paths = []
    for day in range(1, count + 1):
        path = folder / f"picture-202403{day:02d}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", width=size, height=size, count=1, dtype="int16", crs="EPSG:4326",
            transform=Affine(0.002, 0, 11.0, 0, -0.002, 48.3),
        ) as file:  # fmt: skip
            file.write(chance.integers(1, 3000, (1, size, size)).astype("int16"))
        paths.append(str(path))
    return paths


def place_file(folder: Path, count: int = 60_000) -> str:
    """A table of points to ingest."""
    chance = np.random.default_rng(6)
    path = folder / "places.csv"
    lon, lat, size = chance.uniform(-170, 170, count), chance.uniform(-80, 80, count), chance.normal(5, 1, count)
    with path.open("w", encoding="utf-8") as file:
        file.write("lon,lat,time,size\n")
        for i in range(count):
            file.write(f"{lon[i]:.5f},{lat[i]:.5f},2024-01-{1 + i % 28:02d},{size[i]:.3f}\n")
    return str(path)
