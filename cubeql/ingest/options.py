"""What a user may say about an ingest, as one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Mode = Literal["create", "replace", "append"]
OnConflict = Literal["error", "merge", "replace"]
Commit = Literal["portions", "whole"]

Stamp = Literal["instant", "start", "end"]

DECLARED = "declared"
MEMORY_LIMIT = 2**30
MAX_CELLS = 1_000_000_000
PORTION_SOURCES = 200
PORTION_BYTES = 8 * 2**30


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """Everything about an ingest but the store, the sources and the layer's name.

    Attributes:
        bands: which bands, None for all: names or numbers from 1, or a mapping from the layer's band names to
            them (variables of NetCDF files count as bands); of points and zones which columns become attributes.
        band_pattern: for files that hold one band each: a regular expression whose first group, found in the
            file name, is the band's name.
        file_pattern: for scenes whose bands are files of their own: how their names are built, like
            ``{tile}_{time}_{band}.tif``; ``sentinel-2`` and ``landsat`` name those of these missions.
        glob: which files below a folder, like ``**/*.tif``; all rasters without it.
        time: the time of all sources, or a list with one for each source (or, for one source, for each place
            on its time axis).
        time_pattern: how the time is written in the file names: like ``%Y%m%d``, a regular expression with
            the groups year, month, day, doy, hour, minute, second, or ``auto``, which tries the usual ones.
        time_tag: take the time from the file's tags.
        time_dimension: the axis of a NetCDF file that ``time`` gives the times of.
        stamp: what a time stamp means: an ``instant``, the ``start`` or the ``end`` of a step. None: an
            instant, or what the bounds of a CF time axis say.
        step: the step's length, as ``P1M`` or ``1 month``.
        dimensions: axes to keep as dimensions although they have one value only.
        resolution: of the cells; None takes the nearest to the pixel size.
        method: of regridding, for all bands or by band: ``nearest``, ``bilinear``, ``mean``, ``min``, ``max``,
            ``sum``, ``mode``, ``median``. None takes the layer's own, else ``nearest`` where up to two pixels
            make a cell and ``mean`` (``mode`` of class codes) where more do.
        categorical: bands that hold class codes.
        classes: class names: by band, or for the only categorical band ``{code: name}``.
        units: units by band or attribute, instead of what the source says.
        nodata: a number instead of what the source declares, None for no nodata value.
        believe: whether the ``item`` or the ``file`` is right where a STAC item and its file say different things of
            scale, offset or nodata; None refuses such an item.
        crs: reference system instead of what the source says.
        lon: column of longitudes of a table of points, where it has none of the usual names; with ``crs`` the first
            coordinate of that system.
        lat: column of latitudes, alike.
        time_column: column of the times of points; None takes the usual names.
        time_format: how texts (or numbers) in it are to be read, like ``%d.%m.%Y %H:%M``, or ``unix`` for seconds since
            1970; None for ISO 8601. Times without a zone are UTC.
        rounded: keep whole numbers in their type although the method makes fractions of them.
        title: of the layer.
        licence: of the data.
        citation: of the data.
        mode: ``append`` (makes the layer if there is none), ``create`` or ``replace``.
        on_conflict: what becomes of rows that the layer has already, see :meth:`cubeql.storage.Store.write`.
        add_bands: bands of the sources that the layer has not become bands of the layer, NULL in the rows that were
            there; otherwise they are refused.
        again: ingest sources again that were ingested into the layer before.
        replace_changed: read sources that changed since they were ingested, and put their rows in place of the old
            ones; otherwise they are skipped and reported.
        skip_bad: leave out sources that cannot be read or do not fit, and report them, instead of stopping.
        commit: ``portions`` makes a commit of every portion of a long ingest (whole moments, in the order of time),
            ``whole`` a single one of everything. None means portions, and whole where a layer is replaced.
        portion_sources: how many sources a portion may have.
        portion_bytes: how many bytes of pixels a portion may have.
        memory_limit: bytes the ingest may use for pixels, cells and files in the making.
        max_cells: cells of one picture above which an oversampled layer is refused.
    """

    bands: Sequence[str | int] | Mapping[str, str | int] | None = None
    band_pattern: str | None = None
    file_pattern: str | None = None
    glob: str | None = None
    time: Any = None
    time_pattern: str | None = None
    time_tag: bool = False
    time_dimension: str | None = None
    stamp: Stamp | None = None
    step: str | None = None
    dimensions: Sequence[str] = ()
    resolution: int | None = None
    method: str | Mapping[str, str] | None = None
    categorical: Sequence[str] = ()
    classes: Mapping[Any, Any] | None = None
    units: Mapping[str, str] | None = None
    nodata: Any = DECLARED
    believe: Literal["item", "file"] | None = None
    crs: Any = None
    lon: str | None = None
    lat: str | None = None
    time_column: str | None = None
    time_format: str | None = None
    rounded: bool = False
    title: str | None = None
    licence: str | None = None
    citation: str | None = None
    mode: Mode = "append"
    on_conflict: OnConflict = "error"
    add_bands: bool = False
    again: bool = False
    replace_changed: bool = False
    skip_bad: bool = False
    commit: Commit | None = None
    portion_sources: int = PORTION_SOURCES
    portion_bytes: int = PORTION_BYTES
    memory_limit: int = MEMORY_LIMIT
    max_cells: int = MAX_CELLS
