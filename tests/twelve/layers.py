"""The layers that the twelve statements name, cut so small that plain loops can answer.

Values are those of the demo's real files: Sentinel-2 scenes, elevation and land cover are stretched over the land
around Munich, the climatology is taken at its place. What the files cannot give is made from them by a rule that is
written here: years from one year's months, days from months, forecasts from what came.
"""

from __future__ import annotations

import functools
import json
import math
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import h3
import shapely

from cubeql.catalog.records import Attribute, Band, Dimension, Layer, TimeAxis
from tests.support import rows, zones
from tests.support.cube import A, B, TinyLayer, Values, around, at, below, blocks, single, utc
from tests.support.rows import TinyRows
from tests.support.zones import TinyZones
from tests.twelve.pictures import DATA, climate_at, place, scenes, window

MUNICH = (11.58, 48.14)
HOME = h3.str_to_int(h3.cell_to_parent(h3.int_to_str(at(*MUNICH, 9)), 6))
FARMS = [below(c, 7)[3] for c in below(A, 6) if c != HOME] + [below(B, 7)[5]]
FIELDS = [*below(HOME, 9), *(c for farm in FARMS for c in below(farm, 9))]
REGION = around(A, 2)
SCENE_OF = {
    "2023-07-06": 9, "2024-03-12": 31, "2024-03-17": 1, "2024-04-16": 13, "2024-05-11": 27, "2024-06-01": 15,
    "2024-06-11": 16, "2024-06-16": 2, "2024-06-26": 28, "2024-07-01": 17, "2024-07-06": 23, "2024-07-21": 8,
    "2024-08-25": 3, "2024-12-22": 32,
}  # fmt: skip
CLOUDS = (3, 8, 9, 10)
SCENE_CLASSES = (
    (2, "dark"), (3, "cloud shadow"), (4, "vegetation"), (5, "bare"), (6, "water"), (7, "unclassified"),
    (8, "cloud medium"), (9, "cloud high"), (10, "cirrus"), (11, "snow"),
)  # fmt: skip
LAND = ((1, "forest"), (2, "crop"), (3, "maize"), (4, "urban"), (5, "water"), (6, "grass"))
YEARS = range(1985, 2024)


def _reflectance(name: str) -> Band:
    return Band(name, "int16", unit="1", scale=0.0001, offset=0.0)


def s2() -> TinyLayer:
    """Reflectance, NDVI where no cloud is, and the scene classification; some cells lie beyond the swath's edge."""
    colours = ("green", "red", "nir")
    bands = (
        *map(_reflectance, colours), Band("ndvi", "float32", unit="1"),
        Band("scl", "int8", kind="categorical", classes=SCENE_CLASSES),
    )  # fmt: skip
    values: Values = {}
    for day, scene in SCENE_OF.items():
        for number, cell in enumerate(FIELDS):
            if number % 41 != 13 + scene % 5:
                values[cell, utc(f"{day}T10:30:00"), ()] = _pixel(cell, scene, colours)
    return TinyLayer(Layer("s2", 9, bands, TimeAxis("instant")), values)


def _pixel(cell: int, scene: int, colours: tuple[str, ...]) -> dict[str, int | float]:
    row: dict[str, int | float] = {c: round((scenes(c)[scene].at(cell) or 0.0) * 10000) for c in colours}
    row["scl"] = int(scenes("scl")[scene].at(cell) or 7)
    if row["scl"] not in CLOUDS and row["nir"] + row["red"]:
        row["ndvi"] = single((row["nir"] - row["red"]) / (row["nir"] + row["red"]))
    return row


def landcover() -> TinyLayer:
    """Classes of the world's land cover, croplands divided into maize and other crops; finer than ``s2``."""
    picture = window("landcover_2019.tif", 9.5, 45.9, 30, 50)
    simple = {**dict.fromkeys(range(1, 9), 1), 9: 6, 10: 6, 11: 5, 12: 2, 13: 4, 14: 2, 0: 5, 17: 5}
    values: Values = {}
    for cell in (c for field in FIELDS for c in below(field, 10)):
        code = simple.get(int(picture.at(cell) or 0), 6)
        maize = code == 2 and int(place(cell)[0] * 200) % 3 > 0
        values[cell, None, ()] = {"class": 3 if maize else code}
    return TinyLayer(Layer("landcover", 10, (Band("class", "int8", kind="categorical", classes=LAND),)), values)


