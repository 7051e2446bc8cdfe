"""From what the user said to a job: sources opened, layer made out, tiles and memory reckoned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cubeql.catalog import Layer
from cubeql.errors import IngestError, StoreError
from cubeql.ingest.bands import chosen_bands
from cubeql.ingest.board import BandUse, Moment
from cubeql.ingest.faults import refusal
from cubeql.ingest.gridmap import Family
from cubeql.ingest.layering import Shape, band_uses, dimensions_of, fitted, layer_record
from cubeql.ingest.mapcache import GridMaps, kept_tiles
from cubeql.ingest.methods import family_of
from cubeql.ingest.offers import Opened
from cubeql.ingest.options import IngestOptions
from cubeql.ingest.pixelgrid import PixelGrid
from cubeql.ingest.report import IngestPlan
from cubeql.ingest.resolution import cell_area_km2, grid_area_km2, nearest_resolution, pixel_area_km2
from cubeql.ingest.source import Source
from cubeql.ingest.stamps import moments_of, times_of
from cubeql.ingest.tiler import Feed
from cubeql.storage import Store
from cubeql.storage.names import check_columns, check_layer_name
from cubeql.values.tiles import tile_resolution

_CELLS_PER_PIXEL = 8
_BLOCKS = 5  # pieces as the largest that must fit the memory: a library may hold two of them, and packed ones


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A portion of an ingest made out and ready to run.

    Attributes:
        layer: the record to write.
        existing: the layer as it is, None for a new one.
        opened: the offers to read.
        feeds: their sources.
        plan: its figures.
    """

    layer: Layer
    existing: Layer | None
    opened: tuple[Opened, ...]
    feeds: tuple[Feed, ...]
    plan: IngestPlan

    def moments_of(self, one: Opened) -> tuple[Moment, ...]:
        """The different moments of an offer's pictures."""
        own = {id(s) for s in one.sources}
        found = {m for f in self.feeds if id(f.source) in own for _, m in f.pictures}
        return tuple(sorted(found, key=lambda m: m.order))


def make_job(
    store: Store, opened: Sequence[Opened], layer: str, existing: Layer | None, options: IngestOptions
) -> Job:
    """Settle everything that can be known before a pixel is read.

    Args:
        store: where the layer is or shall be.
        opened: the sources.
        layer: its name.
        existing: the layer as it is, None for a new one.
        options: what the user said.

    Raises:
        IngestError: a source, an argument, or their fit to the layer.
        StoreError: the store.
    """
    sources = [s for one in opened for s in one.sources]
    given = [one.offer.given for one in opened for _ in one.sources]
    shape = _shape(opened, existing, options)
    _check_size(sources, shape, options)
    choices = chosen_bands(opened, options)
    bands, uses = band_uses(sources, choices, options, existing, shape)
    times, axis = times_of(sources, given, options)
    dimensions, kept = dimensions_of(sources, options)
    record = layer_record(existing.name if existing else layer, shape, bands, uses, dimensions, axis, sources, options)
    if existing is not None:
        record = fitted(existing, record, options)
    moments = [moments_of(s, t, kept) for s, t in zip(sources, times, strict=True)]
    feeds = _feeds(store, sources, uses, moments, shape, options)
    _check_sums(feeds)
    _check_blocks(feeds, options)
    plan = _plan(record, feeds, shape.pixels_per_cell[0], _notes(sources, kept))
    return Job(_named(record), existing, tuple(opened), feeds, plan)


def _named(layer: Layer) -> Layer:
    """The layer, if its names are names.

    Raises:
        IngestError: says which is not, and why.
    """
    try:
        check_layer_name(layer.name)
        check_columns(layer)
    except StoreError as fault:
        raise IngestError(str(fault)) from fault
    return layer


def _shape(opened: Sequence[Opened], existing: Layer | None, options: IngestOptions) -> Shape:
    """The resolution that suits the finest source of the first offer, unless it is given or settled."""
    areas: dict[PixelGrid, float] = {}
    for source in (s for one in opened for s in one.sources):
        if source.grid not in areas:
            areas[source.grid] = pixel_area_km2(source.name, source.grid)
    resolution = options.resolution
    if resolution is not None and not 0 <= resolution <= 15:
        raise refusal("resolution", f"{resolution} is no H3 resolution", "0 to 15")
    if existing is not None:
        if resolution is not None and resolution != existing.resolution:
            raise refusal(
                f"layer {existing.name}",
                f"its resolution is {existing.resolution}, not {resolution}",
                "leave out resolution=",
            )
        resolution = existing.resolution
    if resolution is None:
        resolution = nearest_resolution(min(areas[s.grid] for s in opened[0].sources))
    cell = cell_area_km2(resolution)
    return Shape(resolution, tuple(cell / areas[s.grid] for one in opened for s in one.sources))


def _grid_cells(grid: PixelGrid, resolution: int) -> int:
    return int(grid_area_km2(grid) / cell_area_km2(resolution)) + 1


def _check_size(sources: Sequence[Source], shape: Shape, options: IngestOptions) -> None:
    """Refuse a resolution that makes very many cells out of few pixels."""
    grids = {s.grid for s in sources}
    pixels = sum(g.pixels for g in grids)
    cells = sum(_grid_cells(g, shape.resolution) for g in grids)
    if cells <= options.max_cells or cells <= _CELLS_PER_PIXEL * pixels:
        return
    suits = nearest_resolution(pixel_area_km2(sources[0].name, sources[0].grid))
    raise refusal(
        sources[0].name,
        f"resolution {shape.resolution} would make {cells:,} cells a picture out of {pixels:,} pixels",
        f"resolution {suits} suits its pixels; give max_cells={cells} to do it all the same",
    )


