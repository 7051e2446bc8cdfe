"""What is known of these places from elsewhere holds after the whole way through a store."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from cubeql.demo.sources import DATA
from tests.support import product
from tests.truth import places


def test_forest_is_grey_in_february_and_green_in_june(demo: Any) -> None:
    session = demo.with_layers("s2")
    text = """
    FROM s2 FILTER scl IN ('vegetation', 'not_vegetated')
    GROUP BY month(time) AS month SELECT month, median(ndvi(nir, red)) AS ndvi
    """
    ndvi = dict(product.query(session, text).rows)
    # All 140 dates of the source give 0.27 and 0.88; the demo has 33 of them.
    assert ndvi[2] == pytest.approx(0.27, abs=0.03)
    assert ndvi[6] == pytest.approx(0.88, abs=0.02)
    assert min(ndvi, key=lambda month: ndvi[month]) == 2


def test_summer_greenness_follows_the_tree_cover_map(demo: Any) -> None:
    session = demo.with_layers("s2", "trees")
    text = """
    WITH summer AS (
      FROM s2
      FILTER scl IN ('vegetation', 'not_vegetated')
      FILTER time DURING '2017/2018' AND month(time) BETWEEN 6 AND 8
      GROUP BY cell SELECT cell, median(ndvi(nir, red)) AS greenness
    )
    FROM summer JOIN trees SELECT corr(greenness, tree_cover) AS r, count(*) AS cells
    """
    ((r, cells),) = product.query(session, text).rows
    assert r == pytest.approx(0.77, abs=0.03)
    assert cells > 20_000


@pytest.mark.slow
def test_climate_agrees_with_what_tower_teams_measured(demo: Any) -> None:
    session = demo.with_layers("climate")
    text = "FROM climate FILTER cell WITHIN FILE '{}' GROUP BY cell SELECT cell, avg(t2m) AS temperature"
    found, measured = _at_towers(session, text, "temperature_degc", 4)
    assert len(found) == 116
    assert np.corrcoef(found, measured)[0, 1] == pytest.approx(0.982, abs=0.001)
    assert np.abs(found - measured).mean() == pytest.approx(1.2, abs=0.1)


@pytest.mark.slow
def test_heights_agree_with_what_tower_teams_measured(demo: Any) -> None:
    session = demo.with_layers("dem")
    text = "FROM dem FILTER cell WITHIN FILE '{}' SELECT cell, elevation"
    found, measured = _at_towers(session, text, "elevation_m", 5)
    assert len(found) == 118
    assert np.corrcoef(found, measured)[0, 1] == pytest.approx(0.985, abs=0.001)


def _at_towers(session: Any, text: str, column: str, resolution: int) -> tuple[Any, Any]:
    """Values of the cells that hold towers beside what the towers say; towers without a value left out."""
    path = DATA / "towers.geojson"
    features = json.loads(path.read_text("utf-8"))["features"]
    lon, lat = np.array([f["geometry"]["coordinates"] for f in features]).T
    values = dict(product.query(session, text.format(path)).rows)
    cells = places.cells_at(lon, lat, resolution)
    pairs = [
        (values[int(c)], f["properties"][column])
        for c, f in zip(cells, features, strict=True)
        if int(c) in values
    ]
    known = np.array([pair for pair in pairs if pair[1] is not None], float)
    return known[:, 0], known[:, 1]
