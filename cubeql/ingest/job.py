"""An ingest from beginning to commit."""

from __future__ import annotations

import errno
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import fields
from typing import Any

from cubeql.errors import ConfigError, IngestError, StoreError, nearest
from cubeql.ingest.allocator import give_back
from cubeql.ingest.faults import IngestCancelled, refusal
from cubeql.ingest.mapcache import trim_cache
from cubeql.ingest.opening import Paths
from cubeql.ingest.options import IngestOptions, Mode
from cubeql.ingest.planning import Job, make_job
from cubeql.ingest.report import IngestPlan, IngestProgress, IngestReport, RowPlan
from cubeql.ingest.rowjob import ingest_rows, is_of_rows, make_row_job
from cubeql.ingest.tiler import Batch, Tiler
from cubeql.storage import Store, TileBlock

Progress = Callable[[IngestProgress], None]
Cancel = Callable[[], bool]

_AHEAD = 1  # batches made while one is being written


def ingest(
    store: Store,
    sources: Paths,
    layer: str,
    *,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    **options: Any,
) -> IngestReport:
    """Read rasters into a grid layer, or files of points or polygons into one of points or zones: all, or nothing.

    Args:
        store: where the layer is or shall be.
        sources: a path, a pattern of paths, or several; CSV, Parquet, GeoPackage, GeoJSON, Shapefile and FlatGeobuf
            hold rows, everything else is a raster. ``areas.gpkg#parks`` names one layer of a file.
        layer: name of the layer.
        progress: called as the work goes on.
        cancel: asked again and again; True stops the ingest.
        **options: see :class:`~cubeql.ingest.options.IngestOptions`.

    Raises:
        IngestError: a source, an argument, or their fit to the layer; the layer is as it was.
        IngestCancelled: ``cancel`` said so; the layer is as it was.
        StoreError: the store.
    """
    began = time.monotonic()
    chosen = _options(options)
    if is_of_rows(sources):
        return _rows(store, sources, layer, chosen, progress, cancel, began)
    job = make_job(store, sources, layer, chosen)
    if not job.feeds:
        return _report(job, None, 0, 0, 0, 0, began)
    stop = threading.Event()
    watch = _Watch(cancel, stop)
    tiler = Tiler(job.layer.resolution, [b.name for b in job.layer.bands], job.feeds, _memory(chosen), watch.check)
    try:
        report = _run(store, job, tiler, chosen, progress, watch, began)
    except OSError as fault:
        raise _disk(store, fault) from fault
    except StoreError as fault:
        raise _explained(store, fault) from fault
    finally:
        for feed in job.feeds:
            feed.source.close()
        give_back()
    trim_cache(store.cache_folder)
    return report


def _rows(
    store: Store,
    sources: Paths,
    layer: str,
    options: IngestOptions,
    progress: Progress | None,
    cancel: Cancel | None,
    began: float,
) -> IngestReport:
    job = make_row_job(store, sources, layer, options)
    try:
        return ingest_rows(store, job, options, progress, cancel, began)
    except OSError as fault:
        raise _disk(store, fault) from fault
    except StoreError as fault:
        raise _explained(store, fault) from fault


def plan_ingest(store: Store, sources: Paths, layer: str, **options: Any) -> IngestPlan | RowPlan:
    """What :func:`ingest` would do, without reading a pixel or a row.

    Raises:
        IngestError: as :func:`ingest` would before it begins.
    """
    chosen = _options(options)
    if is_of_rows(sources):
        return make_row_job(store, sources, layer, chosen).plan
    return make_job(store, sources, layer, chosen).plan


def _options(given: dict[str, Any]) -> IngestOptions:
    known = [f.name for f in fields(IngestOptions)]
    for name in given:
        if name not in known:
            near = nearest(name, known) or tuple(known)
            raise ConfigError(f"ingest has no option {name!r}; there are {', '.join(near)}")
    return IngestOptions(**given)


