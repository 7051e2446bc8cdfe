"""A column of a result on the map: its cells with a value each, their colours, and what is to be said of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.drawing.colours import Scale, fitting_ramp
from cubeql.drawing.display import Column, columns_of, instant_text
from cubeql.drawing.hexes import Hexes, extent_of, gathered, one_resolution
from cubeql.drawing.raster import ground_of, indexes_at
from cubeql.drawing.view import Box, Floats, View
from cubeql.errors import CubeQLError
from cubeql.values.cells import CellArray, resolution_of


@dataclass(frozen=True, slots=True)
class Mapped:
    """Cells and the values of one column.

    Attributes:
        column: which.
        cells: of one resolution, a row each, none missing.
        values: likewise, NaN where there is none.
        scale: the colours of values.
        time: words for the instant that is shown; None where rows have no time.
    """

    column: Column
    cells: CellArray
    values: Floats
    scale: Scale
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

    @property
    def extent(self) -> Box:
        """Where the cells lie."""
        found = extent_of(np.unique(self.cells))
        assert found is not None  # there are cells
        return found

    def hexes(self, resolution: int) -> Hexes:
        """One value a cell of a resolution not finer than that of the cells."""
        return gathered(self.cells, self.values, resolution, self.column.classes is not None)

    def seen_in(self, view: View) -> Seen:
        """What a window shows, at the resolution that fits its pixels."""
        resolution = view.resolution(self.finest)
        hexes = self.hexes(resolution)
        colours = self.scale.indexes(hexes.values)
        indexes = indexes_at(ground_of(view, resolution), hexes.cells, colours, self.scale.nothing)
        return Seen(view, hexes, indexes, self.column.classes is not None)

    def classes_by_number(self) -> list[tuple[int, str]]:
        """Codes that are there with their names, the most frequent first."""
        names = self.column.classes or {}
        counted = Counter(self.values[np.isfinite(self.values)].astype(int).tolist())
        order = sorted(counted, key=lambda code: (-counted[code], code))
        return [(code, names.get(code, str(code))) for code in order]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a window shows.

    Attributes:
        view: the window.
        hexes: the cells, of the resolution that fits.
        indexes: the colour of each pixel, shape (height, width); ``Scale.nothing`` where there is no value.
        classes: whether values are codes.
    """

    view: View
    hexes: Hexes
    indexes: NDArray[np.int16]
    classes: bool = False

    @property
    def note(self) -> str | None:
        """What the values are where they are not those of the cells of the result."""
        if self.hexes.whole:
            return None
        return f"{'most frequent class' if self.classes else 'means'} at resolution {self.hexes.resolution}"


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
    rows, time = _at_last_time(table.filter(table.column(place.number).is_valid()))
    values = numbers(rows.column(column.number))
    if not len(rows):
        raise CubeQLError("there is nothing to map: the result has no rows with a cell")
    cells = one_resolution(rows.column(place.number).to_numpy().astype(np.int64))
    return Mapped(column, cells, values, scale_of(column, values), time)


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


def scale_of(column: Column, values: Floats) -> Scale:
    """The colours of the values of a column."""
    if column.classes:
        return Scale.of_classes(column.classes)
    return Scale.of_values(values, fitting_ramp(column.name, column.unit))


def numbers(column: pa.ChunkedArray) -> Floats:
    """As doubles, NaN where there is no value."""
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


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


def _listed(table: pa.Table) -> str:
    return ", ".join(table.schema.names) or "no columns"
