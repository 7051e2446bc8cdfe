"""Results as NetCDF after the CF conventions: pixels of the cell at their centre, one picture a time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.engine.citing import colours_told, column_told, sources_told
from cubeql.engine.pixels import ROWS_AT_ONCE, PixelGrid, parts_of, pixel_grid, shape_fault
from cubeql.values.cells import format_cell

_MOST_VALUES = 4_000_000_000
_AXES = {
    "degree": (("lon", "longitude", "degrees_east"), ("lat", "latitude", "degrees_north")),
    "other": (("x", "projection_x_coordinate", "m"), ("y", "projection_y_coordinate", "m")),
}
_TAKEN = ("lon", "lat", "x", "y", "time", "crs")


def write_netcdf(table: pa.Table, path: Path, crs: str = "EPSG:4326", size: Any = None, text: str = "") -> Path:
    """Write the numeric columns of a result as variables over time (where it has one), y and x.

    Args:
        table: a result with a cell column; each cell once, or once a time.
        path: where to; written in place, so give a name that nobody reads yet.
        crs: reference system of the pixels.
        size: as of :func:`cubeql.engine.rasters.write_raster`.
        text: the statement, for errors and as the file's history.

    Raises:
        QueryError: there is no cell column or no number, a cell comes twice at a time, or there would be too much.
    """
    import netCDF4

    column, names = parts_of(table, text)
    _check_names(names, text)
    cells, cell_places = np.unique(table[column].to_numpy().astype(np.int64), return_inverse=True)
    times, time_places = _times(table, text)
    _check_once(table, (cells, cell_places), time_places, text)
    grid = pixel_grid(cells, crs, size, text)
    pictures = 1 if times is None else len(times)
    if grid.shape[0] * grid.shape[1] * pictures * len(names) > _MOST_VALUES:
        width, height = grid.shape
        reason = f"the file would hold {pictures} times {len(names)} pictures of {width} x {height} pixels"
        raise shape_fault(text, reason, "give a larger size, or write fewer times")
    with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        dimensions = _describe(file, grid, times, table, text)
        variables = [_variable(file, table.schema.field(n), dimensions) for n in names]
        columns = [_values(table[n]) for n in names]
        for top in range(0, grid.shape[1], ROWS_AT_ONCE):
            rows = min(ROWS_AT_ONCE, grid.shape[1] - top)
            places = grid.places(cells, top, rows)
            for number in range(pictures):
                chosen = time_places == number
                at = slice(top, top + rows) if times is None else (number, slice(top, top + rows))
                for variable, (values, valid) in zip(variables, columns, strict=True):
                    picture = _scattered(values, valid, chosen, cell_places, len(cells), variable._FillValue)
                    variable[at] = np.where(places >= 0, picture[places], variable._FillValue)
    return path


def _check_names(names: list[str], text: str) -> None:
    for name in names:
        if name in _TAKEN or "/" in name:
            raise shape_fault(text, f"a variable of a NetCDF file cannot be called {name!r} here", "name it with AS")


def _times(table: pa.Table, text: str) -> tuple[NDArray[np.datetime64] | None, NDArray[np.int64]]:
    """The times of a result, ascending, and which one each row has; None where no column holds instants."""
    found = [f.name for f in table.schema if pa.types.is_timestamp(f.type)]
    if not found:
        return None, np.zeros(table.num_rows, np.int64)
    if len(found) > 1 and "time" not in found:
        raise shape_fault(text, f"which of {', '.join(found)} is the time?", "name it with AS time")
    column = table["time" if "time" in found else found[0]]
    if column.null_count:
        raise shape_fault(text, "a time is NULL", "FILTER … IS NOT NULL")
    return np.unique(column.cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]"), return_inverse=True)


def _check_once(
    table: pa.Table, cells: tuple[NDArray[np.int64], NDArray[np.int64]], times: NDArray[np.int64], text: str
) -> None:
    known, places = cells
    keys = np.sort(times * len(known) + places)
    twice = np.flatnonzero(keys[1:] == keys[:-1])
    if twice.size:
        cell = format_cell(int(known[keys[twice[0]] % len(known)]))
        raise shape_fault(text, f"the cell {cell} comes more than once at one time", "group by cell, and by time")


# ------------------------------------------------------------------ what the file says of itself


def _describe(
    file: Any, grid: PixelGrid, times: NDArray[np.datetime64] | None, table: pa.Table, text: str
) -> tuple[str, ...]:
    """Dimensions, coordinates, reference system and provenance; gives the names of the dimensions."""
    import pyproj

    system = pyproj.CRS.from_user_input(grid.crs)
    mapping = file.createVariable("crs", "i4")
    mapping.setncatts({k: v for k, v in system.to_cf().items() if v is not None})
    x_axis, y_axis = _AXES["degree" if system.is_geographic else "other"]
    unit = system.axis_info[0].unit_name
    for (name, standard, units), values in ((y_axis, grid.y()), (x_axis, grid.x())):
        file.createDimension(name, len(values))
        axis = file.createVariable(name, "f8", (name,))
        axis.setncatts({"standard_name": standard, "units": units if unit in ("degree", "metre") else unit})
        axis[:] = values
    file.setncatts({"Conventions": "CF-1.8", "history": _history(text), **_provenance(table)})
    if times is None:
        return (y_axis[0], x_axis[0])
    file.createDimension("time", len(times))
    whole = not (times.astype(np.int64) % 1_000_000).any()
    axis = file.createVariable("time", "i8", ("time",))
    unit = "seconds" if whole else "microseconds"
    units = f"{unit} since 1970-01-01 00:00:00"
    axis.setncatts({"standard_name": "time", "units": units, "calendar": "standard", "axis": "T"})
    axis[:] = times.astype("datetime64[s]" if whole else "datetime64[us]").astype(np.int64)
    return ("time", y_axis[0], x_axis[0])


def _history(text: str) -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} CubeQL: {' '.join(text.split())}"


def _provenance(table: pa.Table) -> dict[str, str]:
    known = json.loads((table.schema.metadata or {}).get(b"cubeql", b"{}")).get("layers", {})
    return sources_told(known)


# ------------------------------------------------------------------ values


def _variable(file: Any, field: pa.Field, dimensions: tuple[str, ...]) -> Any:
    kind = np.dtype("i1") if pa.types.is_boolean(field.type) else np.dtype(field.type.to_pandas_dtype())
    fill = np.nan if kind.kind == "f" else np.iinfo(kind).max if kind.kind == "u" else np.iinfo(kind).min
    variable = file.createVariable(
        field.name, kind, dimensions, fill_value=kind.type(fill), compression="zlib", complevel=4, shuffle=True
    )
    variable.set_auto_mask(False)
    metadata = field.metadata or {}
    facts = {"grid_mapping": "crs", "long_name": field.name, **column_told(metadata)}
    variable.setncatts(facts | _flags(metadata, kind))
    return variable


def _flags(metadata: dict[bytes, bytes], kind: np.dtype[Any]) -> dict[str, Any]:
    """Class names as CF says them: codes, and words without blanks."""
    written = metadata.get(b"cubeql.classes", b"").decode()
    if not written:
        return {}
    pairs = [entry.partition("=") for entry in written.split("|")]
    codes = np.array([int(code) for code, _, _ in pairs], kind)
    flags = {"flag_values": codes, "flag_meanings": " ".join(name.replace(" ", "_") for _, _, name in pairs)}
    colours = colours_told(metadata)
    whole = all(int(code) in colours for code in codes)
    return flags | ({"flag_colors": " ".join(colours[int(c)] for c in codes)} if whole else {})


def _values(column: pa.ChunkedArray) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    given = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
    return given.fill_null(0).to_numpy(), column.is_valid().to_numpy()


def _scattered(
    values: NDArray[Any], valid: NDArray[np.bool_], chosen: NDArray[np.bool_], places: NDArray[np.int64],
    count: int, fill: Any,
) -> NDArray[Any]:  # fmt: skip
    """A value a cell, the fill where there is none."""
    picture = np.full(count, fill, values.dtype)
    there = chosen & valid
    picture[places[there]] = values[there]
    return picture
