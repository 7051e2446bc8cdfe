"""The expected answers of the demo's queries, from the source rasters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import numpy as np
import pyogrio
import shapely

from cubeql.demo.sources import DATA
from tests.support.answers import Answer, Cell, Row
from tests.truth import places, rasters, scenes

VEGETATION, NOT_VEGETATED = 4, 5
CROPLANDS = 12


def greenness() -> Answer:
    """Median NDVI of two summers by tree cover."""
    s2 = scenes.sentinel2("10m", 13)
    summer = np.isin(s2.years, (2017, 2018)) & np.isin(s2.months, (6, 7, 8))
    clear = np.isin(s2.bands["scl"], (VEGETATION, NOT_VEGETATED)) & summer[:, None]
    values = np.where(clear, s2.index("nir", "red"), np.nan)[summer]
    seen = np.isfinite(values).any(axis=0)
    median = np.nanmedian(values[:, seen], axis=0)
    cover = _cover(s2.cells[seen])
    rows = []
    for low in range(0, 120, 20):
        found = median[(cover >= low) & (cover < low + 20)]
        if found.size:
            rows.append((float(low), found.mean(), found.std(ddof=1), found.size))
    return _answer(("cover_from", "ndvi", "spread", "cells"), rows)


def _cover(cells: Any) -> Any:
    """Tree cover of finer cells: that of their parents; -1 without one."""
    known = scenes.tree_cover(12)
    return np.array([known.get(int(p), -1) for p in places.parents(cells, 12)])


def season() -> Answer:
    """NDVI of each calendar month with the climate of that month, by land cover."""
    s2 = scenes.sentinel2("10m", 13)
    clear = np.isin(s2.bands["scl"], (VEGETATION, NOT_VEGETATED))
    ndvi = s2.index("nir", "red")
    clear &= np.isfinite(ndvi)
    wide, deep = (np.unique(places.parents(s2.cells, r), return_inverse=True) for r in (6, 4))
    covers = rasters.landcover().at(*places.centres(wide[0]))[wide[1]]
    climate = {b: np.array([rasters.monthly(b, int(c)) for c in deep[0]])[deep[1]] for b in ("t2m", "tp")}
    rows = []
    for month in range(1, 13):
        for code in np.unique(covers):
            picked = clear & (s2.months == month)[:, None] & (covers == code)[None, :]
            if not picked.any():
                continue
            weights = picked.sum(axis=0)
            means = [np.average(climate[b][:, month - 1], weights=weights) for b in ("t2m", "tp")]
            rows.append((month, int(code), np.median(ndvi[picked]), *means, int(picked.sum())))
    return _answer(("month", "class", "ndvi", "temperature", "precipitation", "observations"), rows)


def moisture() -> Answer:
    """Greenness with moisture of the nearest day, the earlier of two as near, within 21 days."""
    fine, wide = scenes.sentinel2("10m", 13), scenes.sentinel2("20m", 12)
    position = {int(c): i for i, c in enumerate(wide.cells)}
    above = np.array([position.get(int(p), -1) for p in places.parents(fine.cells, 12)])
    ndvi, ndmi = fine.index("nir", "red"), wide.index("nir", "swir")
    rows = []
    for i, day in enumerate(fine.days):
        apart = np.abs((wide.days - day).astype(int))
        j = int(np.argmin(apart))
        if apart[j] > 21:
            continue
        both = (
            (fine.bands["scl"][i] == VEGETATION) & (above >= 0) & (wide.bands["scl"][j][above] == VEGETATION)
        )
        if both.sum() >= 5000:
            a, b = ndvi[i][both], ndmi[j][above[both]]
            rows.append(
                (
                    _time(day),
                    _time(wide.days[j]),
                    a.mean(),
                    b.mean(),
                    np.corrcoef(a, b)[0, 1],
                    int(both.sum()),
                )
            )
    return _answer(("day", "nearest_day", "ndvi", "ndmi", "r", "cells"), rows)


def mosaic() -> Answer:
    """The latest clear view of each cell of dense forest, by its day."""
    s2 = scenes.sentinel2("10m", 13)
    clear = (s2.bands["scl"] == VEGETATION) & (_cover(s2.cells) >= 70)[None, :]
    ndvi = s2.index("nir", "red")
    last = np.where(clear.any(axis=0), clear.shape[0] - 1 - np.argmax(clear[::-1], axis=0), -1)
    rows = []
    for i in sorted(set(last.tolist()) - {-1}, reverse=True):
        found = ndvi[i][last == i]
        rows.append((_time(s2.days[i]), found.size, found.mean()))
    return _answer(("seen", "cells", "ndvi"), rows)


def highland() -> Answer:
    """Area and height of the land cover of Ethiopia from 1500 m up."""
    cells = _cells_within(6, DATA / "ethiopia.geojson")
    height = _heights(cells)
    cells, height = cells[height >= 1500], height[height >= 1500]
    codes = rasters.landcover().at(*places.centres(cells))
    rows = [
        (int(c), places.area_km2(cells[codes == c]), height[codes == c].mean(), height[codes == c].max())
        for c in np.unique(codes)
    ]
    rows.sort(key=lambda row: -row[1])
    return _answer(("class", "km2", "mean_elevation", "highest"), rows)


def lapse() -> Answer:
    """January on the cropland of Anatolia, by height."""
    box = (26, 36, 45, 42)
    cells = _cropland(box)
    lon, lat = places.centres(cells)
    cells = cells[(lon >= box[0]) & (lon <= box[2]) & (lat >= box[1]) & (lat <= box[3])]
    height, january = _heights(cells), _above(cells, 4, lambda c: rasters.monthly("t2m", c)[0])
    both = np.isfinite(height) & np.isfinite(january)
    low = np.floor(height[both] / 250) * 250
    rows = []
    for edge in np.unique(low):
        found = january[both][low == edge]
        rows.append((float(edge), found.mean(), found.min(), found.size))
    return _answer(("from_height", "january", "coldest", "cells"), rows)


def hot_fields() -> Answer:
    """The regions where cropland has the hottest month."""
    cells = _cropland((-180, -90, 180, 90))
    temperature = _above(cells, 4, lambda c: rasters.monthly("t2m", c))
    rain = _above(cells, 4, lambda c: rasters.monthly("tp", c))
    known = np.isfinite(temperature).any(axis=1) | np.isfinite(rain).any(axis=1)
    cells, temperature, rain = cells[known], temperature[known], rain[known]
    regions = places.parents(cells, 2)
    rows = []
    for region in np.unique(regions):
        here = regions == region
        if here.sum() >= 100:
            t = temperature[here]
            rows.append(
                (Cell(region), int(here.sum()), t.max(), t.mean(axis=1).mean(), rain[here].sum(axis=1).mean())
            )
    rows.sort(key=lambda row: (-row[2], row[0]))
    return _answer(("region", "fields", "hottest", "year_mean", "rain"), rows[:8])


def towers() -> Answer:
    """Climate, height and cover of the cells that hold flux towers."""
    lon, lat = tower_places()
    cells = np.unique(places.cells_at(lon, lat, 4))
    found: dict[int, list[tuple[float, float, float]]] = {}
    for cell in cells:
        t, rain = rasters.monthly("t2m", int(cell)), rasters.monthly("tp", int(cell))
        heights = np.array([rasters.elevation().mean(int(c)) for c in places.children(int(cell), 5)])
        if not (np.isfinite(t).any() and np.isfinite(heights).any()):
            continue
        codes = rasters.landcover().at(*places.centres(places.children(int(cell), 6)))
        mode = int(np.argmax(np.bincount(codes)))
        found.setdefault(mode, []).append((t.mean(), rain.sum(), float(np.nanmean(heights))))
    rows = [(code, len(v), *np.mean(v, axis=0)) for code, v in found.items()]
    rows.sort(key=lambda row: (-row[1], row[0]))
    return _answer(("class", "cells", "temperature", "rain", "elevation"), rows)


def tower_places() -> tuple[Any, Any]:
    """Longitudes and latitudes of the flux towers."""
    _, _, wkb, _ = pyogrio.raw.read(DATA / "towers.geojson")
    points = shapely.from_wkb(wkb)
    return shapely.get_x(points), shapely.get_y(points)


# ---------------------------------------------------------------- cells and what lies above them


def _cells_within(resolution: int, path: Any) -> Any:
    """Cells whose centre is in the polygons of a file."""
    _, _, wkb, _ = pyogrio.raw.read(path)
    shape = shapely.union_all(shapely.from_wkb(wkb))
    lon, lat = rasters.landcover().centres_in(*shape.bounds)
    cells = places.with_neighbours(places.cells_at(lon, lat, resolution), 2)
    return cells[shapely.contains_xy(shape, *places.centres(cells))]


def _cropland(box: tuple[float, float, float, float]) -> Any:
    """Cells of resolution 6 whose centre lies in a pixel of cropland near a box."""
    cover = rasters.landcover()
    lon, lat = cover.centres_in(*box)
    fields = cover.at(lon, lat) == CROPLANDS
    # Every place in a pixel has one of these four within 2 km, and a cell reaches at least 2.6 km.
    quarter = cover.step / 4
    found = [
        places.cells_at(lon[fields] + right, lat[fields] + up, 6)
        for right in (-quarter, quarter)
        for up in (-quarter, quarter)
    ]
    cells = np.unique(np.concatenate(found))
    return cells[cover.at(*places.centres(cells)) == CROPLANDS]


def _above(cells: Any, resolution: int, value: Callable[[int], Any]) -> Any:
    """A value of the parents of cells, computed once for each parent."""
    above, back = np.unique(places.parents(cells, resolution), return_inverse=True)
    return np.array([value(int(c)) for c in above])[back]


def _heights(cells: Any) -> Any:
    return _above(cells, 5, rasters.elevation().mean)


def _time(day: np.datetime64) -> datetime:
    return datetime.fromisoformat(str(day))


def _answer(columns: tuple[str, ...], rows: Iterable[Row]) -> Answer:
    """Plain Python values; the order of the rows is part of the answer."""
    plain = tuple(tuple(v.item() if isinstance(v, np.generic) else v for v in row) for row in rows)
    return Answer(columns, plain, order=tuple((i,) for i in range(len(plain))))


ANSWERS: dict[str, Callable[[], Answer]] = {
    "greenness": greenness, "season": season, "moisture": moisture, "mosaic": mosaic, "highland": highland,
    "lapse": lapse, "hot_fields": hot_fields, "towers": towers,
}  # fmt: skip
