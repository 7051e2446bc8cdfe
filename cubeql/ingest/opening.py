"""From what the user names to sources: paths, patterns of paths, subdatasets."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cubeql.ingest.faults import refusal
from cubeql.ingest.netcdf import SUFFIXES, NetcdfSource
from cubeql.ingest.raster import RasterSource
from cubeql.ingest.source import Source

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


def open_source(
    path: str,
    *,
    variables: Sequence[str] | None = None,
    crs: Any = None,
    nodata: Any = "declared",
    time_tag: bool = False,
    time_dimension: str | None = None,
) -> Source:
    """Open a source as what it is; for the arguments see :class:`NetcdfSource` and :class:`RasterSource`."""
    if _is_netcdf(path):
        return NetcdfSource(path, variables=variables, crs=crs, nodata=nodata, time_dimension=time_dimension)
    return RasterSource(path, crs=crs, nodata=nodata, time_tag=time_tag)


def _is_netcdf(path: str) -> bool:
    if path.lower().endswith(SUFFIXES):
        return True
    if "://" in path or not Path(path).is_file():
        return False
    with Path(path).open("rb") as file:
        head = file.read(4)
    return head in (b"CDF\x01", b"CDF\x02", b"CDF\x05")
