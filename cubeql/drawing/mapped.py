"""A column of a result on the map: its cells with a value each, their colours, and what is to be said of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.drawing.colours import Scale
from cubeql.drawing.counting import class_counts
from cubeql.drawing.display import Column, columns_of, instant_text
from cubeql.drawing.hexes import Hexes, extent_of, gathered, one_resolution
from cubeql.drawing.raster import ground_of, indexes_at
from cubeql.drawing.view import INHABITED, Box, Floats, View, mercator
from cubeql.errors import CubeQLError
from cubeql.values.cells import CellArray, distinct, resolution_of


@dataclass(frozen=True, slots=True)
class Mapped:
    """Cells and the values of one column.

    Attributes:
        column: which.
        cells: of one resolution, a row each, none missing.
        values: likewise, NaN where there is none.
        scale: the colours of values.
        extent: where the cells lie.
        time: words for the instant that is shown; None where rows have no time.
    """

    column: Column
    cells: CellArray
    values: Floats
    scale: Scale
    extent: Box
    time: str | None = None

    @property
    def finest(self) -> int:
        """The resolution of the cells."""
        return int(resolution_of(int(self.cells[0])))

    @property
    def unit(self) -> str | None:
        """The unit of the values; None where they have none."""
        return self.column.unit if self.column.unit not in (None, "", "1") else None

    @property
    def title(self) -> str:
        """What is shown: the column, its unit, the instant."""
        named = f"{self.column.name} [{self.unit}]" if self.unit else self.column.name
        return named if self.time is None else f"{named} · {self.time}"

    def window(self, width: int, height: int, smallest: tuple[int, int] = (16, 16)) -> View:
        """A window of the shape of what is shown, as large as there is room, in pixels."""
        box, (least_width, least_height) = self.extent, smallest
        view = View.fitting(box, width, height)
        edges = np.array([box.south, box.north])
        within = np.clip(edges, *INHABITED)
        south, north = (float(e) for e in mercator(edges if within[0] == within[1] else within))
        down = max(least_height, math.ceil((north - south) / view.scale * 1.04))
        across = max(least_width, math.ceil(box.width / view.scale * 1.04))
        return View.fitting(box, min(width, across), min(height, down + down % 2))

    def hexes(self, resolution: int) -> Hexes:
        """One value a cell of a resolution not finer than that of the cells."""
        return gathered(self.cells, self.values, resolution, self.column.classes is not None)

    def seen_in(self, view: View) -> Seen:
        """What a window shows, at the resolution that fits its pixels."""
        resolution = view.resolution(self.finest)
        hexes = self.hexes(resolution)
        colours = self.scale.indexes(hexes.values)
        indexes = indexes_at(ground_of(view, resolution), hexes.cells, colours, self.scale.nothing)
        notes = (
            ()
            if hexes.whole
            else (f"{'most frequent class' if self.column.classes else 'means'} at resolution {resolution}",)
        )
        return Seen(view, hexes, indexes, (*notes, *self._hidden(view)))

    def _hidden(self, view: View) -> Iterator[str]:
        """What lies beyond the window: the plane has no end at the poles, and a window does not show all of it."""
        data, box = self.extent, view.box()
        if data.south < box.south or data.north > box.north:
            yield f"shown from {_degrees(box.south)} to {_degrees(box.north)}"

    def classes_by_number(self) -> list[tuple[int, str]]:
        """Codes that are there with their names, the most frequent first."""
        names = self.column.classes or {}
        known = self.values[np.isfinite(self.values)]
        return [(code, names.get(code, str(code))) for code, _ in class_counts(known)]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a window shows.

    Attributes:
        view: the window.
        hexes: the cells, of the resolution that fits.
        indexes: the colour of each pixel, shape (height, width); ``Scale.nothing`` where there is no value.
        notes: what is to be said of it: that values are not those of the cells of the result, that some are hidden.
    """

    view: View
    hexes: Hexes
    indexes: NDArray[np.int16]
    notes: tuple[str, ...] = ()


def can_map(schema: pa.Schema) -> bool:
    """Whether rows have a cell and something to colour it by."""
    return any(c.kind == "cell" for c in columns_of(schema)) and bool(mappable(schema))


def mappable(schema: pa.Schema) -> tuple[Column, ...]:
    """The columns that cells can be coloured by."""
    return tuple(c for c in columns_of(schema) if c.kind in ("number", "integer"))


def mapped(table: pa.Table, name: str | None = None) -> Mapped:
    """A column of a result on the map; of rows at several times those of the last.

    Args:
        table: the result.
        name: of the column; None takes the first that can be shown.

    Raises:
        CubeQLError: there is no cell, no such column or no row; it says what would be right.
    """
    place = next((c for c in columns_of(table.schema) if c.kind == "cell"), None)
    if place is None:
        raise CubeQLError(f"a map needs a column of cells, and there is none among {_listed(table)}: SELECT cell, too")
    column = chosen(table.schema, mappable(table.schema), name, "a map")
    rows, time = _at_last_time(_where_known(table, place.number))
    values = numbers(rows.column(column.number))
    if not len(rows):
        raise CubeQLError("there is nothing to map: the result has no rows with a cell")
    cells = one_resolution(rows.column(place.number).to_numpy().astype(np.int64))
    extent = extent_of(distinct(cells))
    assert extent is not None  # there are cells
    return Mapped(column, cells, values, Scale.of(column, values), extent, time)


def _where_known(table: pa.Table, number: int) -> pa.Table:
    column = table.column(number)
    return table.filter(column.is_valid()) if column.null_count else table


def chosen(schema: pa.Schema, columns: tuple[Column, ...], name: str | None, what: str) -> Column:
    """The column of a name, else the first.

    Raises:
        CubeQLError: there is none.
    """
    found = next((c for c in columns if name is None or c.name == name), None)
    if found is not None:
        return found
    if not columns:
        raise CubeQLError(
            f"{what} needs a column of numbers or classes, and there is none among "
            f"{', '.join(schema.names)}: SELECT a band, too"
        )
    verb = "is not a number" if name in schema.names else "is not there"
    raise CubeQLError(f"column {name!r} {verb}: {what} can show {', '.join(c.name for c in columns)}")


def numbers(column: pa.ChunkedArray) -> Floats:
    """As doubles, NaN where there is no value."""
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _at_last_time(table: pa.Table) -> tuple[pa.Table, str | None]:
    clock = next((c for c in columns_of(table.schema) if c.kind == "timestamp"), None)
    if clock is None:
        return table, None
    times = table.column(clock.number).to_numpy().astype("datetime64[us]")
    instants = np.unique(times[~np.isnat(times)])
    if not len(instants):
        return table, None
    said = instant_text(instants[-1])
    if len(instants) == 1:
        return table.filter(pa.array(times == instants[-1])), said
    return table.filter(pa.array(times == instants[-1])), f"{said}, the last of {len(instants):,} times"


def _degrees(latitude: float) -> str:
    return f"{abs(latitude):.0f}° {'N' if latitude >= 0 else 'S'}"


def _listed(table: pa.Table) -> str:
    return ", ".join(table.schema.names) or "no columns"
