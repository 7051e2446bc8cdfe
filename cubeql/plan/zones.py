"""Zones as a layer on the query's own grid, which the engine makes when the statement runs."""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import ZonesRef
from cubeql.catalog import Band, Dimension
from cubeql.plan.nodes import LEVEL, Scan, Zoned

_NUMBER = Band("zone", "int32")
_SHARE = Band("fraction", "float64")


def zones_scan(source: ZonesRef, number: int, resolution: int, alias: str, name: str, used: set[str]) -> Scan:
    """The scan of a joined layer of zones.

    Args:
        source: the layer.
        number: of the source in its query.
        resolution: of the query's grid.
        alias: prefix of its columns.
        name: of its relation.
        used: its columns that the query names.
    """
    share = (_SHARE,) if source.containment == "area" and "fraction" in used else ()
    grid = replace(
        source.layer, kind="grid", resolution=resolution, bands=(_NUMBER, *share),
        dimensions=(Dimension(LEVEL, "integer"),), attributes=(), time=None,
    )  # fmt: skip
    attributes = tuple(a.name for a in source.layer.attributes if a.name in used)
    zoned = Zoned(source.layer, source.containment, attributes)
    bands = tuple(b.name for b in grid.bands)
    return Scan(name, number, alias, source.alias, grid, source.version, bands, zones=zoned)