def _feeds(
    store: Store,
    sources: Sequence[Source],
    uses: Sequence[tuple[BandUse, ...]],
    moments: Sequence[tuple[tuple[int, object], ...]],
    shape: Shape,
    options: IngestOptions,
) -> tuple[Feed, ...]:
    covers: dict[PixelGrid, NDArray[np.int64]] = {}
    maps: dict[tuple[PixelGrid, Family], GridMaps] = {}
    feeds = []
    for source, own, pictures in zip(sources, uses, moments, strict=True):
        grid = source.grid
        if grid not in covers:
            covers[grid] = kept_tiles(grid, tile_resolution(shape.resolution), store.cache_folder)
        for use in own:
            family = family_of(use.method)
            if (grid, family) not in maps:
                pixel = pixel_area_km2(source.name, grid)
                memory = max(2**20, options.memory_limit // 16)
                maps[grid, family] = GridMaps(
                    grid, shape.resolution, family, covers[grid], pixel, store.cache_folder, memory
                )
        by_family = {f: m for (g, f), m in maps.items() if g == grid}
        feeds.append(Feed(source, own, pictures, covers[grid], by_family))  # type: ignore[arg-type]
    return tuple(feeds)


def _check_blocks(feeds: Sequence[Feed], options: IngestOptions) -> None:
    """Refuse what can only be unpacked in pieces that would not fit the memory."""
    for feed in feeds:
        block = max((u.band.block_bytes for u in feed.uses), default=0)
        if block > options.memory_limit // _BLOCKS:
            needed = block * _BLOCKS
            raise refusal(
                feed.source.name,
                f"is packed in pieces of {block / 2**20:,.0f} MiB, each of which has to be unpacked whole",
                "write it in tiles (gdal_translate -co TILED=YES, nccopy -c), or give more memory: "
                f"memory_limit={needed}",
            )


def _check_sums(feeds: Sequence[Feed]) -> None:
    """Scenes of one time that overlap would be counted twice by sums."""
    summing = [f for f in feeds if any(u.method == "sum" for u in f.uses)]
    by_moment: dict[object, list[Feed]] = {}
    for feed in summing:
        for _, moment in feed.pictures:
            by_moment.setdefault(moment, []).append(feed)
    for group in by_moment.values():
        for i, feed in enumerate(group):
            for other in group[:i]:
                if {u.name for u in feed.uses} & {u.name for u in other.uses} and _overlap(feed, other):
                    found = f"overlaps {other.source.name} at one time: sum would count pixels twice"
                    raise refusal(feed.source.name, found, "mosaic them first, or use mean")


def _overlap(feed: Feed, other: Feed) -> bool:
    a, b = feed.source.grid, other.source.grid
    if not np.intersect1d(feed.tiles, other.tiles).size:
        return False
    if a.crs != b.crs:
        return True
    boxes = [_box(g) for g in (a, b)]
    # Half a pixel: neighbours that share an edge do not overlap.
    slack = [abs(g.transform[0]) / 2 + abs(g.transform[1]) / 2 for g in (a, b)]
    room = min(slack)
    (w1, s1, e1, n1), (w2, s2, e2, n2) = boxes
    return bool(w1 + room < e2 and w2 + room < e1 and s1 + room < n2 and s2 + room < n1)


def _box(grid: PixelGrid) -> tuple[float, float, float, float]:
    a, b, c, d, e, f = grid.transform
    corners = [(a * u + b * v + c, d * u + e * v + f) for u in (0, grid.width) for v in (0, grid.height)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _plan(layer: Layer, feeds: Sequence[Feed], pixels_per_cell: float, notes: tuple[str, ...]) -> IngestPlan:
    uses = {u.name: u for f in feeds for u in f.uses}
    pictures = _cells_of_pictures(feeds, layer.resolution)
    return IngestPlan(
        layer=layer.name,
        resolution=layer.resolution,
        methods=tuple((n, u.method) for n, u in uses.items()),
        storage=tuple((n, u.storage.name) for n, u in uses.items()),
        sources=0,
        skipped=(),
        tiles=int(np.unique(np.concatenate([f.tiles for f in feeds])).size),
        pictures=len(pictures),
        cells=max(max(own.values()) for own in pictures.values()),
        all_cells=sum(max(own.values()) for own in pictures.values()),
        pixels_per_cell=pixels_per_cell,
        arrays_bytes=sum(
            cells * (uses[band].storage.itemsize + 1) for own in pictures.values() for band, cells in own.items()
        ),
        notes=notes,
        disk_bytes=int(
            sum(cells * uses[band].disk_bytes for own in pictures.values() for band, cells in own.items())
        ),
    )


def _cells_of_pictures(feeds: Sequence[Feed], resolution: int) -> dict[Moment, dict[str, int]]:
    """Estimate of the cells of each band in each picture; scenes of one grid are taken for pictures of one place."""
    known: dict[PixelGrid, int] = {}
    grids: dict[Moment, dict[str, set[PixelGrid]]] = {}
    for feed in feeds:
        grid = feed.source.grid
        known.setdefault(grid, _grid_cells(grid, resolution))
        for _, moment in feed.pictures:
            own = grids.setdefault(moment, {})
            for use in feed.uses:
                own.setdefault(use.name, set()).add(grid)
    return {m: {band: sum(known[g] for g in some) for band, some in own.items()} for m, own in grids.items()}


def _notes(sources: Sequence[Source], kept: tuple[int, ...]) -> tuple[str, ...]:
    left = [d for i, d in enumerate(sources[0].dimensions) if i not in kept]
    return tuple(f"the axis {d.name} has the one value {d.values[0]} and is left out" for d in left)

