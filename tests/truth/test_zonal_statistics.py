"""Zonal statistics of the demo's heights against the source raster, cell by cell and polygon by polygon."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import pyarrow as pa
import pytest
import shapely

import cubeql
from cubeql.catalog import Attribute, Layer
from tests.support import product
from tests.truth import rasters

BOX = (5.0, 43.0, 12.0, 48.0)


def mosaic() -> Any:
    """Forty polygons side by side over the Alps, and one more across many of them."""
    rng = np.random.default_rng(11)
    points = np.column_stack([rng.uniform(BOX[0], BOX[2], 40), rng.uniform(BOX[1], BOX[3], 40)])
    cells = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=shapely.box(*BOX))
    parts = shapely.intersection(shapely.get_parts(cells), shapely.box(*BOX))
    return np.append(parts, shapely.Point(8.0, 46.0).buffer(1.3).difference(shapely.Point(8.0, 46.0).buffer(0.4)))


@pytest.mark.slow
def test_heights_of_polygons_are_those_of_the_cells_with_their_centre_inside(demo: Any, tmp_path: Path) -> None:
    shutil.copytree(str(demo.with_layers("dem").store.address), tmp_path / "own")  # the demo's is read only
    session, shapes = cubeql.connect(tmp_path / "own"), mosaic()
    layer = Layer("alps", 3, (), kind="zones", attributes=(Attribute("name", "text"),))
    names = [f"z{n}" for n in range(len(shapes))]
    with session.store.write_rows(layer, "replace") as write:
        write.add(pa.table({"name": names, "geometry": shapely.to_wkb(shapes)}))
    text = """FROM dem JOIN alps AS z GROUP BY z.zone, z.name
    SELECT z.zone, count(*) AS n, avg(elevation) AS mean, quantile(elevation, 0.9) AS high ORDER BY z.zone"""
    found = {zone: values for zone, *values in product.query(session, text).rows}
    wanted = {zone: heights for zone, shape in enumerate(shapes, 1) if (heights := by_hand(shape))}
    assert found.keys() == wanted.keys()
    assert len(wanted) > 30
    for zone, heights in wanted.items():
        assert found[zone][0] == len(heights)
        assert found[zone][1:] == pytest.approx([np.mean(heights), np.quantile(heights, 0.9)], rel=1e-9)


def by_hand(shape: Any) -> list[float]:
    """The heights of all cells of resolution 5 with their centre in a polygon."""
    west, south, east, north = shape.bounds
    box = [(south - 1, west - 1), (north + 1, west - 1), (north + 1, east + 1), (south - 1, east + 1)]
    cells = h3.h3shape_to_cells(h3.LatLngPoly(box), 5)
    heights = []
    for cell in cells:
        lat, lon = h3.cell_to_latlng(cell)
        if shape.intersects(shapely.Point(lon, lat)):
            heights.append(rasters.elevation().mean(int(cell)))
    return [v for v in heights if not np.isnan(v)]