def dem() -> TinyLayer:
    """From the plain of the Po to the Alps."""
    picture = window("elevation.tif", 10.0, 46.6, 24, 24)
    cells = [*below(A, 8), *below(HOME, 8), *below(below(B, 7)[5], 8)]
    values: Values = {(c, None, ()): {"elevation": int(picture.at(c) or 0)} for c in cells}
    return TinyLayer(Layer("dem", 8, (Band("elevation", "int16", unit="m"),)), values)


def soil() -> TinyLayer:
    """Clay, measured now here and now there."""
    picture = window("elevation.tif", 10.0, 46.6, 24, 24)
    values: Values = {}
    for n, day in enumerate(("2014-03-01", "2015-05-01", "2015-06-01", "2016-01-01")):
        for number, cell in enumerate(below(A, 7)):
            if number % 3 != n % 3:
                values[cell, utc(day), ()] = {"clay": single(60 - (picture.at(cell) or 0) / 12 + 3 * n)}
    return TinyLayer(Layer("soil", 7, (Band("clay", "float32", unit="percent"),), TimeAxis("instant")), values)


def rain() -> TinyLayer:
    """Days of rain: the month's total on one day in three, next to none in a dry spell of 2024."""
    chance = random.Random("rain")
    days = [*_days("2023-06-15", 60), *_days("2024-06-10", 52)]
    cells = [*below(A, 6), HOME, *below(B, 6)[:2]]
    values: Values = {}
    for day in days:
        for cell in cells:
            dry = utc("2024-06-18") <= day < utc("2024-07-12") and cell != cells[2]
            wet = chance.random() < 1 / 3
            values[cell, day, ()] = {"precip": climate_at("tp", day.month, cell) / 10 * wet * (0.01 if dry else 1)}
    return TinyLayer(Layer("rain", 6, (Band("precip", "float64", unit="mm"),), TimeAxis("start", "P1D")), values)


def _days(first: str, count: int) -> list[datetime]:
    return [utc(first) + timedelta(days=n) for n in range(count)]


def slope_of(cell: int) -> float:
    """The warming of a place in K a year that :func:`t2m` is made with."""
    return 0.01 + 0.001 * REGION.index(cell)


def months(years: range) -> Iterator[datetime]:
    """First days of all months of some years."""
    return (datetime(y, m, 1) for y in years for m in range(1, 13))


def t2m() -> TinyLayer:
    """39 years of months: the climatology of the place, and a warming of its own."""
    values: Values = {
        (cell, month, ()): {"t2m": 273.15 + climate_at("t2m", month.month, cell) + slope_of(cell) * (month.year - 1985)}
        for cell in REGION
        for month in months(YEARS)
    }
    return TinyLayer(Layer("t2m", 5, (Band("t2m", "float64", unit="K"),), TimeAxis("start", "P1M")), values)


def rain_monthly() -> TinyLayer:
    """34 years of months: the climatology of the place, now more and now less, here and there unknown."""
    chance = random.Random("rain_monthly")
    values: Values = {
        (cell, month, ()): {"precip": round(climate_at("tp", month.month, cell) * chance.uniform(0.3, 1.7), 2)}
        for month in months(range(1991, 2025))
        for cell in REGION[:12]
        if chance.random() < 0.97
    }
    record = Layer("rain_monthly", 5, (Band("precip", "float64", unit="mm"),), TimeAxis("start", "P1M"))
    return TinyLayer(record, values)


def _weather(day: datetime, cell: int) -> float:
    """Temperature of a day in K: the month's, with the days' ups and downs."""
    return 273.15 + climate_at("t2m", day.month, cell) + 4 * math.sin(day.day * 1.7 + REGION.index(cell))


def era5() -> TinyLayer:
    """Temperatures of March 2024, as they were."""
    values: Values = {(c, d, ()): {"t2m": _weather(d, c)} for c in REGION for d in _days("2024-03-01", 12)}
    return TinyLayer(Layer("era5", 5, (Band("t2m", "float64", unit="K"),), TimeAxis("instant")), values)


