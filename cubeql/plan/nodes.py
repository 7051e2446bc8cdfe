"""The plan: what will be done, over tile rows as long as possible.

``Scan`` reads tile rows of one layer; ``Aligned`` brings them to the query's grid and tile; ``Cells`` lets aligned
layers meet tile by tile and then takes the tiles apart into one row a cell; ``Rows`` is a subquery, ``RowScan`` a layer
of points or zones; ``CellJoin`` lets relations meet cell by cell; ``Output`` is a SELECT over one of them.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

from cubeql.analyze.bound import Bound, Item, Match, OutputColumn, RegionRef, SortBy
from cubeql.catalog import CellSet, Layer
from cubeql.values.containment import Containment
from cubeql.values.slotted import dataclass
from cubeql.values.tiles import tile_resolution
from cubeql.values.times import TimeRange

ALWAYS = TimeRange()


@dataclass(frozen=True, slots=True)
class Node:
    """Root of plan nodes."""


Statistic = Literal["count", "sum", "min", "max"]


@dataclass(frozen=True, slots=True)
class Overview:
    """What is stored of groups of cells: ``statistics`` (band, which) of the cells below each cell of ``resolution``.

    At the resolution of the tiles it is one value a tile row, else an array of the coarser cells. Of the categorical
    band ``classes`` it is how many cells of a tile are of each class.
    """

    resolution: int
    statistics: tuple[tuple[str, Statistic], ...]
    classes: str | None = None


LEVEL = "$level"  # dimension of a scan of zones: a cell in several zones stands in as many levels


@dataclass(frozen=True, slots=True)
class Zoned:
    """What a scan of zones asks for beside its bands ``zone`` and ``fraction``.

    Attributes:
        layer: the layer of zones.
        containment: when a zone holds a cell.
        attributes: those that rows of cells need; they are joined by the zone's number.
        late: those that only name groups; they are looked up by the number of a group's zone.
        chosen: only zones for which all of these hold can matter.
        merged: attributes by which zones count as one, that of the smallest number; not empty only where the number
            itself is not asked for.
    """

    layer: Layer
    containment: Containment
    attributes: tuple[str, ...]
    late: tuple[str, ...] = ()
    chosen: tuple[Bound, ...] = ()
    merged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan(Node):
    """Tile rows of one layer.

    Attributes:
        name: of the relation in SQL, unique in the statement.
        source: number of the source in its query.
        alias: prefix of its columns.
        written: what the query calls it.
        bands: bands to read, at least one.
        times: only rows of these times can matter.
        region: only cells of this region can matter; pruning only.
        overview: read this in place of the bands' arrays.
        frozen: of each cell the latest valid value at or before this instant, datetime64[us]; the layer has no time.
        zones: what is asked of zones; ``layer`` is then the grid that the engine makes of them, of the query's own
            resolution.
        with_ends: read the end of each row's step, too; it is a key beside the time.
        values: tile rows matter only where each of these conditions holds at some of their cells.
        wanted: tiles matter only where each of these holds at some cell of some of their rows.
    """

    name: str
    source: int
    alias: str
    written: str
    layer: Layer
    version: int | None
    bands: tuple[str, ...]
    times: TimeRange = ALWAYS
    region: RegionRef | None = None
    overview: Overview | None = None
    frozen: Any = None
    zones: Zoned | None = None
    with_ends: bool = False
    values: tuple[Bound, ...] = ()
    wanted: tuple[Bound, ...] = ()

    @property
    def tile(self) -> int:
        """Resolution of the layer's tiles."""
        return tile_resolution(self.layer.resolution)


@dataclass(frozen=True, slots=True)
class Aligned(Node):
    """A layer on the query's grid: tile rows at ``tile`` with arrays of cells at ``resolution``."""

    scan: Scan
    resolution: int
    tile: int
    methods: tuple[tuple[str, str], ...] = ()

    @property
    def is_finer(self) -> bool:
        """Whether the layer has to be aggregated to the grid."""
        return self.scan.layer.resolution > self.resolution

    @property
    def needs_areas(self) -> bool:
        """Whether a method weighs the layer's cells by their area."""
        return self.is_finer and any(method == "area_mean" for _, method in self.methods)

    @property
    def is_coarser(self) -> bool:
        """Whether one value of the layer stands for several cells of the grid."""
        return self.scan.layer.resolution < self.resolution

    @property
    def is_scalar(self) -> bool:
        """Whether one value of the layer stands for a whole tile of the query."""
        return self.is_coarser and self.scan.layer.resolution <= self.tile


