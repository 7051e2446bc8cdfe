"""From what the user names to offers: paths, patterns of paths, folders, scenes of several files, STAC."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from cubeql.errors import IngestError
from cubeql.ingest.faults import refusal, shown
from cubeql.ingest.folders import sources_below
from cubeql.ingest.netcdf import is_zarr
from cubeql.ingest.offers import Offer, identity_of, states_of
from cubeql.ingest.opening import open_source
from cubeql.ingest.options import IngestOptions
from cubeql.ingest.rowsource import reader_of
from cubeql.ingest.scenes import scene_offers
from cubeql.ingest.source import Source
from cubeql.ingest.stac import item_offers
from cubeql.ingest.stac_items import document, is_stac
from cubeql.ingest.stamps import Given, given_times, time_in_name

Paths = Any
"""Paths, patterns of paths, folders, and objects, records and searches of STAC."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the user named.

    Attributes:
        paths: files and Zarr stores.
        stac: paths of STAC documents, objects, records and searches.
    """

    paths: tuple[str, ...]
    stac: tuple[Any, ...] = ()

    @property
    def of_rows(self) -> bool:
        """Whether they are files of points or zones."""
        return bool(self.paths) and reader_of(self.paths[0]) is not None


def gathered(sources: Paths, options: IngestOptions) -> Gathered:
    """The files and STAC documents that are meant: a pattern (``*?[``) that is no file stands for the files it
    matches, a folder for the sources below it, sorted.

    Raises:
        IngestError: no source, a pattern without a match, different kinds of sources, a path named twice.
    """
    given = [sources] if isinstance(sources, str | os.PathLike) or is_stac(sources) else list(sources)
    paths: list[str] = []
    items: list[Any] = []
    folders = 0
    for one in given:
        if is_stac(one):
            items.append(one)
            continue
        path = os.fspath(one)
        if _may_be_document(path) and document(path) is not None:
            items.append(path)
            continue
        paths += _expanded(path, options)
        folders += Path(path).is_dir()
    if options.glob is not None and not folders:
        raise refusal("glob", "there is no folder to look in", "name a folder, or write the pattern as the source")
    _check(paths, items)
    return Gathered(tuple(paths), tuple(items))


def _check(paths: Sequence[str], items: Sequence[object]) -> None:
    if not paths and not items:
        raise refusal("sources", "none given", "name at least one raster file")
    if paths and items:
        raise refusal(shown(paths[0]), "is no STAC document, other sources are", "ingest them one after the other")
    twice = next((p for p in paths if paths.count(p) > 1), None) if len(set(paths)) != len(paths) else None
    if twice is not None:
        raise refusal(shown(twice), "is named twice")
    of_rows = [p for p in paths if reader_of(p) is not None]
    if of_rows and len(of_rows) < len(paths):
        other = next(p for p in paths if reader_of(p) is None)
        raise refusal(other, f"it is no table of rows, {of_rows[0]} is one", "ingest them into layers of their own")


def _may_be_document(path: str) -> bool:
    return path.split("?")[0].lower().endswith((".json", ".geojson"))


def _expanded(path: str, options: IngestOptions) -> list[str]:
    if any(c in path for c in "*?[") and "://" not in path and not os.path.exists(path):  # noqa: PTH110
        matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 (absolute patterns too)
        if not matches:
            raise refusal(path, "no file matches this pattern")
        return matches
    if Path(path).is_dir() and not is_zarr(path):
        return sources_below(path, options.glob)
    return [path]


def offered(found: Gathered, options: IngestOptions) -> tuple[tuple[Offer, ...], tuple[tuple[str, str], ...]]:
    """The offers of rasters, each with the time it was given; and the files that fit none, with the reason.

    Raises:
        IngestError: STAC that cannot be read or asked, a time argument, a pattern.
    """
    left: list[tuple[str, str]] = []
    if found.stac:
        if options.file_pattern is not None or options.band_pattern is not None:
            raise refusal("file_pattern", "is for files, but STAC items say what their bands are", "choose with bands=")
        offers = [offer for one in found.stac for offer in item_offers(one, options)]
    elif options.file_pattern is not None:
        offers, left = scene_offers(found.paths, options)
    else:
        offers = offers_of_files(found.paths)
    times = given_times(len(offers), options)
    return tuple(_dated(offer, time, options) for offer, time in zip(_once(offers), times, strict=True)), tuple(left)


def _once(offers: Iterable[Offer]) -> list[Offer]:
    found: dict[str, Offer] = {}
    for offer in offers:
        if offer.identity in found:
            raise refusal(offer.name, "is there twice", "name it once")
        found[offer.identity] = offer
    return list(found.values())


def offers_of_files(paths: Sequence[str]) -> list[Offer]:
    """One offer a path."""
    return [
        Offer(shown(path), identity_of(path), state, partial(_of_file, path))
        for path, state in zip(paths, states_of(paths), strict=True)
    ]


def _of_file(path: str, options: IngestOptions) -> tuple[Source, ...]:
    return (open_source(path, options),)


def _dated(offer: Offer, time: Given, options: IngestOptions) -> Offer:
    """The offer with its time; one whose name does not hold it as asked is bad, as told when it is opened."""
    if time is not None:
        return replace(offer, given=time)
    if options.time_pattern is None:
        return offer
    try:
        return replace(offer, given=time_in_name(offer.name, options.time_pattern))
    except IngestError as fault:
        if not options.skip_bad:
            raise
        return replace(offer, opened=partial(_refused, fault), own=None)


def _refused(fault: IngestError, _: IngestOptions) -> tuple[Source, ...]:
    raise fault
