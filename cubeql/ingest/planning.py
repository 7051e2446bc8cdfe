"""From what the user said to a job: sources opened, layer made out, tiles and memory reckoned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cubeql.catalog import Layer
from cubeql.errors import IngestError, StoreError
from cubeql.ingest.bands import chosen_bands
from cubeql.ingest.board import BandUse
from cubeql.ingest.faults import refusal
from cubeql.ingest.gridmap import Family
from cubeql.ingest.layering import Shape, band_uses, dimensions_of, fitted, layer_record
from cubeql.ingest.ledger import fresh_sources, marked
from cubeql.ingest.mapcache import GridMaps, kept_tiles
from cubeql.ingest.methods import family_of
from cubeql.ingest.opening import Paths, expanded, open_source
from cubeql.ingest.options import DECLARED, IngestOptions
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


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """An ingest made out and ready to run.

    Attributes:
        layer: the record to write.
        existing: the layer as it is, None for a new one.
        feeds: the sources to read.
        skipped: (source, why) of the others.
        plan: its figures.
    """

    layer: Layer
    existing: Layer | None
    feeds: tuple[Feed, ...]
    skipped: tuple[tuple[str, str], ...]
    plan: IngestPlan


def make_job(store: Store, sources: Paths, layer: str, options: IngestOptions) -> Job:
    """Open the sources and settle everything that can be known before a pixel is read.

    Raises:
        IngestError: a source, an argument, or their fit to the layer.
        StoreError: the store.
    """
    existing = store.layer(layer) if options.mode != "replace" else None
    if options.mode == "create" and existing is not None:
        raise refusal(f"layer {layer}", "it exists already", "append to it, or give mode='replace'")
    fresh = fresh_sources(expanded(sources), existing, options)
    options = fresh.options
    if existing is not None and not fresh.paths:
        return _nothing_to_do(existing, fresh.skipped)
    opened = [_open(p, options) for p in fresh.paths]
    shape = _shape(opened[0], existing, options)
    _check_size(opened, shape, options)
    choices = chosen_bands(opened, options)
    bands, uses = band_uses(opened, choices, options, existing, shape)
    times, axis = times_of(opened, options)
    dimensions, kept = dimensions_of(opened, options)
    record = layer_record(existing.name if existing else layer, shape, bands, uses, dimensions, axis, opened, options)
    if existing is not None:
        record = fitted(existing, record, options)
    record = marked(_named(record), existing, fresh.marks)
    feeds = _feeds(
        store,
        opened,
        uses,
        [moments_of(s, t, kept) for s, t in zip(opened, times, strict=True)],
        shape,
        options,
    )
    _check_sums(feeds)
    plan = _plan(record, feeds, shape, fresh.skipped, _notes(opened, kept))
    return Job(record, existing, feeds, fresh.skipped, plan)


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


def _open(path: str, options: IngestOptions) -> Source:
    wanted = [options.bands] if isinstance(options.bands, str | int) else options.bands
    if wanted is not None:
        wanted = list(wanted.values()) if hasattr(wanted, "values") else list(wanted)
    names = wanted if isinstance(wanted, list) and all(isinstance(w, str) and not w.isdigit() for w in wanted) else None
    return open_source(
        path,
        variables=names,
        crs=options.crs,
        nodata=options.nodata if options.nodata != DECLARED else DECLARED,
        time_tag=options.time_tag,
        time_dimension=options.time_dimension,
    )


def _shape(source: Source, existing: Layer | None, options: IngestOptions) -> Shape:
    pixel = pixel_area_km2(source.name, source.grid)
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
        resolution = nearest_resolution(pixel)
    return Shape(resolution, cell_area_km2(resolution) / pixel)


def _cells(sources: Iterable[Source], resolution: int) -> int:
    """Estimate of the cells of one picture; scenes of one grid are taken for pictures of one place."""
    grids = {s.grid for s in sources}
    return sum(int(grid_area_km2(g) / cell_area_km2(resolution)) + 1 for g in grids)


def _check_size(sources: Sequence[Source], shape: Shape, options: IngestOptions) -> None:
    """Refuse a resolution that makes very many cells out of few pixels."""
    pixels = sum(g.pixels for g in {s.grid for s in sources})
    cells = _cells(sources, shape.resolution)
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


def _plan(
    layer: Layer,
    feeds: Sequence[Feed],
    shape: Shape,
    skipped: tuple[tuple[str, str], ...],
    notes: tuple[str, ...],
) -> IngestPlan:
    cells = _cells((f.source for f in feeds), shape.resolution)
    moments = {m for f in feeds for _, m in f.pictures}
    uses = {u.name: u for f in feeds for u in f.uses}
    sizes = sum(u.storage.itemsize + 1 for u in uses.values())
    return IngestPlan(
        layer=layer.name,
        resolution=layer.resolution,
        methods=tuple((n, u.method) for n, u in uses.items()),
        storage=tuple((n, u.storage.name) for n, u in uses.items()),
        sources=len(feeds),
        skipped=skipped,
        tiles=int(np.unique(np.concatenate([f.tiles for f in feeds])).size),
        pictures=len(moments),
        cells=cells,
        pixels_per_cell=shape.pixels_per_cell,
        arrays_bytes=cells * len(moments) * sizes,
        notes=notes,
    )


def _notes(sources: Sequence[Source], kept: tuple[int, ...]) -> tuple[str, ...]:
    left = [d for i, d in enumerate(sources[0].dimensions) if i not in kept]
    return tuple(f"the axis {d.name} has the one value {d.values[0]} and is left out" for d in left)


def _nothing_to_do(existing: Layer, skipped: tuple[tuple[str, str], ...]) -> Job:
    plan = IngestPlan(existing.name, existing.resolution, (), (), 0, skipped, 0, 0, 0, 1.0, 0, ())
    return Job(existing, existing, (), skipped, plan)