@dataclass(frozen=True, slots=True)
class Over:
    """Rows of a window of time that become one.

    Attributes:
        methods: (column, method) of each column.
        whole: those of the columns that hold integers.
        on_rows: conditions on scalars of tile rows, tested before.
        on_cells: all other conditions, tested before.
    """

    methods: tuple[tuple[str, str], ...]
    whole: frozenset[str] = frozenset()
    on_rows: tuple[Bound, ...] = ()
    on_cells: tuple[Bound, ...] = ()


@dataclass(frozen=True, slots=True)
class TileJoin(Node):
    """A layer that meets the driver tile by tile.

    ``on_rows`` conditions read scalars of tile rows only, ``on_cells`` read cells. With ``over`` the layer's rows of a
    window around each instant of the clock become one before they meet. With ``narrows`` no layer is read in tiles for
    which the joined one has no row.
    """

    aligned: Aligned
    kind: Literal["inner", "left", "semi", "anti"]
    match: Match | None
    on_rows: tuple[Bound, ...] = ()
    on_cells: tuple[Bound, ...] = ()
    over: Over | None = None
    narrows: bool = False

    @property
    def is_ranked(self) -> bool:
        """Whether the match takes the best of several candidates."""
        return self.match is not None and self.match.is_ranked

    @property
    def most(self) -> int:
        """How many rows of the joined layer may meet one row of the driver, where the match is ranked."""
        return self.match.count if self.match is not None else 1

    @property
    def takes_any_zone(self) -> bool:
        """Whether it is enough to know one zone of each cell."""
        return self.aligned.scan.zones is not None and self.kind in ("semi", "anti") and not self.on_cells

    @property
    def is_single(self) -> bool:
        """Whether a tile row of the driver surely meets at most one tile row."""
        layer = self.aligned.scan.layer
        if self.aligned.scan.zones is not None:
            return self.takes_any_zone
        if layer.dimensions:
            return False
        return layer.time is None or self.over is not None or (self.match is not None and self.match.kind == "equal")


@dataclass(frozen=True, slots=True)
class RegionTest(Node):
    """A region that cells are tested against; ``required`` drops tiles outside before they are taken apart."""

    name: str
    region: RegionRef
    required: bool = False


@dataclass(frozen=True, slots=True)
class Cells(Node):
    """One row a cell of the driving layer, with what joins bring to it.

    Attributes:
        row_filters: conditions on scalars of tile rows.
        cell_filters: all other conditions.
        regions: regions that the cells are tested against.
        geometry: which of ``area lon lat`` of each cell are needed.
        with_slot: whether the cell's place in the tile is needed.
        from_region: tiles come from the required region (the driver is coarser than the grid).
        points: scans of points, of which only tiles that hold some can matter.
        met: other cells, of a grid not coarser, in whose tiles alone these can matter.
        reason: why arrays are read where summaries were looked for.
    """

    name: str
    driver: Aligned
    joins: tuple[TileJoin, ...]
    row_filters: tuple[Bound, ...] = ()
    cell_filters: tuple[Bound, ...] = ()
    regions: tuple[RegionTest, ...] = ()
    geometry: tuple[str, ...] = ()
    with_slot: bool = True
    points: tuple[str, ...] = ()
    met: str | None = None
    reason: str = field(default="", compare=False)

    @property
    def resolution(self) -> int:
        """Resolution of the cells."""
        return self.driver.resolution

    @property
    def tile(self) -> int:
        """Resolution of the tiles that meet."""
        return self.driver.tile


