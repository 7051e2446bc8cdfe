"""Sources that xarray reads: NetCDF files and Zarr stores after the CF conventions.

Values are read as they are stored; scale and offset go into the layer. Variables become bands, the time axis
becomes times, every other axis a dimension of the layer.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cubeql.errors import nearest
from cubeql.ingest.cf_axes import Axes, axes_of, dimensions_of, grid_of
from cubeql.ingest.cf_bands import band_of, band_variables
from cubeql.ingest.cf_forecast import HORIZON, ISSUE, valid_time
from cubeql.ingest.cf_time import stamps_of
from cubeql.ingest.faults import reading, refusal, shown
from cubeql.ingest.pixelgrid import PixelGrid, PixelWindow
from cubeql.ingest.source import (
    DimensionValue,
    Flags,
    SourceBand,
    SourceDimension,
    SourceSlice,
    Values,
)

_ONE_AT_A_TIME = threading.RLock()  # the HDF5 library knows one thread only, whatever file it works on

SUFFIXES = (".nc", ".nc4", ".cdf", ".netcdf")
ZARR_SUFFIXES = (".zarr", ".zarr.zip")
_ZARR_MARKS = ("zarr.json", ".zgroup", ".zarray", ".zmetadata")


def is_zarr(path: str) -> bool:
    """Whether a path is a Zarr store, a group of one, or a store in a zip file."""
    folded = (path.split("?")[0] if "://" in path else path).rstrip("/").lower()
    if "://" in path or not Path(path).is_dir():
        return folded.endswith(ZARR_SUFFIXES)
    return any((Path(path) / name).is_file() for name in _ZARR_MARKS) or folded.endswith(ZARR_SUFFIXES)


class NetcdfSource:
    """Variables of one NetCDF file or Zarr store that share their axes."""

    def __init__(
        self,
        path: str,
        *,
        variables: Sequence[str] | None = None,
        crs: Any = None,
        nodata: Any = "declared",
        time_dimension: str | None = None,
    ) -> None:
        """Open a file, read what it says of itself and close it again.

        Args:
            path: path of the file or store.
            variables: those wanted, None for all that have a y and an x axis.
            crs: overrides the file's reference system.
            nodata: a number that replaces what the file declares, None for no nodata value.
            time_dimension: the axis that is time although it does not say so; its times are given as an
                argument.

        Raises:
            IngestError: no such file, damaged, no such variable, variables of different axes, an axis that is
                not evenly spaced, no reference system.
        """
        self.name = path
        self._dataset: Any = None
        self._store: Any = None
        dataset = self._open()
        try:
            with reading(self.name):
                self._describe(dataset, variables, crs, nodata, time_dimension)
        finally:
            self.close()

    def _describe(
        self, dataset: Any, variables: Sequence[str] | None, crs: Any, nodata: Any, time_dimension: str | None
    ) -> None:
        names = _chosen(self.name, dataset, variables)
        self._axes: Axes = axes_of(self.name, dataset, names, time_dimension)
        self.grid: PixelGrid = grid_of(self.name, dataset, names[0], self._axes, crs)
        self.bands: tuple[SourceBand, ...] = tuple(band_of(self.name, dataset[n], nodata) for n in names)
        self.dimensions: tuple[SourceDimension, ...] = dimensions_of(self.name, dataset, self._axes)
        times = stamps_of(self.name, dataset, self._axes)
        combos = list(np.ndindex(*(len(d.values) for d in self.dimensions)))
        values = [tuple(d.values[i] for d, i in zip(self.dimensions, c, strict=True)) for c in combos]
        self.slices: tuple[SourceSlice, ...] = tuple(
            SourceSlice(time if time is not None else self._valid_time(value), value, bounds)
            for value in values
            for time, bounds in times
        )
        self._times = len(times)
        self._combos = combos
        self.facts: tuple[tuple[str, str], ...] = _facts(dataset.attrs)

    def _valid_time(self, value: tuple[DimensionValue, ...]) -> np.datetime64 | None:
        """The time of a forecast that has none of its own."""
        if not self._axes.forecast.makes_time:
            return None
        known = dict(zip((d.name for d in self.dimensions), value, strict=True))
        return valid_time(known[ISSUE], known[HORIZON])

    def read(self, band: SourceBand, slices: Sequence[int], window: PixelWindow) -> tuple[Values, Flags | None]:
        """See :class:`~cubeql.ingest.source.Source`."""
        with _ONE_AT_A_TIME, reading(self.name):
            dataset = self._open()
            variable = dataset[str(band.key)].variable
            parts = [self._part(variable, combo, times, window) for combo, times in self._runs(slices)]
            values = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if values.dtype != band.dtype:
            # CF's _Unsigned: signed on disk, unsigned in meaning.
            values = (
                values.view(band.dtype) if values.dtype.itemsize == band.dtype.itemsize else values.astype(band.dtype)
            )
        return values, None

    def _runs(self, slices: Sequence[int]) -> list[tuple[tuple[int, ...], list[int]]]:
        """The slices asked for, by the position on the other axes: consecutive times are read at one go."""
        runs: list[tuple[tuple[int, ...], list[int]]] = []
        for number in slices:
            combo, time = self._combos[number // self._times], number % self._times
            if runs and runs[-1][0] == combo and runs[-1][1][-1] + 1 == time:
                runs[-1][1].append(time)
            else:
                runs.append((combo, [time]))
        return runs

    def _part(self, variable: Any, combo: tuple[int, ...], times: list[int], window: PixelWindow) -> Values:
        axes = self._axes
        pick: dict[str, Any] = {
            axes.y: slice(window.row, window.row + window.height),
            axes.x: slice(window.column, window.column + window.width),
            **dict(zip(axes.others, combo[: len(axes.others)], strict=True)),
        }
        order: tuple[str, ...] = (axes.y, axes.x)
        if axes.time is not None:
            pick[axes.time] = slice(times[0], times[-1] + 1)
            order = (axes.time, *order)
        block = variable.isel(pick).transpose(*order)
        values = np.ascontiguousarray(block.values)
        if not values.dtype.isnative:
            values = values.astype(values.dtype.newbyteorder("="))
        return values if axes.time is not None else values[None]

    def close(self) -> None:
        """See :class:`~cubeql.ingest.source.Source`."""
        with _ONE_AT_A_TIME:
            if self._dataset is not None:
                self._dataset.close()
                self._dataset = None
            if self._store is not None:
                self._store.close()
                self._store = None

    def _open(self) -> Any:
        if self._dataset is None:
            if is_zarr(self.name):
                _check_zarr(self.name)
                self._store = _zipped(self.name) if self.name.lower().endswith(".zip") else None
                self._dataset = _opened(self.name, self._store or self.name, "zarr")
            else:
                self._dataset = _opened(self.name, self.name, "netcdf4")
        return self._dataset


def _opened(path: str, store: Any, engine: str) -> Any:
    import xarray

    if not Path(path).exists():
        raise refusal(path, "there is no such file")
    if Path(path).is_file() and Path(path).stat().st_size == 0:
        raise refusal(path, "the file is empty")
    with reading(path), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Failed to open Zarr store with consolidated metadata")
        # Decoding is done by hand: xarray would turn scaled integers into floats and a band in 'days' into
        # time.
        return xarray.open_dataset(
            store, engine=engine, mask_and_scale=False, decode_times=False, decode_coords=False,
            decode_timedelta=False, cache=False,
        )  # fmt: skip


def _check_zarr(path: str) -> None:
    from importlib.util import find_spec

    if "://" in path:
        raise refusal(shown(path), "is a Zarr store behind an address, which is not read", "copy it to a folder")
    if find_spec("zarr") is None:
        raise refusal(path, "is a Zarr store, which the package zarr reads", "pip install 'cubeql[zarr]'")


def _zipped(path: str) -> Any:
    from zarr.storage import ZipStore

    with reading(path):
        return ZipStore(path, mode="r")


def _chosen(name: str, dataset: Any, wanted: Sequence[str] | None) -> list[str]:
    usable = band_variables(dataset)
    if not usable and is_zarr(name):
        raise refusal(name, "has no variable on a y and an x axis", _groups_of(name))
    if not usable:
        raise refusal(
            name,
            "has no variable on a y and an x axis",
            f"its variables are {', '.join(map(str, dataset.variables)) or 'none'}",
        )
    if wanted is None:
        return usable
    for variable in wanted:
        if variable not in usable:
            near = nearest(variable, usable) or usable[:6]
            raise refusal(name, f"has no variable {variable!r} on a y and an x axis", f"there are {', '.join(near)}")
    return list(dict.fromkeys(wanted))


_WANTED = {
    "title": "title", "summary": "description", "description": "description", "keywords": "keywords",
    "license": "licence", "licence": "licence", "citation": "citation", "doi": "doi", "references": "references",
    "history": "lineage", "lineage": "lineage", "processing_level": "level", "source": "source_model",
}  # fmt: skip
_PROVIDERS = (("institution", "producer"), ("creator_name", "producer"), ("publisher_name", "host"))


def _groups_of(path: str) -> str:
    import zarr

    if Path(path).is_file():
        return "a group inside a zip file cannot be named: unpack it"
    with reading(path):
        groups = sorted(zarr.open_group(path, mode="r").group_keys())
    names = ", ".join(f"{path.rstrip('/')}/{g}" for g in groups[:6])
    return f"name one of its groups: {names}" if names else "nor has it groups"


def _facts(attributes: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Global attributes after CF and ACDD."""
    told = {k: str(v).strip() for k, v in attributes.items() if str(v).strip()}
    found = {fact: told[attribute] for attribute, fact in _WANTED.items() if attribute in told}
    providers = [f"{told[attribute]} ({role})" for attribute, role in _PROVIDERS if attribute in told]
    if providers:
        found["providers"] = "\n".join(" ".join(p.split()) for p in dict.fromkeys(providers))
    return tuple(sorted(found.items()))