def _memory(options: IngestOptions) -> int:
    """Bytes for the pixels and cells of one batch.

    Three are in hand (being made, waiting, being written) beside the rows that the store is collecting and
    encoding, the grid maps and the blocks that the raster library keeps.
    """
    return max(2**20, options.memory_limit // 8)


class _Watch:
    """Asks whether to stop, from the thread that reads and the one that writes."""

    def __init__(self, cancel: Cancel | None, stop: threading.Event) -> None:
        self._cancel, self.stop = cancel, stop

    def check(self) -> None:
        if self._cancel is not None and self._cancel():
            raise IngestCancelled("the ingest was cancelled; the layer is as it was")
        if self.stop.is_set():
            raise IngestCancelled("the ingest was stopped; the layer is as it was")


def _run(
    store: Store,
    job: Job,
    tiler: Tiler,
    options: IngestOptions,
    progress: Progress | None,
    watch: _Watch,
    began: float,
) -> IngestReport:
    mode: Mode = "append" if job.existing is not None else "create"
    if options.mode == "replace":
        mode = "replace"
    done = cells = 0
    tiles: set[int] = set()
    batches = ahead(tiler.batches(), watch.stop)
    try:
        with store.write(
            job.layer, mode, options.on_conflict, buffer_bytes=max(2**20, options.memory_limit // 8)
        ) as write:
            for batch in batches:
                for block in batch.blocks:
                    write.add(block)
                    tiles.add(block.tile)
                    cells += _valid_cells(block)
                done += batch.pairs
                watch.check()
                if progress is not None:
                    progress(IngestProgress(done, tiler.pairs, cells, time.monotonic() - began))
            if not tiles:
                names = ", ".join(f.source.name for f in job.feeds[:3])
                raise refusal(
                    names,
                    "no cell gets a value: there is no valid pixel",
                    "check nodata=, crs= and the bands",
                )
    finally:
        batches.close()
    return _report(job, write.version, len(tiles), write.rows, cells, write.bytes, began)


def _valid_cells(block: TileBlock) -> int:
    """Cells with a value in at least one band."""
    flags = [valid for _, valid in block.bands.values()]
    some = flags[0]
    for other in flags[1:]:
        some = some | other
    return int(some.sum())


def ahead(batches: Iterator[Batch], stop: threading.Event) -> Generator[Batch]:
    """Make the next batch in a thread of its own while one is being written.

    Closing the iterator stops the thread and waits for it.
    """
    made: queue.Queue[Batch | BaseException | None] = queue.Queue(maxsize=_AHEAD)

    def offer(item: Batch | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                made.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def make() -> None:
        try:
            for batch in batches:
                if not offer(batch):
                    return
            offer(None)
        except BaseException as fault:
            # Whatever it is, it belongs to the thread that waits.
            offer(fault)

    thread = threading.Thread(target=make, name="cubeql-ingest", daemon=True)
    thread.start()
    try:
        while (item := made.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()


def _report(job: Job, version: int | None, tiles: int, rows: int, cells: int, size: int, began: float) -> IngestReport:
    return IngestReport(
        layer=job.layer.name,
        version=version,
        resolution=job.layer.resolution,
        methods=job.plan.methods,
        sources=tuple(f.source.name for f in job.feeds),
        skipped=job.skipped,
        tiles=tiles,
        rows=rows,
        cells=cells,
        bytes=size,
        maps_made=sum({id(m): m.made for f in job.feeds for m in f.maps.values()}.values()),
        seconds=time.monotonic() - began,
        notes=job.plan.notes,
    )


def _disk(store: Store, fault: OSError) -> IngestError:
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return refusal(store.address, "the disk is full", "make room and run it again; the layer is as it was")
    return refusal(store.address, f"cannot be written ({fault.strerror or fault})", "the layer is as it was")


def _explained(store: Store, fault: StoreError) -> StoreError | IngestError:
    """What the store refuses; a full disk is said in the words of an ingest."""
    cause: BaseException | None = fault
    while cause is not None:
        if isinstance(cause, OSError):
            return _disk(store, cause)
        cause = cause.__cause__
    return fault
