"""Zones: 3,100 polygons side by side over the data, met with its cells and joined to its heights."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from benchmarks import places
from benchmarks.data import Data
from benchmarks.measure import Row
from benchmarks.reading import asked
from cubeql.catalog import Attribute, Layer
from cubeql.grid.cells import centers
from cubeql.grid.zoning import Zones
from cubeql.session import Session
from cubeql.values.containment import Containment

COUNT = 3_100
_PIECES = 12  # corners along an edge, on average; counties have about a hundred


def mosaic(tiles: NDArray[np.int64], count: int = COUNT) -> NDArray[np.object_]:
    """Polygons side by side that cover the tiles, their edges bent a little."""
    lon, lat = centers(tiles)
    frame = shapely.box(lon.min() - 1, lat.min() - 1, lon.max() + 1, lat.max() + 1)
    west, south, east, north = frame.bounds
    random = np.random.default_rng(7)
    points = np.column_stack([random.uniform(west, east, count), random.uniform(south, north, count)])
    cells = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=frame)
    parts = shapely.intersection(shapely.get_parts(cells), frame)
    edge = np.sqrt(frame.area / count) / _PIECES
    return np.asarray(shapely.transform(shapely.segmentize(parts, edge), lambda xy: _bent(xy, edge)))


def _bent(xy: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Moved by waves of the place itself, so that neighbours keep their border."""
    wave = np.column_stack([np.sin(xy[:, 1] * 3 / width), np.sin(xy[:, 0] * 3 / width)])
    moved: NDArray[np.float64] = xy + wave * width / 4
    return moved


def write(session: Session, data: Data) -> None:
    """Give the store the layer ``counties``, where it lacks it."""
    if session.store.layer("counties") is not None:
        return
    shapes = mosaic(np.array(places.tiles(data.tiles), np.int64))
    layer = Layer("counties", 3, (), kind="zones", attributes=(Attribute("name", "text"),))
    with session.store.write_rows(layer, "create") as rows:
        rows.add(pa.table({"name": [f"County {n}" for n in range(len(shapes))], "geometry": shapely.to_wkb(shapes)}))


def assigned(data: Data, containment: Containment) -> Callable[[], int]:
    """Tiles met with all polygons, nothing cached; gives the number of cells."""
    tiles = np.array(places.tiles(data.tiles), np.int64)
    zones = Zones(mosaic(tiles))

    def run() -> int:
        for tile in tiles.tolist():
            zones.assign(tile, 9, containment)
        return data.cells

    return run


def rows(session: Session, data: Data) -> Iterator[Row]:
    """The rows of this page."""
    write(session, data)
    for containment in ("center", "overlap", "area"):
        yield Row(f"zones/assign by {containment}", assigned(data, containment))
    plain = "zones/grouped without zones"
    by_height = "FROM dem GROUP BY elevation // 100 AS h SELECT h, avg(elevation) AS m, count(*) AS n"
    yield Row(plain, asked(session, by_height, data.cells))
    joined = "FROM dem JOIN counties AS c GROUP BY {} SELECT {}, avg(elevation) AS m, count(*) AS n"
    yield Row("zones/by number", asked(session, joined.format("c.zone", "c.zone"), data.cells), plain)
    yield Row("zones/by number and name", asked(session, joined.format("c.zone, c.name", "c.name"), data.cells), plain)
    yield Row("zones/by name", asked(session, joined.format("c.name", "c.name"), data.cells), plain)
    yield Row("zones/by upper case name", asked(session, joined.format("upper(c.name) AS u", "u"), data.cells), plain)
