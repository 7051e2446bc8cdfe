"""Sources that rasterio reads: GeoTIFF, COG and every other raster format GDAL has a driver for."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cubeql.ingest.classes import classes_of_tags, colours_of_tags, valid_range_of_tags
from cubeql.ingest.faults import reading, refusal, shown
from cubeql.ingest.network import is_s3, reached, why_refused
from cubeql.ingest.nodata import checked_nodata
from cubeql.ingest.pixelgrid import PixelGrid, PixelWindow, make_grid
from cubeql.ingest.source import Flags, SourceBand, SourceDimension, SourceSlice, Values

_TIFF_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d:\d\d:\d\d)")


class RasterSource:
    """A raster file read through rasterio: one slice, a band for each of its data bands."""

    dimensions: tuple[SourceDimension, ...] = ()

    def __init__(
        self, path: str, *, crs: Any = None, nodata: Any = "declared", time_tag: bool = False,
        cache_bytes: int = 64 * 2**20,
    ) -> None:  # fmt: skip
        """Open a file, read what it says of itself and close it again.

        Args:
            path: a path, URL or GDAL subdataset name.
            crs: overrides the file's reference system.
            nodata: a number that replaces what the file declares, None for no nodata value.
            time_tag: take the time from the tags ``time``, ``datetime`` or ``TIFFTAG_DATETIME``.
            cache_bytes: of unpacked blocks that GDAL may keep, of all sources together.

        Raises:
            IngestError: no such file, no raster, truncated, no place on the earth.
        """
        self._path = path
        self._cache_bytes = cache_bytes
        self.name = shown(path)
        self._dataset: Any = None
        dataset = self._open()
        try:
            with reading(self.name), reached(self._path):
                self.grid = _grid(dataset, self.name, crs)
                self.bands = _bands(dataset, self.name, nodata)
                tags = dataset.tags()
                stamp = _time_of_tags(tags, self.name) if time_tag else None
            self.slices: tuple[SourceSlice, ...] = (SourceSlice(stamp),)
            self.facts = _facts(tags)
        finally:
            self.close()

    def read(self, band: SourceBand, slices: Sequence[int], window: PixelWindow) -> tuple[Values, Flags | None]:
        """See :class:`~cubeql.ingest.source.Source`."""
        from rasterio.windows import Window

        dataset = self._open()
        block = Window(window.column, window.row, window.width, window.height)
        with reading(self.name), reached(self._path), _small_cache(self._cache_bytes):
            values = dataset.read(band.key, window=block)[None]
            mask = dataset.read_masks(band.key, window=block)[None] > 0 if band.masked else None
        if len(slices) > 1:
            values = np.broadcast_to(values, (len(slices), *values.shape[1:]))
        return values, mask

    def close(self) -> None:
        """See :class:`~cubeql.ingest.source.Source`."""
        if self._dataset is not None:
            self._dataset.close()
            self._dataset = None

    def _open(self) -> Any:
        if self._dataset is None:
            self._dataset = _opened(self._path)
        return self._dataset


def _small_cache(size: int) -> Any:
    """GDAL keeps blocks in a twentieth of the machine's memory if it is not told otherwise at its first read."""
    import rasterio

    return rasterio.Env(GDAL_CACHEMAX=size)


def subdatasets(path: str) -> tuple[str, ...]:
    """GDAL names of the rasters inside a container file; empty for a plain raster."""
    dataset = _opened(path)
    try:
        return tuple(dataset.subdatasets)
    finally:
        dataset.close()


def _opened(path: str) -> Any:
    import warnings

    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            with reading(path), reached(path):
                return rasterio.open(path)
        except Exception as fault:
            if isinstance(fault.__cause__, RasterioIOError):
                _say_why(path, fault.__cause__)
            raise


def _say_why(path: str, fault: Exception) -> None:
    refused = why_refused(path) if is_s3(path) else None
    if refused is not None:
        raise refusal(path, f"cannot be read: {refused}") from None
    local = "://" not in path and not path.startswith("/vsi") and ":" not in path
    text = " ".join(str(fault).split())
    if local and not os.path.exists(path):  # noqa: PTH110 (a Path would turn 'a//b' into 'a/b' in no message)
        raise refusal(path, "there is no such file") from fault
    if local and Path(path).stat().st_size == 0:
        raise refusal(path, "the file is empty") from fault
    if "not recognized" in text:
        raise refusal(path, "is no raster that can be read", "GeoTIFF, COG, NetCDF and what GDAL reads") from fault


def _grid(dataset: Any, name: str, crs: Any) -> PixelGrid:
    if dataset.count == 0:
        inside = ", ".join(dataset.subdatasets[:6])
        raise refusal(name, "holds no raster band itself", f"name one of its rasters: {inside}" if inside else None)
    if dataset.transform.is_identity and (dataset.gcps[0] or dataset.rpcs):
        raise refusal(name, "is placed by ground control points, not by a transform", "warp it first (gdalwarp)")
    system = crs if crs is not None else (dataset.crs.to_wkt() if dataset.crs else None)
    if system is None and dataset.transform.is_identity:
        raise refusal(
            name,
            "has neither a reference system nor a transform",
            "georeference it first (gdalwarp, gdal_edit)",
        )
    return make_grid(name, system, tuple(dataset.transform)[:6], dataset.width, dataset.height)


