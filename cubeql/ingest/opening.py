"""From what the user names to offers: paths, patterns of paths, folders, scenes of several files."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from cubeql.ingest.faults import refusal
from cubeql.ingest.netcdf import SUFFIXES, NetcdfSource
from cubeql.ingest.offers import Offer, identity_of, is_remote, shown, states_of
from cubeql.ingest.options import DECLARED, IngestOptions
from cubeql.ingest.raster import RasterSource
from cubeql.ingest.source import Source
from cubeql.ingest.stamps import Given, given_times, time_in_name

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def expanded(sources: Paths) -> tuple[str, ...]:
    """The paths that are meant: a pattern (``*?[``) that is no file stands for the files it matches, sorted.

    Raises:
        IngestError: no source, a pattern without a match, a folder, a path named twice.
    """
    given = [sources] if isinstance(sources, str | os.PathLike) else list(sources)
    found: list[str] = []
    for item in given:
        found += _expanded(os.fspath(item))
    if not found:
        raise refusal("sources", "none given", "name at least one raster file")
    twice = next((p for p in found if found.count(p) > 1), None) if len(set(found)) != len(found) else None
    if twice is not None:
        raise refusal(twice, "is named twice")
    return tuple(found)


def _expanded(path: str) -> list[str]:
    if any(c in path for c in "*?[") and "://" not in path and not os.path.exists(path):  # noqa: PTH110
        matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 (absolute patterns too)
        if not matches:
            raise refusal(path, "no file matches this pattern")
        return matches
    if Path(path).is_dir():
        if path.rstrip("/").endswith(".zarr"):
            raise refusal(path, "is a Zarr store, which is not read yet", "save it as NetCDF (to_netcdf) or GeoTIFF")
        raise refusal(path, "is a folder", f"name its files, for example {path.rstrip('/')}/*.tif")
    return [path]


def offered(sources: Paths, options: IngestOptions) -> tuple[Offer, ...]:
    """The offers that are meant, each with the time it was given.

    Raises:
        IngestError: see :func:`expanded`; a time argument.
    """
    paths = expanded(sources)
    return tuple(
        _dated(offer, time, options)
        for offer, time in zip(offers_of_files(paths), given_times(len(paths), options), strict=True)
    )


def offers_of_files(paths: Sequence[str]) -> list[Offer]:
    """One offer a path."""
    return [
        Offer(shown(path), identity_of(path), state, partial(_of_file, path), remote=is_remote(path))
        for path, state in zip(paths, states_of(paths), strict=True)
    ]


def _of_file(path: str, options: IngestOptions) -> tuple[Source, ...]:
    return (open_source(path, options),)


def _dated(offer: Offer, time: Given, options: IngestOptions) -> Offer:
    """The offer with its time; one whose name does not hold it as asked cannot be opened."""
    if time is not None or options.time_pattern is None:
        return replace(offer, given=time)
    return replace(offer, given=time_in_name(offer.name, options.time_pattern))


def open_source(path: str, options: IngestOptions) -> Source:
    """Open a path as what it is; see :class:`NetcdfSource` and :class:`RasterSource`."""
    nodata: Any = options.nodata if options.nodata != DECLARED else DECLARED
    if _is_netcdf(path):
        return NetcdfSource(
            path, variables=_variables(options), crs=options.crs, nodata=nodata, time_dimension=options.time_dimension
        )
    return RasterSource(path, crs=options.crs, nodata=nodata, time_tag=options.time_tag)


def _variables(options: IngestOptions) -> Sequence[str] | None:
    """The bands that are wanted, where all are named as variables are."""
    wanted = [options.bands] if isinstance(options.bands, str | int) else options.bands
    if wanted is None:
        return None
    names = [w for w in (wanted.values() if isinstance(wanted, Mapping) else wanted) if isinstance(w, str)]
    return names if len(names) == len(wanted) and not any(w.isdigit() for w in names) else None


def _is_netcdf(path: str) -> bool:
    if path.lower().endswith(SUFFIXES):
        return True
    if "://" in path or not Path(path).is_file():
        return False
    with Path(path).open("rb") as file:
        head = file.read(4)
    return head in (b"CDF\x01", b"CDF\x02", b"CDF\x05")
