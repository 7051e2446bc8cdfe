"""The doors of this room: what an ingest would do, and the ingest."""

from __future__ import annotations

import errno
import time
from dataclasses import fields, replace
from typing import Any

from cubeql.errors import ConfigError, IngestError, StoreError, nearest
from cubeql.ingest.allocator import give_back
from cubeql.ingest.faults import IngestCancelled, IngestStopped, refusal
from cubeql.ingest.fitting import made_out
from cubeql.ingest.gathering import Paths, gathered, offered
from cubeql.ingest.job import Cancel
from cubeql.ingest.ledger import sorted_out
from cubeql.ingest.mapcache import trim_cache
from cubeql.ingest.options import IngestOptions
from cubeql.ingest.portions import portions
from cubeql.ingest.report import IngestPlan, IngestReport, RowPlan
from cubeql.ingest.rowjob import ingest_rows, make_row_job
from cubeql.ingest.running import Progress, Run, existing_layer
from cubeql.storage import Store


def ingest(
    store: Store,
    sources: Paths,
    layer: str,
    *,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    **options: Any,
) -> IngestReport:
    """Read rasters into a grid layer, or files of points or polygons into one of points or zones.

    What fits one portion (see :class:`~cubeql.ingest.options.IngestOptions`) becomes visible in one commit or not at
    all. Of more, the portions that were finished stay, and the same ingest run again does the rest.

    Args:
        store: where the layer is or shall be.
        sources: a path, a pattern of paths, a folder, or several; CSV, Parquet, GeoPackage, GeoJSON, Shapefile and
            FlatGeobuf hold rows, everything else is a raster. ``areas.gpkg#parks`` names one layer of a file. Or STAC:
            the path or address of an item, collection, catalog or list of items, such an object or record, or a
            :class:`~cubeql.ingest.stac_search.Search`.
        layer: name of the layer.
        progress: called as the work goes on.
        cancel: asked again and again; True stops the ingest.
        **options: see :class:`~cubeql.ingest.options.IngestOptions`.

    Raises:
        IngestError: a source, an argument, or their fit to the layer.
        IngestStopped: alike, when portions were finished, which stay in the layer.
        IngestCancelled: ``cancel`` said so.
        StoreError: the store.
    """
    began = time.monotonic()
    chosen = _options(options)
    run = Run(store, layer, chosen, progress, cancel, began)
    try:
        found = gathered(sources, chosen)
        if found.of_rows:
            return ingest_rows(store, make_row_job(store, found.paths, layer, chosen), chosen, progress, cancel, began)
        run.run(*offered(found, chosen))
    except (OSError, IngestError, StoreError) as fault:
        told = _told(store, fault, run)
        if told is fault:
            raise
        raise told from fault
    finally:
        give_back()
    trim_cache(store.cache_folder)
    return run.report()


def plan_ingest(store: Store, sources: Paths, layer: str, **options: Any) -> IngestPlan | RowPlan:
    """What :func:`ingest` would do, without reading a pixel or a row.

    Raises:
        IngestError: as :func:`ingest` would before it begins.
    """
    chosen = _options(options)
    found = gathered(sources, chosen)
    if found.of_rows:
        return make_row_job(store, found.paths, layer, chosen).plan
    existing = existing_layer(store, layer, chosen)
    offers, left = offered(found, chosen)
    fresh = sorted_out(offers, existing, chosen)
    skipped = (*left, *fresh.skipped)
    cut = list(portions(fresh.offers, chosen, fresh.redone))
    job, bad = made_out(store, [one for portion in cut for one in portion], layer, existing, chosen)
    told = tuple((offer.name, str(fault)) for offer, fault in bad)
    if job is None:
        resolution = existing.resolution if existing is not None else 0
        return IngestPlan(layer, resolution, (), (), 0, skipped, 0, 0, 0, 0, 1.0, 0, (), 0, told)
    return replace(job.plan, sources=len(job.opened), skipped=skipped, portions=len(cut), bad=told)


def _options(given: dict[str, Any]) -> IngestOptions:
    known = [f.name for f in fields(IngestOptions)]
    for name in given:
        if name not in known:
            near = nearest(name, known) or tuple(known)
            raise ConfigError(f"ingest has no option {name!r}; there are {', '.join(near)}")
    options = IngestOptions(**given)
    if options.mode == "replace" and options.commit == "portions":
        raise ConfigError("a layer is replaced in one commit: leave out commit='portions'")
    if options.replace_changed and (options.commit == "whole" or options.mode == "replace"):
        raise ConfigError("what changed is replaced in commits of its own: leave out commit='whole' and mode='replace'")
    for name in ("portion_sources", "portion_bytes"):
        if getattr(options, name) < 1:
            raise ConfigError(f"{name} must be at least 1, but is {getattr(options, name)}")
    return options


def _told(store: Store, fault: Exception, run: Run) -> Exception:
    """What went wrong in the words of an ingest, and what of it is in the layer."""
    text = _in_words(store, fault)
    if isinstance(fault, IngestCancelled):
        return IngestCancelled(f"{fault}; {run.standing()}", run.report() if run.portions else None)
    if run.portions:
        text = f"{text or fault}; {run.standing()}"
        return StoreError(text) if isinstance(fault, StoreError) else IngestStopped(text, run.report())
    return fault if text is None else IngestError(f"{text}; {run.standing()}")


def _in_words(store: Store, fault: Exception) -> str | None:
    """A full or failing disk in words; None for what has its words."""
    cause: BaseException | None = fault
    while cause is not None and not isinstance(fault, IngestError):
        if isinstance(cause, OSError):
            if cause.errno in (errno.ENOSPC, errno.EDQUOT):
                return str(refusal(store.address, "the disk is full", "make room and run it again"))
            return str(refusal(store.address, f"cannot be written ({cause.strerror or cause})"))
        cause = cause.__cause__
    return None