@dataclass(frozen=True, slots=True)
class Summaries(Node):
    """Stored overviews of a layer in place of its cells: all that some aggregates need.

    Attributes:
        scan: reads the overview.
        row_filters: conditions on scalars of tile rows.
        conditions: on the classes that are read.
        settled: conditions on values that all cells of a tile row fulfil by what is stored of it.
        flags: conditions on values that all cells of a tile row fulfil, or none.
        edges: the query's cells, of tiles at an edge of its regions and of rows that are not settled; None without.
    """

    name: str
    scan: Scan
    row_filters: tuple[Bound, ...] = ()
    conditions: tuple[Bound, ...] = ()
    settled: tuple[Bound, ...] = ()
    flags: tuple[Bound, ...] = ()
    edges: Cells | None = None


@dataclass(frozen=True, slots=True)
class RowScan(Node):
    """Rows of a layer of points or zones; its columns are called ``alias.column``.

    Attributes:
        name: of the relation in SQL, unique in the statement.
        source: number of the source in its query.
        alias: prefix of its columns.
        written: what the query calls it.
        columns: columns to read, at least one.
        times: only rows of these times can matter.
        region: only points in this region can matter; pruning only.
        grids: resolutions at which its points meet cells; each adds a column :meth:`cell_at`.
    """

    name: str
    source: int
    alias: str
    written: str
    layer: Layer
    version: int | None
    columns: tuple[str, ...]
    times: TimeRange = ALWAYS
    region: RegionRef | None = None
    grids: tuple[int, ...] = ()

    def cell_at(self, resolution: int) -> str:
        """Name of the column of the cells of a resolution that hold the points.

        Such a cell need not be an ancestor of the point's cell: children stick out of their parents.
        """
        return f"{self.alias}.cell" if resolution == self.layer.resolution else f"{self.alias}.cell@{resolution}"


@dataclass(frozen=True, slots=True)
class HeldCells(Node):
    """The cells of a layer that hold points, a row each, time and dimension value; its columns are ``alias.column``.

    Attributes:
        scan: of the layer, at its own resolution.
        points: name of the scan of the points.
        match: how clocks meet, where the points' is the clock; it limits the times that are read.
    """

    scan: Scan
    points: str
    match: Match | None = None


@dataclass(frozen=True, slots=True)
class HeldByZones(Node):
    """Zones that hold the cells or points of the left side of a join; its columns are ``alias.column``."""

    scan: Scan


@dataclass(frozen=True, slots=True)
class Rows(Node):
    """A subquery as a source, with columns ``alias.column``; ``is_sealed`` if what may fail must not reach inside."""

    source: int
    alias: str
    written: str
    query: Node
    columns: tuple[OutputColumn, ...]
    is_sealed: bool = False


@dataclass(frozen=True, slots=True)
class CellList(Node):
    """A stored set of cells: rows of one column, ``cell``; ``name`` is the relation's in SQL."""

    name: str
    cells: CellSet


@dataclass(frozen=True, slots=True)
class CellJoin(Node):
    """Two relations that meet cell by cell; the right side's cells may be coarser.

    With ``over`` the right rows of a window around the left row's time become one; ``on`` is tested before.
    """

    left: Node
    right: Node
    source: int
    kind: Literal["inner", "left", "semi", "anti"]
    match: Match | None
    on: tuple[Bound, ...]
    over: Over | None = None


@dataclass(frozen=True, slots=True)
class Filtered(Node):
    """Rows for which all conditions hold."""

    input: Node
    conditions: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class Output(Node):
    """A SELECT over an input; of its rows about ``sample`` percent are taken, all where it is None."""

    input: Node
    columns: tuple[OutputColumn, ...]
    items: tuple[Item, ...]
    group_by: tuple[Bound, ...] | None = None
    having: Bound | None = None
    qualify: Bound | None = None
    distinct: bool = False
    order_by: tuple[SortBy, ...] = ()
    limit: int | None = None
    offset: int | None = None
    sample: float | None = None


@dataclass(frozen=True, slots=True)
class Combined(Node):
    """UNION ALL, EXCEPT or INTERSECT of two queries."""

    operator: str
    left: Node
    right: Node
    columns: tuple[OutputColumn, ...]
    order_by: tuple[SortBy, ...] = ()
    limit: int | None = None
    offset: int | None = None
