"""Layers at the places of flux towers, against the source rasters at the cells that h3 itself names."""

from __future__ import annotations

from typing import Any

import h3
import numpy as np
import pytest

from tests.support import product
from tests.truth import places, rasters
from tests.truth.answers import tower_places


def cell(lon: float, lat: float, resolution: int) -> int:
    return h3.str_to_int(h3.latlng_to_cell(lat, lon, resolution))


@pytest.fixture(scope="module")
def towers(demo: Any) -> Any:
    return demo.with_layers("towers", "dem", "landcover", "climate")


def test_each_tower_takes_the_height_and_the_class_of_the_cells_that_hold_it(towers: Any) -> None:
    text = "FROM towers LEFT JOIN dem JOIN landcover SELECT lon, lat, elevation, class"
    rows = product.query(towers, text).rows
    lon, lat = tower_places()
    assert sorted((r[0], r[1]) for r in rows) == sorted(zip(lon.tolist(), lat.tolist(), strict=True))
    off = 0
    for x, y, height, code in rows:
        wanted = rasters.elevation().mean(cell(x, y, 5))
        assert height is None if np.isnan(wanted) else height == pytest.approx(wanted, rel=1e-6)
        assert code == rasters.landcover().at(*places.centres(np.array([cell(x, y, 6)])))[0]
        parent = h3.str_to_int(h3.cell_to_parent(h3.latlng_to_cell(y, x, 15), 5))
        off += parent != cell(x, y, 5)
    assert off > 0  # else this would not tell the cell that holds a tower from an ancestor


def test_each_tower_takes_every_month_of_the_climate(towers: Any) -> None:
    text = "FROM towers JOIN climate GROUP BY lon, lat SELECT lon, lat, count(*) AS n, avg(t2m) AS t, sum(tp) AS rain"
    rows = product.query(towers, text).rows
    assert len(rows) > 110
    for x, y, count, mean, rain in rows:
        here = cell(x, y, 4)
        t, tp = rasters.monthly("t2m", here), rasters.monthly("tp", here)
        assert count == int(np.isfinite(t).sum())
        assert (mean, rain) == pytest.approx((float(np.nanmean(t)), float(np.nansum(tp))), rel=1e-5)


def test_cells_meet_the_towers_that_they_hold(towers: Any) -> None:
    rows = product.query(towers, "FROM landcover JOIN towers SELECT cell, lon, lat").rows
    assert len(rows) == 121
    assert all(int(c) == cell(x, y, 6) for c, x, y in rows)
