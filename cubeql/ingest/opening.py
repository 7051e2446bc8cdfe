"""From a path to a source: which reader takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cubeql.ingest.netcdf import SUFFIXES, NetcdfSource, is_zarr
from cubeql.ingest.options import DECLARED, IngestOptions
from cubeql.ingest.raster import RasterSource
from cubeql.ingest.source import Source


def open_source(path: str, options: IngestOptions) -> Source:
    """Open a path as what it is; see :class:`NetcdfSource` and :class:`RasterSource`."""
    nodata: Any = options.nodata if options.nodata != DECLARED else DECLARED
    if _is_netcdf(path) or is_zarr(path):
        return NetcdfSource(
            path, variables=_variables(options), crs=options.crs, nodata=nodata, time_dimension=options.time_dimension
        )
    # Neighbouring groups of tiles share blocks, which of several dates are unpacked again and again unless many stay.
    cache = options.memory_limit // 4
    return RasterSource(path, crs=options.crs, nodata=nodata, time_tag=options.time_tag, cache_bytes=cache)


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
