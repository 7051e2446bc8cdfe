"""What a session remembers from one statement to the next."""

from __future__ import annotations

from dataclasses import dataclass, field

from cubeql.engine.arrayblocks import ArrayBlocks
from cubeql.engine.geometry import GeometryCache
from cubeql.engine.regions import RegionCache
from cubeql.engine.rowtables import RowTables
from cubeql.engine.tilekeys import TileKeys
from cubeql.engine.zonecache import ZoneCache


@dataclass(slots=True)
class Caches:
    """What a session remembers of tiles, since tiles come back."""

    geometry: GeometryCache = field(default_factory=GeometryCache)
    zones: ZoneCache = field(default_factory=ZoneCache)
    regions: RegionCache = field(default_factory=RegionCache)
    rows: RowTables = field(default_factory=RowTables)
    keys: TileKeys = field(default_factory=TileKeys)
    arrays: ArrayBlocks = field(default_factory=ArrayBlocks)