def _bands(dataset: Any, name: str, nodata: Any) -> tuple[SourceBand, ...]:
    from rasterio.enums import ColorInterp

    names = _category_names(dataset)
    indexes = [i for i in dataset.indexes if dataset.colorinterp[i - 1] != ColorInterp.alpha]
    if not indexes:
        raise refusal(name, "has no band but a mask (alpha)")
    return tuple(_band(dataset, name, i, nodata, names.get(i, ())) for i in indexes)


def _band(dataset: Any, name: str, i: int, nodata: Any, category_names: tuple[tuple[int, str], ...]) -> SourceBand:
    tags = dataset.tags(i)
    if dataset.count == 1:
        tags = {**dataset.tags(), **tags}
    dtype = _dtype(name, i, dataset.dtypes[i - 1])
    scale, offset = float(dataset.scales[i - 1]), float(dataset.offsets[i - 1])
    declared = dataset.nodatavals[i - 1] if isinstance(nodata, str) else nodata
    where = f"{name}, band {i}"
    standard = tags.get("standard_name") or None
    return SourceBand(
        name=dataset.descriptions[i - 1] or None,
        key=i,
        dtype=dtype,
        scale=None if scale == 1 else scale,
        offset=None if offset == 0 else offset,
        nodata=() if declared is None else checked_nodata(where, (declared,), dtype),
        unit=dataset.units[i - 1] or tags.get("units") or tags.get("unit") or None,
        long_name=tags.get("long_name") or standard,
        classes=classes_of_tags(where, tags) or category_names,
        masked=_has_own_mask(dataset, i),
        block_bytes=_block_bytes(dataset, i, dtype),
        packed_bytes=_packed_bytes(dataset, name),
        standard_name=standard,
        colours=_colour_table(dataset, i) or colours_of_tags(tags),
        valid_range=valid_range_of_tags(tags),
    )


def _colour_table(dataset: Any, i: int) -> tuple[tuple[int, str], ...]:
    """The colours of a band that has a table of them; entries that drivers fill up with black are left out."""
    from rasterio.enums import ColorInterp

    if dataset.colorinterp[i - 1] != ColorInterp.palette:
        return ()
    table = dataset.colormap(i)
    painted = ((code, colour) for code, (*colour, alpha) in sorted(table.items()) if alpha and any(colour))
    return tuple((code, "#" + "".join(f"{part:02x}" for part in colour)) for code, colour in painted)


def _block_bytes(dataset: Any, i: int, dtype: np.dtype[Any]) -> int:
    from rasterio.enums import Interleaving

    height, width = dataset.block_shapes[i - 1]
    together = dataset.count if dataset.interleaving == Interleaving.pixel else 1
    return int(height * width * together * dtype.itemsize)


def _packed_bytes(dataset: Any, name: str) -> float | None:
    """Of a file of its own; what an address or a mosaic of others takes is not known."""
    path = Path(name)
    if dataset.driver == "VRT" or not path.is_file():
        return None
    return path.stat().st_size / float(dataset.width * dataset.height * dataset.count)


def _dtype(name: str, i: int, text: str) -> np.dtype[Any]:
    if text.startswith("complex"):
        raise refusal(
            name,
            f"band {i} holds complex numbers ({text})",
            "write amplitude and phase as bands of their own",
        )
    return np.dtype(text)


def _has_own_mask(dataset: Any, i: int) -> bool:
    from rasterio.enums import MaskFlags

    flags = dataset.mask_flag_enums[i - 1]
    return MaskFlags.all_valid not in flags and MaskFlags.nodata not in flags


def _category_names(dataset: Any) -> dict[int, tuple[tuple[int, str], ...]]:
    """GDAL's category names: rasterio does not hand them out, the side-car file holds them."""
    found: dict[int, tuple[tuple[int, str], ...]] = {}
    for path in dataset.files:
        if not path.endswith(".aux.xml") or not Path(path).is_file():
            continue
        with reading(path):
            root = ElementTree.parse(path).getroot()
        for element in root.iter("PAMRasterBand"):
            names = [c.text or "" for c in element.iterfind("CategoryNames/Category")]
            found[int(element.get("band", "0"))] = tuple((i, n) for i, n in enumerate(names) if n)
    return found


def _time_of_tags(tags: dict[str, str], name: str) -> np.datetime64:
    from cubeql.values.times import parse_instant

    for key in ("time", "TIME", "datetime", "DATETIME", "TIFFTAG_DATETIME"):
        text = tags.get(key)
        if not text:
            continue
        match = _TIFF_TIME.fullmatch(text.strip())
        try:
            return parse_instant(f"{match[1]}-{match[2]}-{match[3]}T{match[4]}Z" if match else text)
        except ValueError as fault:
            raise refusal(name, f"its tag {key} is {text!r}, which is no time ({fault})", "give time=") from fault
    raise refusal(name, "has no tag time, datetime or TIFFTAG_DATETIME", "give time= or time_pattern=")


_WANTED = {
    "title": "title", "description": "description", "TIFFTAG_IMAGEDESCRIPTION": "description", "keywords": "keywords",
    "TIFFTAG_COPYRIGHT": "licence", "licence": "licence", "license": "licence", "citation": "citation", "doi": "doi",
    "providers": "providers", "lineage": "lineage", "processing_level": "level",
}  # fmt: skip


def _facts(tags: dict[str, str]) -> tuple[tuple[str, str], ...]:
    found = {fact: tags[tag].strip() for tag, fact in _WANTED.items() if tags.get(tag, "").strip()}
    if "providers" not in found and tags.get("TIFFTAG_ARTIST", "").strip():
        found["providers"] = f"{tags['TIFFTAG_ARTIST'].strip()} (producer)"
    return tuple(sorted(found.items()))
