"""A region drawn by its corners: what it looks like, how large it is, and how a statement writes it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cubeql.drawing.raster import Places
from cubeql.drawing.view import Box, Floats, View, cell_km2
from cubeql.grid.cells import EARTH_RADIUS_KM
from cubeql.values.tiles import cell_count

Kind = Literal["box", "polygon"]
Place = tuple[float, float]

_TILE_DEPTH = 5
_MOST_COUNTED = 3_000_000  # cells; of more the area tells how many there are, about
_BENT = 24  # pieces of a straight edge: it is no straight line on the plane of the map


@dataclass(frozen=True, slots=True)
class Sketch:
    """A box by two opposite corners, or a polygon by three and more.

    Attributes:
        kind: what it becomes.
        corners: longitude and latitude of each; longitudes go on beyond 180 where it crosses the antimeridian.
        closed: whether it is finished.
    """

    kind: Kind
    corners: tuple[Place, ...] = ()
    closed: bool = False

    def with_corner(self, place: Place) -> Sketch:
        """One corner more, on the side of the earth where the last one is; a box is finished by its second."""
        lon, lat = place
        if self.corners:
            lon = self.corners[-1][0] + (lon - self.corners[-1][0] + 180.0) % 360.0 - 180.0
        corners = (*self.corners, (round(lon, 9), lat))
        return Sketch(self.kind, corners, self.kind == "box" and len(corners) == 2)

    def back(self) -> Sketch:
        """Without its last corner; one that was finished is open again."""
        return Sketch(self.kind, self.corners if self.closed and self.kind == "polygon" else self.corners[:-1])

    def fault(self) -> str | None:
        """Why it is no region; None where it is one."""
        west, south, east, north = self._bounds()
        if self.kind == "box" and (len(self.corners) < 2 or west == east or south == north):
            return "a box needs two opposite corners"
        if self.kind == "polygon":
            import shapely

            if len(set(self.corners)) < 3:
                return "a polygon needs three corners"
            if not shapely.Polygon(self.corners).is_valid:
                return "its edges cross each other"
        return None

    def finished(self) -> Sketch:
        """The same, closed."""
        return replace(self, closed=True)

    def _bounds(self) -> tuple[float, float, float, float]:
        lon, lat = zip(*self.corners, strict=True) if self.corners else ((0.0,), (0.0,))
        return min(lon), min(lat), max(lon), max(lat)

    @property
    def box(self) -> Box:
        """The region between its outermost corners."""
        west, south, east, north = self._bounds()
        return Box(_brought_back(west), south, _brought_back(east), north)

    def ring(self) -> Places:
        """Its edges, closed, longitudes and latitudes."""
        west, south, east, north = self._bounds()
        corners = self.corners
        if self.kind == "box":
            corners = ((west, south), (east, south), (east, north), (west, north))
        lon, lat = (np.array(degrees, np.float64) for degrees in zip(*corners, corners[0], strict=True))
        return lon, lat

    def lines(self, pointer: Place | None = None) -> tuple[Places, ...]:
        """What is drawn of it: with the edge to the pointer while it is open."""
        shown = self if self.closed or pointer is None or not self.corners else self.with_corner(pointer)
        if not shown.corners:
            return ()
        lon, lat = shown.ring()
        if shown.kind == "polygon" and not self.closed:
            lon, lat = lon[:-1], lat[:-1]
        return (_bent(lon, lat),)

    def km2(self) -> float:
        """Its area on the sphere; edges are straight in longitude and latitude."""
        lon, lat = (np.radians(degrees) for degrees in self.ring())
        rise = np.diff(lat)
        with np.errstate(invalid="ignore", divide="ignore"):
            under = np.where(np.abs(rise) > 1e-12, -np.diff(np.cos(lat)) / rise, np.sin(lat[:-1]))
        return float(abs((np.diff(lon) * under).sum()) * EARTH_RADIUS_KM**2)

    def condition(self) -> str:
        """As FILTER takes it."""
        if self.kind == "box":
            return f"cell WITHIN BBOX({', '.join(_number(edge) for edge in self.box)})"
        corners = ", ".join(f"{_number(lon)} {_number(lat)}" for lon, lat in (*self.corners, self.corners[0]))
        return f"cell WITHIN POLYGON 'POLYGON (({corners}))'"

    def count(self, resolution: int) -> int | None:
        """How many cells have their middle in it; None where they are too many to be counted. May take a second."""
        from cubeql.grid import regions

        if self.km2() / cell_km2(resolution) > _MOST_COUNTED:
            return None
        text = self.condition().split("'")
        shape = regions.bbox(*self.box) if self.kind == "box" else regions.polygon_wkt(text[1])
        found = 0
        for tile in shape.cover(max(0, resolution - _TILE_DEPTH)).tolist():
            mask = shape.mask(tile, resolution)
            whole = cell_count(tile, resolution) if mask is True else 0
            found += whole if isinstance(mask, bool) else int(mask.sum())
        return found


def place_in(view: View, x: int, y: int) -> Place:
    """The place of a pixel, with no more digits than the window tells apart."""
    digits = max(0, math.ceil(-math.log10(view.scale / 4)))
    lon, lat = view.place(x, y)
    return round(lon, digits), round(lat, digits)


def _number(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".") or "0"


def _brought_back(lon: float) -> float:
    return lon if -180.0 <= lon <= 180.0 else round((lon + 180.0) % 360.0 - 180.0, 9)


def _bent(lon: Floats, lat: Floats) -> Places:
    at = np.arange(len(lon), dtype=np.float64)
    fine = np.linspace(0, len(lon) - 1, (len(lon) - 1) * _BENT + 1)
    return np.interp(fine, at, lon), np.interp(fine, at, lat)
