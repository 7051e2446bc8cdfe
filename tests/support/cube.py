"""The tiny cube: small layers that hold every awkward place, as plain dictionaries and as tiles of a store.

Every layer is a :class:`TinyLayer`: its record and ``values``, a dictionary from (cell, time, dimensions)
to the *stored* value of each valid band. A band that is not valid at a place is absent there; a place with
no valid band is absent altogether. Nothing here knows tiles until :func:`blocks` cuts the dictionaries up.

The places: A, B and C are three cells of resolution 5; A holds Munich, B lies a few cells away below another
tile of resolution 2, C is a neighbour of A that only some layers know.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import h3
import numpy as np
from h3.api import basic_int

from cubeql.catalog.records import Band, Dimension, Layer, TimeAxis

Key = tuple[int, datetime | None, tuple[Any, ...]]
Values = dict[Key, dict[str, int | float]]

A = h3.str_to_int("851f8d47fffffff")
B = h3.str_to_int("851fab6bfffffff")
C = h3.str_to_int("851f8d43fffffff")
PENTAGON = h3.str_to_int("85080003fffffff")


@dataclass(frozen=True)
class TinyLayer:
    """A layer of the tiny cube: its record and its stored values."""

    record: Layer
    values: Values = field(repr=False)


def utc(text: str) -> datetime:
    """The instant of an ISO text, without a zone, meaning UTC."""
    return datetime.fromisoformat(text)


def below(cell: int, resolution: int) -> list[int]:
    """All cells of a resolution below a cell, in ascending order."""
    return sorted(basic_int.cell_to_children(cell, resolution))


def around(cell: int, k: int) -> list[int]:
    """The cells within k steps of a cell, in ascending order."""
    return sorted(h3.str_to_int(c) for c in h3.grid_disk(h3.int_to_str(cell), k))


def at(lon: float, lat: float, resolution: int) -> int:
    """The cell at a place."""
    return h3.str_to_int(h3.latlng_to_cell(lat, lon, resolution))


def single(value: float) -> float:
    """A number as a float32 array holds it."""
    return float(np.float32(value))


Draw = Callable[[random.Random], int | float]


def scatter(
    seed: str,
    cells: Iterable[int],
    times: Iterable[datetime | None],
    bands: dict[str, tuple[float, Draw]],
    dimensions: Iterable[tuple[Any, ...]] = ((),),
    present: float = 1.0,
) -> Values:
    """Random values with gaps, the same on every machine.

    Args:
        seed: name of the random sequence.
        cells: the cells.
        times: the instants; ``[None]`` for a static layer.
        bands: per band the share of rows where it is valid, and how a value is drawn.
        dimensions: tuples of dimension values.
        present: share of (cell, time, dimensions) that can have a row at all.
    """
    chance = random.Random(seed)
    places = list(cells)
    values: Values = {}
    for time in times:
        for dims in dimensions:
            for cell in places:
                drawn = {name: draw(chance) for name, (share, draw) in bands.items() if chance.random() < share}
                if chance.random() < present and drawn:
                    values[cell, time, dims] = drawn
    return values


FINE_TIMES = [
    utc("2024-01-05T10:30:00"), utc("2024-03-10T10:10:31.500000"), utc("2024-04-15T10:30:00"),
    utc("2024-05-03T10:30:00"), utc("2024-05-18T10:30:00"), utc("2024-06-30T23:59:59.999999"),
    utc("2024-07-01T00:00:00"), utc("2024-12-31T23:00:00"), utc("2025-02-10T10:30:00"),
]  # fmt: skip
TWIN_TIMES = [
    utc("2023-12-20T09:00:00"), utc("2024-01-05T10:30:00"), utc("2024-03-10T12:00:00"),
    utc("2024-05-03T10:30:00"), utc("2024-05-10T10:30:00"), utc("2024-05-26T10:30:00"),
    utc("2024-07-01T00:00:00"),
]  # fmt: skip
MONTHS = [utc(f"2024-{m:02d}-01") for m in range(1, 8)] + [utc("2025-02-01")]
DAYS = [utc("2024-04-28") + timedelta(days=n) for n in range(24)]


def _fine() -> TinyLayer:
    reflectance = {"storage": "int16", "unit": "1", "scale": 0.0001, "offset": 0.0}
    record = Layer(
        "fine", 7, (Band("red", **reflectance), Band("nir", **reflectance)), TimeAxis("instant"),
        title="reflectance with clouds", licence="CC0-1.0",
    )  # fmt: skip
    bands = {
        "red": (0.85, lambda r: r.randrange(100, 2500)),
        "nir": (0.8, lambda r: r.randrange(900, 5000)),
    }
    cells = [c for n, c in enumerate(below(A, 7) + below(B, 7)) if n % 9 != 4]
    values = scatter("fine", cells, FINE_TIMES, bands, present=0.7)
    in_a = set(below(A, 7))
    return TinyLayer(record, {k: v for k, v in values.items() if k[0] in in_a or k[1] != FINE_TIMES[4]})


def _twin() -> TinyLayer:
    record = Layer("twin", 7, (Band("v", "float32", unit="K"),), TimeAxis("instant"))
    bands = {"v": (0.8, lambda r: single(r.uniform(270.0, 300.0)))}
    return TinyLayer(record, scatter("twin", below(A, 7)[5:] + below(C, 7)[:12], TWIN_TIMES, bands))


def _coarse() -> TinyLayer:
    record = Layer("coarse", 5, (Band("t2m", "float32", unit="degC"),), TimeAxis("start", "P1M"))
    bands = {"t2m": (0.9, lambda r: single(r.uniform(-8.0, 24.0)))}
    rest = [c for c in around(A, 2) if c not in around(A, 1)]
    values = scatter("coarse", [A, B, C, *rest[:3]], MONTHS, bands)
    values.pop((B, utc("2024-05-01"), ()), None)
    values[A, utc("2024-05-01"), ()] = {"t2m": single(13.7)}
    return TinyLayer(record, values)


def _rain() -> TinyLayer:
    record = Layer("rain", 6, (Band("precip", "float64", unit="mm"),), TimeAxis("start", "P1D"))
    bands = {"precip": (0.75, lambda r: max(0.0, round(r.uniform(-6.0, 20.0), 2)))}
    return TinyLayer(record, scatter("rain", below(A, 6) + below(B, 6)[:3], DAYS, bands))


def _far() -> TinyLayer:
    record = Layer("far", 2, (Band("relief", "float64", unit="m"), Band("stations", "int32")))
    bands = {
        "relief": (0.8, lambda r: r.uniform(10.0, 900.0)),
        "stations": (0.8, lambda r: r.randrange(-3, 40)),
    }
    parents = sorted({int(h3.str_to_int(h3.cell_to_parent(h3.int_to_str(c), 2))) for c in (A, B, C)})
    values = scatter("far", sorted({c for p in parents for c in around(p, 1)}), [None], bands)
    values[parents[0], None, ()] = {"relief": 321.25, "stations": 7}
    values[parents[1], None, ()] = {"stations": 11}
    return TinyLayer(record, values)


CLASSES = ((1, "water"), (2, "forest"), (3, "crop"), (4, "urban"))


def _classes() -> TinyLayer:
    record = Layer("classes", 6, (Band("class", "int16", kind="categorical", classes=CLASSES),))
    codes = dict(zip(below(A, 6), (3, 3, 2, 2, 1, None, 4)))
    codes |= dict(zip(below(B, 6), (2, 3, 3, 3, 4, 1, None)))
    return TinyLayer(record, {(c, None, ()): {"class": v} for c, v in codes.items() if v is not None})


def _cover() -> TinyLayer:
    """Classes and heights whose ranges differ from tile to tile and time to time; some tile rows are of one class."""
    bands = (Band("kind", "int16", kind="categorical", classes=CLASSES), Band("height", "int16", unit="m"))
    chance = random.Random("cover")
    values: Values = {}
    for n, (month, least) in enumerate((("2024-03", 0), ("2024-05", 100), ("2024-07", -50), ("2025-03", 1000))):
        for parent, kinds in ((A, (1, 2, 3, 4)), (B, ((2,), (1, 3), (3, 4), (2,))[n])):
            for cell in below(parent, 7) + (below(C, 7)[:9] if parent == A else []):
                row = {"kind": chance.choice(kinds), "height": least + chance.randrange(0, 60)}
                for band in ("kind", "height"):
                    if n % 2 and parent == A and chance.random() < 0.2:
                        del row[band]
                if row and (n != 2 or chance.random() < 0.7):
                    values[cell, utc(f"{month}-01"), ()] = row
    return TinyLayer(Layer("cover", 7, bands, TimeAxis("instant"), title="land cover and heights"), values)


def _finer() -> TinyLayer:
    record = Layer("finer", 9, (Band("elevation", "int16", unit="m"), Band("slope", "float32", unit="degree")))
    bands = {
        "elevation": (0.85, lambda r: r.randrange(-20, 700)),
        "slope": (0.7, lambda r: single(r.uniform(0.0, 45.0))),
    }
    parents = below(A, 7)[:16] + below(B, 7)[40:46]
    cells = [c for p in parents for c in below(p, 9)]
    values = scatter("finer", cells, [None], bands, present=0.6)
    lone = below(parents[3], 9)
    for c in lone[1:]:
        values.pop((c, None, ()), None)
    values[lone[0], None, ()] = {"elevation": 512}
    return TinyLayer(record, values)


def _pent() -> TinyLayer:
    record = Layer("pent", 5, (Band("p", "int32"), Band("q", "float64")), TimeAxis("instant"))
    bands = {"p": (0.9, lambda r: r.randrange(0, 9)), "q": (0.8, lambda r: r.uniform(-1.0, 1.0))}
    times = [utc("2024-01-01"), utc("2024-02-01")]
    return TinyLayer(record, scatter("pent", around(PENTAGON, 3), times, bands))


def _pentfine() -> TinyLayer:
    record = Layer("pentfine", 6, (Band("w", "int32"),))
    cells = [c for p in around(PENTAGON, 1) for c in below(p, 6)]
    return TinyLayer(record, scatter("pentfine", cells, [None], {"w": (0.9, lambda r: r.randrange(1, 100))}))


def _dateline() -> TinyLayer:
    record = Layer("dateline", 4, (Band("sst", "float64", unit="degC"),), TimeAxis("instant"))
    bands = {"sst": (0.9, lambda r: r.uniform(20.0, 31.0))}
    times = [utc("2024-01-01"), utc("2024-01-02")]
    return TinyLayer(record, scatter("dateline", around(at(180.0, -17.0, 4), 3), times, bands))


def _pole() -> TinyLayer:
    record = Layer("pole", 3, (Band("ice", "int8", unit="percent"),))
    cells = around(at(0.0, 90.0, 3), 2) + around(at(0.0, -90.0, 3), 2)
    return TinyLayer(record, scatter("pole", cells, [None], {"ice": (0.9, lambda r: r.randrange(0, 101))}))


def _sparse() -> TinyLayer:
    bands = (Band("a", "int64"), Band("b", "float32"), Band("never", "float64"))
    record = Layer("sparse", 7, bands, TimeAxis("instant"))
    draws = {"a": (0.6, lambda r: r.randrange(-3, 4)), "b": (0.4, lambda r: single(r.uniform(0, 1)))}
    values = scatter("sparse", below(A, 7)[::3] + below(B, 7)[:6], FINE_TIMES[2:5], draws)
    in_b = set(below(B, 7))
    for (cell, _, _), row in values.items():
        if cell in in_b:
            row.pop("b", None)
    return TinyLayer(record, {k: v for k, v in values.items() if v})


def _nothing() -> TinyLayer:
    return TinyLayer(Layer("nothing", 7, (Band("n", "int16"),), TimeAxis("instant")), {})


def _forecast() -> TinyLayer:
    record = Layer(
        "forecast", 5, (Band("t", "float32", unit="degC"), Band("wind", "float64", unit="m s-1")),
        TimeAxis("instant"), (Dimension("horizon", "integer", "h"),),
    )  # fmt: skip
    bands = {
        "t": (0.9, lambda r: single(r.uniform(-5.0, 20.0))),
        "wind": (0.7, lambda r: r.uniform(0.0, 12.0)),
    }
    times = [utc("2024-03-01"), utc("2024-05-01"), utc("2024-05-03T10:30:00")]
    return TinyLayer(record, scatter("forecast", [A, B], times, bands, [(24,), (48,), (72,)], present=0.9))


@functools.cache
def tiny_cube() -> dict[str, TinyLayer]:
    """All layers of the tiny cube by name."""
    from tests.support.banks import banks, bed, hulls, shelf
    from tests.support.series import monthly, runs

    makers = (
        _fine, _twin, _coarse, _rain, _far, _classes, _cover, _finer, _pent, _pentfine, _dateline, _pole, _sparse,
        _nothing, _forecast, monthly, runs, banks, shelf, bed, hulls,
    )  # fmt: skip
    return {layer.record.name: layer for layer in (make() for make in makers)}


VIEWS = {
    "bright": "SELECT cell, time, ndvi(nir, red) AS ndvi, nir FROM fine FILTER nir > 0.25",
    "crops": "SELECT cell, class FROM classes FILTER class = 'crop'",
    "places.hills": "WITH bright AS (FROM finer GROUP BY CELL(7) SELECT CELL(7), max(elevation) AS top)"
    " SELECT cell, top FROM bright FILTER top > 400",
    "stale": "SELECT cell, swir FROM fine",
    "brightest": "FROM bright GROUP BY cell SELECT cell, max(ndvi) AS ndvi, count(*) AS n",
}
"""Queries kept by name; one reads another, one a band that is not there."""


CELL_SETS = {
    "wet": (6, below(A, 6)[2:5] + below(B, 6)[:1]),
    "coast": (4, [at(180.0, -17.0, 4), *around(at(180.0, -17.0, 4), 3)[-6:]]),
    "spots": (9, [below(A, 9)[0], below(A, 9)[50], below(B, 9)[2000], below(C, 9)[7]]),
    "sevens": (7, below(A, 7)[::2] + below(B, 7)[-3:]),
    "nowhere": (7, []),
    "half": (2, [h3.str_to_int(h3.cell_to_parent(h3.int_to_str(A), 2))]),
    "corner": (5, around(PENTAGON, 1)),
}
"""Places kept by name: their resolution and their cells."""


# ------------------------------------------------------------------ for the store


def slot_of(cell: int, tile: int) -> int:
    """Position of a cell in its tile: its digits below the tile, read in base 7."""
    coarse = h3.get_resolution(h3.int_to_str(tile))
    fine = h3.get_resolution(h3.int_to_str(cell))
    slot = 0
    for resolution in range(coarse + 1, fine + 1):
        slot = slot * 7 + ((cell >> (3 * (15 - resolution))) & 7)
    return slot


def _tile_of(cell: int, resolution: int) -> int:
    return h3.str_to_int(h3.cell_to_parent(h3.int_to_str(cell), max(0, resolution - 5)))


def step_end(time: datetime | None, record: Layer) -> datetime | None:
    """End of the step that a stamp begins; None for layers of instants."""
    if time is None or record.time is None or record.time.step is None:
        return None
    if record.time.step == "P1M":
        return time.replace(year=time.year + time.month // 12, month=time.month % 12 + 1)
    return time + {"P1D": timedelta(days=1)}[record.time.step]


def blocks(layer: TinyLayer) -> list[Any]:
    """The layer as the store's tile blocks, in the order of (tile, time, dimensions)."""
    from cubeql.storage import TileBlock

    record = layer.record
    depth = record.resolution - max(0, record.resolution - 5)
    tiles: dict[tuple[int, datetime | None, tuple[Any, ...]], dict[int, dict[str, int | float]]] = {}
    for (cell, time, dims), row in layer.values.items():
        tiles.setdefault((_tile_of(cell, record.resolution), time, dims), {})[cell] = row
    made = []
    for tile, time, dims in sorted(tiles, key=lambda k: (k[0], k[1] or datetime.min, k[2])):
        bands = {}
        for band in record.bands:
            array, valid = np.zeros(7**depth, dtype=band.storage), np.zeros(7**depth, dtype=bool)
            for cell, row in tiles[tile, time, dims].items():
                if band.name in row:
                    array[slot_of(cell, tile)] = row[band.name]
                    valid[slot_of(cell, tile)] = True
            bands[band.name] = (array, valid)
        end = step_end(time, record)
        stamp = None if time is None else np.datetime64(time, "us")
        made.append(TileBlock(tile, stamp, None if end is None else np.datetime64(end, "us"), dims, bands))
    return made


