"""The pixel grid of a source: reference system, affine transform, shape; and places on it.

Pixel coordinates are (column, row), the corner of the first pixel is (0, 0) and its centre (0.5, 0.5), so
the floor of a pixel coordinate is the pixel that holds it. On a grid that goes round the earth the columns
have no end: column ``width + 3`` is column 3, and a window may lie across the seam.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cubeql.ingest.faults import refusal

if TYPE_CHECKING:
    import pyproj

Floats = NDArray[np.float64]
_LON_LAT = "OGC:CRS84"
_MOST_KEPT = 32


@dataclass(frozen=True, slots=True)
class PixelWindow:
    """A block of pixels; on a grid that goes round the earth its columns may lie beyond the seam."""

    row: int
    column: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """How many pixels it holds."""
        return self.height * self.width

    def union(self, other: PixelWindow) -> PixelWindow:
        """The smallest window that holds both."""
        row, column = min(self.row, other.row), min(self.column, other.column)
        bottom = max(self.row + self.height, other.row + other.height)
        right = max(self.column + self.width, other.column + other.width)
        return PixelWindow(row, column, bottom - row, right - column)


@dataclass(frozen=True, slots=True)
class PixelGrid:
    """Where the pixels of a source lie.

    Attributes:
        crs: the reference system as WKT.
        transform: ``(a, b, c, d, e, f)`` with x = a*column + b*row + c and y = d*column + e*row + f.
        width: columns.
        height: rows.
        period: the x extent of the whole earth for longitudes (360 in degrees), None for projected systems.
    """

    crs: str
    transform: tuple[float, float, float, float, float, float]
    width: int
    height: int
    period: float | None = None

    @property
    def is_lonlat(self) -> bool:
        """Whether columns are longitudes and rows latitudes of some datum."""
        _, b, _, d, _, _ = self.transform
        return self.period is not None and b == 0 and d == 0

    @property
    def turn(self) -> int:
        """Columns after which the same place comes again, 0 where the grid does not go round the earth.

        A grid with a few columns more than the earth is round repeats them; only the first count.
        """
        if not self.is_lonlat or self.period is None:
            return 0
        columns = self.period / abs(self.transform[0])
        return min(self.width, max(1, round(columns))) if self.width > columns - 0.5 else 0

    @property
    def pixels(self) -> int:
        """How many pixels it has."""
        return self.width * self.height

    @property
    def digest(self) -> str:
        """Hexadecimal digest of everything that decides where a pixel lies."""
        text = repr((self.crs, self.transform, self.width, self.height, self.period))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def make_grid(source: object, crs: Any, transform: Sequence[float], width: int, height: int) -> PixelGrid:
    """The checked grid of a source.

    Args:
        source: name for messages.
        crs: anything :meth:`pyproj.CRS.from_user_input` reads, None where the source states none.
        transform: the six numbers of :class:`PixelGrid`.
        width: columns.
        height: rows.

    Raises:
        IngestError: no reference system, an empty, singular or missing transform, no pixels.
    """
    a, b, c, d, e, f = (float(v) for v in transform[:6])
    if width < 1 or height < 1:
        raise refusal(source, f"has no pixels ({width} x {height})")
    if (a, b, c, d, e, f) == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0):
        raise refusal(
            source,
            "has no transform from pixels to coordinates",
            "georeference it first (gdalwarp, gdal_edit)",
        )
    if not all(math.isfinite(v) for v in (a, b, c, d, e, f)) or a * e - b * d == 0:
        raise refusal(source, f"has the transform {(a, b, c, d, e, f)}, which maps pixels onto no area")
    system = _checked_crs(source, crs)
    period = _period(system)
    return PixelGrid(system.to_wkt(), (a, b, c, d, e, f), int(width), int(height), period)


def _checked_crs(source: object, crs: Any) -> pyproj.CRS:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    if crs is None or crs == "":
        raise refusal(source, "states no reference system", "give it as crs=, for example crs='EPSG:4326'")
    try:
        system = CRS.from_user_input(crs)
    except CRSError as fault:
        raise refusal(source, f"has the unknown reference system {str(crs)[:80]!r}", "give it as crs=") from fault
    if system.is_engineering or system.is_geocentric or system.is_vertical:
        raise refusal(
            source,
            f"has the reference system {system.name!r}, which has no place on the earth",
            "give it as crs=",
        )
    return system


def _period(system: pyproj.CRS) -> float | None:
    if not system.is_geographic or not system.axis_info:
        return None
    unit = system.axis_info[0].unit_conversion_factor
    period = 2 * math.pi / unit if unit else 360.0
    return round(period, 6)


class Projector:
    """Places between longitude and latitude (WGS84 degrees) and the pixels of one grid.

    Holds a PROJ transformer, so use it from one thread only.
    """

    def __init__(self, grid: PixelGrid) -> None:
        self.grid = grid
        self._transformer = _transformer(grid.crs)
        a, b, _, d, e, _ = grid.transform
        det = a * e - b * d
        self._inverse = (e / det, -b / det, -d / det, a / det)

    def pixels(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Pixel coordinates (column, row) of places; not finite where the projection has none.

        Of the longitudes that mean the same place the one at or east of the grid's western edge is taken.
        """
        x, y = lon, lat
        if self._transformer is not None:
            x, y = self._transformer.transform(lon, lat)
        _, _, c, _, _, f = self.grid.transform
        ia, ib, id_, ie = self._inverse
        with np.errstate(invalid="ignore"):
            dx, dy = x - c, y - f
            if self.grid.period is not None:
                dx = self._unrolled(dx)
            return ia * dx + ib * dy, id_ * dx + ie * dy

    def _unrolled(self, dx: Floats) -> Floats:
        """Offsets from the first corner's longitude, moved by whole turns onto the grid's own side."""
        period = self.grid.period
        assert period is not None
        a, b, _, d, _, _ = self.grid.transform
        if b == 0 and d == 0:
            turned = np.mod(dx, period)
            return turned if a > 0 else np.where(turned > 0, turned - period, turned)
        corners = [0.0, a * self.grid.width, b * self.grid.height, a * self.grid.width + b * self.grid.height]
        west = min(corners)
        return np.asarray(np.mod(dx - west, period) + west)

    def lonlat(self, column: Floats, row: Floats) -> tuple[Floats, Floats]:
        """Longitude and latitude, degrees, of pixel coordinates; NaN where that is no place on earth."""
        a, b, c, d, e, f = self.grid.transform
        lon, lat = a * column + b * row + c, d * column + e * row + f
        if self._transformer is not None:
            lon, lat = self._transformer.transform(lon, lat, direction="INVERSE")
        with np.errstate(invalid="ignore"):
            # A node at the pole may be off by the last digit of a float32 axis.
            lat = np.where((np.abs(lat) > 90) & (np.abs(lat) < 90.0001), np.sign(lat) * 90.0, lat)
            known = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90)
        return np.where(known, lon, np.nan), np.where(known, lat, np.nan)


class _Kept(threading.local):
    """Transformers by reference system: making one may take half a second, and a thread needs its own."""

    def __init__(self) -> None:
        self.transformers: OrderedDict[str, Any] = OrderedDict()


_kept = _Kept()


def _transformer(crs: str) -> Any:
    """From WGS84 longitude and latitude to a reference system; None where that changes nothing."""
    from pyproj import CRS, Transformer

    found = _kept.transformers
    if crs not in found:
        system = CRS.from_wkt(crs)
        plain = _is_lon_lat(system)
        found[crs] = None if plain else Transformer.from_crs(_LON_LAT, system, always_xy=True)
        if len(found) > _MOST_KEPT:
            found.popitem(last=False)
    return found[crs]


def _is_lon_lat(system: pyproj.CRS) -> bool:
    """Whether x and y simply are WGS84 longitude and latitude in degrees."""
    from pyproj import CRS

    return system.is_geographic and (
        system.equals(CRS.from_user_input(_LON_LAT), ignore_axis_order=True)
        or system.equals(CRS.from_epsg(4326), ignore_axis_order=True)
    )
