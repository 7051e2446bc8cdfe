"""Where longitudes end, at the poles and at the coasts, cells get what the source rasters have there."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import pytest

from tests.support import product
from tests.truth import places, rasters

PLACES = {
    "Greenwich, where the climate's columns end": (0.02, 51.48),
    "just west of it": (-0.05, 45.0),
    "Chukotka, east of the antimeridian": (-179.9, 68.5),
    "Chukotka, west of it": (179.95, 68.6),
    "Fiji": (179.99, -16.6),
    "Antarctica at the antimeridian": (180.0, -80.0),
    "South Pole": (0.0, -90.0),
    "North Pole, sea": (0.0, 90.0),
    "open ocean": (-30.0, 0.0),
    "Lisbon, at the coast": (-9.15, 38.72),
    "Singapore, near the equator": (103.82, 1.35),
}
EACH = pytest.mark.parametrize(("lon", "lat"), PLACES.values(), ids=list(PLACES))


@pytest.mark.slow
@EACH
def test_climate(demo: Any, lon: float, lat: float) -> None:
    session = demo.with_layers("climate")
    text = "FROM climate FILTER cell WITHIN POINT($lon, $lat) SELECT time, t2m, tp ORDER BY time"
    rows = product.query(session, text, {"lon": lon, "lat": lat}).rows
    (cell,) = places.cells_at([lon], [lat], 4)
    expected = [
        (datetime(2000, month, 1), t2m, tp)
        for month, (t2m, tp) in enumerate(
            zip(rasters.monthly("t2m", int(cell)), rasters.monthly("tp", int(cell)), strict=True), 1
        )
        if not math.isnan(t2m)
    ]
    assert [row[0] for row in rows] == [row[0] for row in expected]
    for found, right in zip(rows, expected, strict=True):
        assert found[1:] == pytest.approx(right[1:], rel=1e-9)


@pytest.mark.slow
@EACH
def test_elevation(demo: Any, lon: float, lat: float) -> None:
    session = demo.with_layers("dem")
    text = "FROM dem FILTER cell WITHIN POINT($lon, $lat) SELECT elevation"
    found = [row[0] for row in product.query(session, text, {"lon": lon, "lat": lat}).rows]
    right = rasters.elevation().mean(int(places.cells_at([lon], [lat], 5)[0]))
    assert found == ([] if math.isnan(right) else [pytest.approx(right, rel=1e-9)])


@pytest.mark.slow
@EACH
def test_land_cover(demo: Any, lon: float, lat: float) -> None:
    session = demo.with_layers("landcover")
    text = "FROM landcover FILTER cell WITHIN POINT($lon, $lat) SELECT class"
    (found,) = product.query(session, text, {"lon": lon, "lat": lat}).rows
    centre = places.centres(places.cells_at([lon], [lat], 6))
    assert found == (int(rasters.landcover().at(*centre)[0]),)
