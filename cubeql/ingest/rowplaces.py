"""Rows made fit for a layer: places in longitude and latitude, polygons that are valid, times in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray
from shapely.errors import ShapelyError

from cubeql.grid.geometry import LON_LAT, Geometries, lon_lat_area, lon_lat_points
from cubeql.grid.nesting import check_all
from cubeql.ingest.faults import refusal
from cubeql.ingest.rowcolumns import Chosen
from cubeql.ingest.rowsource import RowSource

UTC = pa.timestamp("us", tz="UTC")


@dataclass(slots=True)
class Fitting:
    """How the rows of one source are made fit; counts what it leaves out and mends.

    Attributes:
        source: the source.
        chosen: its columns.
        types: Arrow type of each attribute in the layer, by name.
        crs: of its places.
        time_format: how texts (or numbers) of the time column are to be read; None for ISO 8601.
        done: rows seen so far.
        without: rows left out so far, by what they lack.
        mended: polygons made valid so far.
    """

    source: RowSource
    chosen: Chosen
    types: Mapping[str, pa.DataType]
    crs: Any
    time_format: str | None = None
    done: int = 0
    without: dict[str, int] = field(default_factory=dict)
    mended: int = 0

    def points(self, rows: pa.Table) -> pa.Table:
        """Rows of points as :meth:`cubeql.storage.Store.write_rows` takes them."""
        x, y = self._coordinates(rows)
        kept = self._keep(np.isfinite(x) & np.isfinite(y), "place")
        columns: dict[str, Any] = {}
        if self.chosen.time is not None:
            times = self._times(rows[self.chosen.time])
            kept &= self._keep(times.is_valid().to_numpy(zero_copy_only=False) | ~kept, "time")
            columns["time"] = times
        lon, lat = x.copy(), y.copy()
        try:
            lon[kept], lat[kept] = lon_lat_points(x[kept], y[kept], self.crs, self.source.name)
        except ValueError as fault:
            raise refusal(self.source.name, str(fault)) from None
        self._check_points(lon, lat, kept)
        columns |= {"lon": pa.array(lon), "lat": pa.array(lat)}
        return self._finished(rows, columns, kept)

    def zones(self, rows: pa.Table) -> pa.Table:
        """Rows of zones as :meth:`cubeql.storage.Store.write_rows` takes them."""
        shapes = self._shapes(rows)
        kept = self._keep(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)), "geometry")
        placed = np.full(len(shapes), None, dtype=object)
        for at in np.flatnonzero(kept).tolist():
            placed[at] = self._zone(shapes[at], self._name(at))
        wkb = pa.array([None if s is None else shapely.to_wkb(s) for s in placed], pa.binary())
        return self._finished(rows, {"geometry": wkb}, kept)

    # -------------------------------------------------------------- places

    def _coordinates(self, rows: pa.Table) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self.source.geometry is None:
            return self._numbers(rows, self.chosen.lon), self._numbers(rows, self.chosen.lat)
        shapes = self._shapes(rows)
        kinds = shapely.get_type_id(shapes)
        single = (kinds == 4) & (shapely.get_num_geometries(shapes) == 1)
        shapes[single] = shapely.get_geometry(shapes[single], 0)
        wrong = (kinds != -1) & (kinds != 0) & ~single & ~shapely.is_empty(shapes)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise refusal(self._name(at), f"it is a {shapes[at].geom_type}, others are points", "split the file")
        return shapely.get_x(shapes), shapely.get_y(shapes)

    def _numbers(self, rows: pa.Table, name: str | None) -> NDArray[np.float64]:
        assert name is not None
        try:
            column = rows[name].cast(pa.float64())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as fault:
            raise refusal(self.source.name, f"the column {name} does not hold numbers ({fault})") from None
        found: NDArray[np.float64] = column.fill_null(float("nan")).to_numpy()
        return found

    def _shapes(self, rows: pa.Table) -> NDArray[np.object_]:
        wkb = np.array(rows[self.source.geometry].to_pylist(), dtype=object)
        try:
            check_all(wkb)
            return np.atleast_1d(shapely.force_2d(shapely.from_wkb(wkb)))
        except (ShapelyError, ValueError) as fault:
            raise refusal(self.source.name, f"a geometry cannot be read ({fault})") from None

    def _check_points(self, lon: NDArray[np.float64], lat: NDArray[np.float64], kept: NDArray[np.bool_]) -> None:
        wrong = kept & ~((np.abs(lat) <= 90) & (lon >= -180) & (lon <= 360))
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            found = f"longitude {lon[at]:g}, latitude {lat[at]:g} is no place on Earth"
            raise refusal(self._name(at), found, "longitude comes first, in degrees; other systems need crs=")
        lon[lon > 180] -= 360

    def _zone(self, shape: shapely.Geometry, name: str) -> shapely.Geometry:
        if shape.geom_type not in ("Polygon", "MultiPolygon", "GeometryCollection"):
            raise refusal(name, f"it is a {shape.geom_type}", "zones are polygons; lines are not taken")
        if not shape.is_valid:
            shape = _polygons(shapely.make_valid(shape))
            self.mended += 1
        if shape.is_empty:
            raise refusal(name, "nothing is left of it as a polygon", "mend it, or leave it out")
        try:
            area = lon_lat_area(Geometries([shape], self.crs, name))
        except ValueError as fault:
            raise refusal(name, str(fault).removeprefix(f"{name} ")) from None
        return area

    # -------------------------------------------------------------- times

    def _times(self, column: pa.ChunkedArray) -> pa.Array:
        column = column.combine_chunks()
        kind = column.type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            return (column if pa.types.is_timestamp(kind) else column.cast(pa.timestamp("us"))).cast(UTC, safe=False)
        if self.time_format == "unix" and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            return pc.multiply(column.cast(pa.float64()), 1e6).cast(pa.int64(), safe=False).cast(UTC)
        if not pa.types.is_string(kind) and self.time_format is None:
            raise refusal(
                self.source.name, f"the column {self.chosen.time} holds {kind}, no times",
                "say how to read it with time_format='%Y%m%d', or 'unix' for seconds since 1970",
            )  # fmt: skip
        return self._parsed(column.cast(pa.string()))

    def _parsed(self, texts: pa.Array) -> pa.Array:
        import pandas

        series = pandas.Series(texts.to_pylist(), dtype=object)
        times = pandas.to_datetime(series, format=self.time_format or "ISO8601", utc=True, errors="coerce")
        wrong = np.flatnonzero((times.isna() & series.notna()).to_numpy())
        if wrong.size:
            at = int(wrong[0])
            raise refusal(
                self._name(at), f"{series[at]!r} in the column {self.chosen.time} is no time",
                "ISO 8601 is read; say another way with time_format='%d.%m.%Y'",
            )  # fmt: skip
        found = times.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
        return pa.array(found, pa.timestamp("us"), from_pandas=True).cast(UTC)

    # -------------------------------------------------------------- rows

    def _finished(self, rows: pa.Table, columns: dict[str, Any], kept: NDArray[np.bool_]) -> pa.Table:
        for name, attribute in self.chosen.attributes:
            columns[attribute.name] = self._fitted(rows[name], attribute.name)
        self.done += rows.num_rows
        table = pa.table(columns)
        return table if kept.all() else table.filter(pa.array(kept))

    def _fitted(self, column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
        wanted = self.types[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_date(column.type):
            column = column.cast(pa.timestamp("us"))
        safe = not (pa.types.is_timestamp(wanted) or pa.types.is_floating(wanted))
        try:
            return column.cast(wanted, safe=safe)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as fault:
            raise refusal(self.source.name, f"the column {name} does not fit the layer's {wanted} ({fault})") from None

    def _keep(self, there: NDArray[np.bool_], lacking: str) -> NDArray[np.bool_]:
        missing = int(np.count_nonzero(~there))
        if missing:
            self.without[lacking] = self.without.get(lacking, 0) + missing
        return there

    def _name(self, at: int) -> str:
        return f"row {self.done + at + 1} of {self.source.name}"

    def notes(self) -> tuple[str, ...]:
        """What was left out and mended."""
        name = self.source.name
        left = [f"{_count(n, 'row')} of {name} without a {what} left out" for what, n in self.without.items()]
        mended = [f"{_count(self.mended, 'polygon')} of {name} not valid, and mended"] if self.mended else []
        return (*left, *mended)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _polygons(shape: shapely.Geometry) -> shapely.Geometry:
    """The polygons of a mended shape; what had no area falls away."""
    parts = shapely.get_parts(shape)
    while (shapely.get_type_id(parts) > 3).any():
        parts = shapely.get_parts(parts)
    areas = parts[shapely.get_type_id(parts) == 3]
    return areas[0] if len(areas) == 1 else shapely.union_all(areas)


__all__ = ["LON_LAT", "Fitting"]
