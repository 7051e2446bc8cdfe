"""The sources below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from cubeql.ingest.faults import refusal
from cubeql.ingest.netcdf import SUFFIXES, is_zarr
from cubeql.ingest.rowsource import reader_of

_RASTERS = (".tif", ".tiff", ".jp2", ".vrt", ".img", ".asc", ".grib", ".grib2", ".grb", ".grb2", ".hdf", ".h5")
_BESIDE = (".txt", ".json")
"""Endings of rows which beside scenes are mostly notes about them."""
_CATALOGS = ("catalog.json", "collection.json")


def sources_below(folder: str, pattern: str | None) -> list[str]:
    """All sources below a folder, sorted: rasters, NetCDF files and Zarr stores, or files of rows.

    Args:
        folder: the folder.
        pattern: which files, like ``**/*.tif``; None for all that are sources by their endings.

    Raises:
        IngestError: there is none, or there are several kinds.
    """
    if pattern is not None:
        try:
            found = sorted(str(p) for p in Path(folder).glob(pattern) if p.is_file() or is_zarr(str(p)))
        except (ValueError, NotImplementedError) as fault:
            raise refusal("glob", f"{pattern!r} is no pattern below a folder ({fault})", "write **/*.tif") from fault
    else:
        found = [path for path in sorted(_walked(folder)) if kind_of(path) is not None]
    if not found:
        what = f"no file matches {pattern!r} below it" if pattern is not None else "no source lies below it"
        raise refusal(folder, what, _catalog_hint(folder))
    by_kind: dict[str, list[str]] = {}
    for path in found:
        by_kind.setdefault(kind_of(path) or "other files", []).append(path)
    if len(by_kind) > 1:
        kinds = "; ".join(f"{len(paths)} {kind}, {paths[0]} the first" for kind, paths in sorted(by_kind.items()))
        raise refusal(folder, f"holds different kinds of sources: {kinds}", "choose with glob= (--glob '**/*.tif')")
    return found


def kind_of(path: str) -> str | None:
    """The kind of a path by its ending, None for what is no source."""
    folded = path.lower()
    if is_zarr(path):
        return "Zarr stores"
    if folded.endswith(SUFFIXES):
        return "NetCDF files"
    if folded.endswith(_RASTERS):
        return "rasters"
    if reader_of(path) is not None and not folded.endswith(_BESIDE):
        return "files of rows"
    return None


def _walked(folder: str) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        stores = [name for name in folders if is_zarr(os.path.join(place, name))]  # noqa: PTH118 (keeps the path's look)
        folders[:] = [name for name in folders if name not in stores and not name.startswith(".")]
        for name in sorted([*stores, *names]):
            if not name.startswith("."):
                yield os.path.join(place, name)  # noqa: PTH118


def _catalog_hint(folder: str) -> str | None:
    catalog = next((name for name in _CATALOGS if (Path(folder) / name).is_file()), None)
    return f"for its STAC catalog name {folder.rstrip('/')}/{catalog}" if catalog else None
