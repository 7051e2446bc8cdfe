"""The zones of the tiny cube: small polygons in every awkward relation to its cells and to each other."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import shapely

from cubeql.catalog.records import Attribute, Layer


@dataclass(frozen=True)
class TinyZones:
    """A layer of zones: its record, and a row a zone: its attributes, and ``geometry``."""

    record: Layer
    rows: tuple[dict[str, Any], ...] = field(repr=False)


def _districts() -> TinyZones:
    """West and east share a border; the hole of east holds core, which is larger; pair lies in west and far away; one
    without a name is smaller than any cell; one crosses the antimeridian; another west lies elsewhere."""
    box = shapely.box
    kinds = ((1, "town"), (2, "country"))
    attributes = (
        Attribute("name", "text"), Attribute("people", "integer"), Attribute("limit_m", "number", unit="m"),
        Attribute("kind", "integer", classes=kinds), Attribute("open", "boolean"),
    )  # fmt: skip
    dateline = shapely.multipolygons([box(178.5, -18.5, 180, -15.5), box(-180, -18.5, -178.8, -15.5)])
    values: list[tuple[Any, ...]] = [
        ("west", 120, 300.0, 2, True, box(11.20, 48.05, 11.48, 48.30)),
        ("east", 80, 450.5, 2, None, box(11.48, 48.05, 11.70, 48.30).difference(box(11.53, 48.15, 11.58, 48.21))),
        ("core", 900, None, 1, True, box(11.52, 48.14, 11.59, 48.22)),
        ("pair", None, 120.0, 1, False,
         shapely.multipolygons([box(11.40, 48.11, 11.44, 48.14), box(10.78, 48.72, 10.90, 48.80)])),
        (None, 3, 0.0, None, True, box(11.5001, 48.1701, 11.5003, 48.1703)),
        ("dateline", 7, -2.5, 2, False, dateline),
        ("west", 40, 610.0, 2, True, box(10.74, 48.68, 10.86, 48.84)),
        ("cap", 0, 1.0, 2, False, box(-180, 80, 180, 90)),
    ]  # fmt: skip
    names = [*(a.name for a in attributes), "geometry"]
    record = Layer("districts", 5, (), kind="zones", attributes=attributes, licence="CC0-1.0")
    return TinyZones(record, tuple(dict(zip(names, row, strict=True)) for row in values))


def _parts() -> TinyZones:
    """Two triangles that share an edge, for queries that join zones twice."""
    lower = shapely.Polygon([(11.15, 48.0), (11.65, 48.02), (11.2, 48.3)])
    upper = shapely.Polygon([(11.65, 48.02), (11.7, 48.35), (11.2, 48.3)])
    record = Layer("parts", 5, (), kind="zones", attributes=(Attribute("code", "text"),))
    return TinyZones(record, ({"code": "p", "geometry": lower}, {"code": "q", "geometry": upper}))


@functools.cache
def tiny_zones() -> dict[str, TinyZones]:
    """All layers of zones by name."""
    return {layer.record.name: layer for layer in (_districts(), _parts())}


def write_zones(store: Any) -> None:
    """Write them to a store, the second half of the rows as an append."""
    for layer in tiny_zones().values():
        middle = len(layer.rows) // 2
        for mode, rows in (("create", layer.rows[:middle]), ("append", layer.rows[middle:])):
            with store.write_rows(layer.record, mode) as write:
                write.add(as_table(layer, rows))


def as_table(layer: TinyZones, rows: tuple[dict[str, Any], ...]) -> Any:
    """Zones as a store takes them."""
    import pyarrow as pa

    kinds = {"integer": pa.int64(), "number": pa.float64(), "text": pa.string(), "boolean": pa.bool_()}
    types = {a.name: kinds[a.type] for a in layer.record.attributes}
    columns = {n: pa.array([r[n] for r in rows], t) for n, t in types.items()}
    columns["geometry"] = pa.array([shapely.to_wkb(r["geometry"]) for r in rows], pa.binary())
    return pa.table(columns)