def _early(layer: TinyLayer) -> set[datetime]:
    """The instants of a layer's first commit: the earlier half; of a layer without time or with one instant, none."""
    times = sorted({time for _, time, _ in layer.values if time is not None})
    return set(times[: len(times) // 2])


def at_version(layer: TinyLayer, version: int) -> TinyLayer:
    """A layer as it stood after a commit: the first holds the earlier instants, the second all."""
    early = _early(layer)
    if not 0 <= version <= bool(early):
        raise ValueError(f"{layer.record.name} has no version {version}")
    if version == 1 or not early:
        return layer
    return TinyLayer(layer.record, {key: row for key, row in layer.values.items() if key[1] in early})


def write_store(folder: Path) -> Path:
    """Write all layers of the tiny cube to a new store in a folder, layers with time in two commits."""
    from cubeql.storage import Store
    from tests.support.rows import write_rows
    from tests.support.zones import write_zones

    store = Store.open(str(folder), create=True)
    write_zones(store)
    for layer in tiny_cube().values():
        cut = blocks(layer)
        early = {np.datetime64(time, "us") for time in _early(layer)}
        with store.write(layer.record, "create") as write:
            for block in (b for b in cut if not early or b.time in early):
                write.add(block)
        if early:
            with store.write(layer.record, "append") as write:
                for block in (b for b in cut if b.time not in early):
                    write.add(block)
    write_rows(store)
    for name, query in VIEWS.items():
        store.create_view(name, query)
    for name, (resolution, cells) in CELL_SETS.items():
        store.create_cells(name, resolution, np.array(cells, np.int64))
    return folder