def forecast() -> TinyLayer:
    """The same temperatures as foreseen one to five days before, on a land of a coarse model: the farther ahead, the
    farther off, and off by what the model's land lies too low or too high."""
    chance = random.Random("forecast")
    bands = (Band("t2m", "float64", unit="K"), Band("orography", "float32", unit="m"))
    heights = _heights(5)
    values: Values = {}
    for day in _days("2024-03-03", 10):
        for horizon in (24, 48, 72, 120):
            for cell in [c for c in REGION if chance.random() < 0.95]:
                height = heights.get(cell, 500.0)
                orography = single(height + 40 * (REGION.index(cell) % 5 - 2))
                warmer = 0.0065 * (height - orography) + chance.gauss(0.1, horizon / 40)
                values[cell, day, (horizon,)] = {"t2m": _weather(day, cell) + warmer, "orography": orography}
    dimensions = (Dimension("horizon", "integer", "h"),)
    return TinyLayer(Layer("forecast", 5, bands, TimeAxis("instant"), dimensions), values)


def _heights(resolution: int) -> dict[int, float]:
    """Mean of the heights below each cell of a resolution."""
    below_it: dict[int, list[float]] = {}
    for (cell, _, _), row in dem().values.items():
        parent = h3.str_to_int(h3.cell_to_parent(h3.int_to_str(cell), resolution))
        below_it.setdefault(parent, []).append(row["elevation"])
    return {cell: sum(heights) / len(heights) for cell, heights in below_it.items()}


def stations() -> TinyRows:
    """Towers by the names of real ones, in the fields, and what was read at them around the times of scenes."""
    towers = json.loads((DATA / "towers.geojson").read_text("utf-8"))["features"]
    chance = random.Random("stations")
    readings: list[dict[str, Any]] = []
    for number, tower in enumerate(towers[:10]):
        lon, lat = place(below(FIELDS[number * 43], 12)[100])
        for day in ("2024-03-14", "2024-05-31", "2024-06-11", "2024-06-15", "2024-07-02", "2024-09-09"):
            time = utc(f"{day}T00:00:00") + timedelta(minutes=chance.randrange(0, 4000))
            reading = round(chance.gauss(8.0, 3.0), 2)
            name = tower["properties"]["id"]
            readings.append({"time": time, "lon": lon, "lat": lat, "station": name, "flux": reading})
    attributes = (Attribute("station", "text"), Attribute("flux", "number"))
    return TinyRows(Layer("stations", 15, (), TimeAxis("instant"), kind="points", attributes=attributes), readings)


def counties() -> TinyZones:
    """The land of the fields divided among towns; one name comes twice."""
    chance = random.Random("counties")
    places = [place(c) for c in below(A, 8)]
    box = shapely.MultiPoint(places).envelope.buffer(0.02)
    towns = [(chance.uniform(*box.bounds[::2]), chance.uniform(*box.bounds[1::2])) for _ in range(12)]
    names = ["Aurach", "Birket", "Dorfen", "Eching", "Forstern", "Gauting", "Haar", "Ismaning", "Kirchheim", "Haar"]
    shapes = shapely.voronoi_polygons(shapely.MultiPoint(towns), extend_to=box).geoms
    parts = [shape.intersection(box) for shape in shapes][: len(names)]
    record = Layer("counties", 5, (), kind="zones", attributes=(Attribute("name", "text"),))
    return TinyZones(record, tuple({"name": n, "geometry": g} for n, g in zip(names, parts, strict=True)))


@functools.cache
def layers() -> dict[str, Any]:
    """All layers by name."""
    makers: tuple[Callable[[], Any], ...] = (
        s2, landcover, dem, soil, rain, t2m, rain_monthly, era5, forecast, stations, counties,
    )  # fmt: skip
    return {made.record.name: made for made in (make() for make in makers)}


def write_store(folder: Path) -> Path:
    """Write all layers to a new store."""
    from cubeql.storage import Store

    store = Store.open(str(folder), create=True)
    for layer in layers().values():
        write_layer(store, layer)
    return folder


def write_layer(store: Any, layer: Any) -> None:
    """Write one layer of any kind."""
    if isinstance(layer, TinyLayer):
        with store.write(layer.record, "create") as write:
            for block in blocks(layer):
                write.add(block)
        return
    table = rows.as_table(layer, layer.rows) if isinstance(layer, TinyRows) else zones.as_table(layer, layer.rows)
    with store.write_rows(layer.record, "create") as write:
        write.add(table)
