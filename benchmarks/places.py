"""Where on earth: the cells that data is made for, and regions that queries name."""

from __future__ import annotations

import h3

CENTRE = (46.5, 25.0)
"""Latitude and longitude that the data lies around, in Transylvania."""

LARGE = "POLYGON((22.2 45.3, 27.6 45.1, 28.0 47.4, 25.0 48.1, 21.9 47.3, 22.2 45.3))"
"""Half of Romania: tens of tiles of resolution 4, many of them cut by its border."""

SMALL = "POLYGON((25.00 46.50, 25.06 46.49, 25.07 46.54, 25.02 46.56, 25.00 46.50))"
"""A county town and its fields: some hundred cells of resolution 9."""

WINDOW = "BBOX(24.5, 46.2, 25.5, 46.8)"
"""Fifty thousand cells of resolution 9, of several tiles."""

POINT = "POINT(25.03, 46.52)"
"""One cell."""


def tiles(count: int, resolution: int = 4) -> list[int]:
    """That many tiles around the centre, the nearest first."""
    middle = h3.latlng_to_cell(*CENTRE, resolution)
    steps = 0
    while len(h3.grid_disk(middle, steps)) < count:
        steps += 1
    near = sorted(h3.grid_disk(middle, steps), key=lambda c: (h3.grid_distance(middle, c), c))
    return [int(c, 16) for c in near[:count]]
