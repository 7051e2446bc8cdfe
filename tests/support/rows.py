"""Points and zones of the tiny cube, as plain dictionaries and as Arrow tables of a store.

``stations`` reads at instants, some of them those of ``fine`` and ``rain``: two stations share a cell of resolution 7,
two stand at the very same place, one lies outside of every layer, one on the antimeridian, one at a pole; one reading
comes twice. ``towers`` have no time. ``parks`` are zones: a triangle, a square with a hole, and two islands.
"""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import h3

from cubeql.catalog.records import Attribute, Layer, TimeAxis
from tests.support.cube import DAYS, FINE_TIMES, PENTAGON, A, B, C, below, utc


@dataclass(frozen=True)
class TinyRows:
    """A layer of points or zones: its record, and its rows by column."""

    record: Layer
    rows: list[dict[str, Any]] = field(repr=False)


def _place(cell: int, number: int, resolution: int = 9) -> tuple[float, float]:
    """Longitude and latitude of the centre of a cell of a resolution below a cell."""
    lat, lon = h3.cell_to_latlng(h3.int_to_str(below(cell, resolution)[number]))
    return round(lon, 6), round(lat, 6)


PLACES: dict[str, tuple[float, float]] = {
    "Anger": _place(A, 100), "Berg": _place(A, 101), "Copy": _place(A, 100), "Dorf": _place(A, 1500),
    "Esch": _place(B, 40), "Furt": _place(C, 30), "Ger": (151.2, -33.9), "Hafen": (180.0, -17.0),
    "Insel": (-180.0, -17.0), "Joch": (12.0, 90.0),
}  # fmt: skip


def _stations() -> TinyRows:
    attributes = (
        Attribute("station", "text"), Attribute("reading", "number", "mm"), Attribute("level", "integer"),
        Attribute("good", "boolean"), Attribute("seen", "timestamp"),
        Attribute("soil", "integer", classes=((1, "sand"), (2, "clay"))),
    )  # fmt: skip
    record = Layer("stations", 15, (), TimeAxis("instant"), kind="points", attributes=attributes, title="gauges")
    chance = random.Random("stations")
    rows: list[dict[str, Any]] = []
    times = [*FINE_TIMES, *DAYS[::5], utc("2024-05-01T06:00:00"), utc("2024-05-04T18:30:00")]
    for name, (lon, lat) in PLACES.items():
        for time in times:
            if chance.random() < 0.55:
                rows.append({
                    "time": time, "lon": lon, "lat": lat, "station": name,
                    "reading": None if chance.random() < 0.2 else round(chance.uniform(0.0, 30.0), 2),
                    "level": None if chance.random() < 0.2 else chance.randrange(-2, 5),
                    "good": None if chance.random() < 0.2 else chance.random() < 0.6,
                    "seen": None if chance.random() < 0.3 else time + timedelta(minutes=chance.randrange(90)),
                    "soil": None if chance.random() < 0.2 else chance.choice((1, 2)),
                })  # fmt: skip
    rows.append(dict(rows[3]))
    return TinyRows(record, rows)


def _towers() -> TinyRows:
    attributes = (Attribute("name", "text"), Attribute("height", "number", "m"), Attribute("rank", "integer"))
    record = Layer("towers", 15, (), kind="points", attributes=attributes)
    chance = random.Random("towers")
    cells = [*below(A, 8)[::9], *below(B, 8)[::40], *below(C, 8)[:3], *below(PENTAGON, 7)[::9]]
    rows = []
    for number, cell in enumerate(cells):
        lat, lon = h3.cell_to_latlng(h3.int_to_str(cell))
        lon, lat = lon + chance.uniform(-0.004, 0.004), lat + chance.uniform(-0.003, 0.003)
        height = None if number % 7 == 3 else round(chance.uniform(2.0, 80.0), 1)
        rows.append({"lon": lon, "lat": lat, "name": f"T{number}", "height": height, "rank": number % 4})
    return TinyRows(record, rows)


def _parks() -> TinyRows:
    attributes = (Attribute("park", "text"), Attribute("visitors", "integer"), Attribute("open", "boolean"))
    record = Layer("parks", 0, (), kind="zones", attributes=attributes)
    shapes = {
        "Dreieck": "POLYGON ((11.4 48.0, 11.7 48.0, 11.55 48.3, 11.4 48.0))",
        "Rahmen": "POLYGON ((11 47, 12 47, 12 49, 11 49, 11 47), "
        "(11.2 47.2, 11.8 47.2, 11.8 48.8, 11.2 48.8, 11.2 47.2))",
        "Inseln": "MULTIPOLYGON (((-1 0, 0 0, 0 1, -1 1, -1 0)), ((2 2, 3 2, 3 3, 2 3, 2 2)))",
    }
    facts = [("Dreieck", 120, True), ("Rahmen", None, False), ("Inseln", 7, None)]
    rows = [{"park": p, "visitors": v, "open": o, "geometry": shapes[p]} for p, v, o in facts]
    return TinyRows(record, rows)


@functools.cache
def tiny_rows() -> dict[str, TinyRows]:
    """All points and zones of the tiny cube by name."""
    return {layer.record.name: layer for layer in (make() for make in (_stations, _towers, _parks))}


def as_table(layer: TinyRows, rows: list[dict[str, Any]]) -> Any:
    """Rows as a store takes them."""
    import pyarrow as pa
    import shapely

    from cubeql.storage.rowcolumns import given_schema

    def stored(value: Any, name: str) -> Any:
        if name == "geometry":
            return shapely.to_wkb(shapely.from_wkt(value))
        return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value

    schema = given_schema(layer.record)
    return pa.table({f.name: pa.array([stored(r[f.name], f.name) for r in rows], f.type) for f in schema})


def write_rows(store: Any) -> None:
    """Write all points and zones to a store, those with time in two commits."""
    for layer in tiny_rows().values():
        half = len(layer.rows) // 2 if layer.record.time is not None else len(layer.rows)
        for mode, rows in (("create", layer.rows[:half]), ("append", layer.rows[half:])):
            if rows:
                with store.write_rows(layer.record, mode) as write:
                    write.add(as_table(layer, rows))
