"""Where the cells of the map come from. Both kinds answer in a thread; neither knows the screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.catalog import Band
from cubeql.drawing.display import columns_of
from cubeql.drawing.hexes import Hexes, extent_of, gathered, one_resolution, order_of
from cubeql.drawing.looks import Look
from cubeql.drawing.mapped import can_map, mappable, numbers
from cubeql.drawing.selection import TimeSpan
from cubeql.drawing.series import Line, averaged
from cubeql.drawing.view import Box, Floats
from cubeql.sessions import AnySession
from cubeql.values.cells import CellArray, format_cell, parent, resolution_of
from cubeql_tui import asking
from cubeql_tui.asking import When
from cubeql_tui.rows import Rows
from cubeql_tui.snapshot import LayerFacts

Times = NDArray[np.datetime64]

_TILE_DEPTH = 5  # a tile holds the cells five resolutions below it: where tiles are is known without reading arrays

_FEW_TILES = 50


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a cell has a value of.

    Attributes:
        name: of the band or column.
        unit: None where it has none.
        classes: names by code; None for numbers.
        look: how its makers want it seen.
    """

    name: str
    unit: str | None = None
    classes: dict[int, str] | None = None
    look: Look = field(default=Look(), compare=False)

    @staticmethod
    def of_band(band: Band) -> Quantity:
        """A band of a layer."""
        look = Look.of_band(band)
        return Quantity(band.name, band.unit, look.classes(dict(band.classes)), look)

    @property
    def title(self) -> str:
        """Its name with its unit."""
        return f"{self.name} [{self.unit}]" if self.unit not in (None, "", "1") else self.name


class Source(Protocol):
    """Cells to be drawn."""

    @property
    def title(self) -> str:
        """Where they come from, in a few words."""
        ...

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What can be shown of them."""
        ...

    @property
    def finest(self) -> int:
        """Their own resolution."""
        ...

    def times(self) -> Times:
        """The instants they can be shown at, in order; none where they have no time. May take long."""
        ...

    def extent(self) -> Box | None:
        """Where they lie; None where there are none. May take long."""
        ...

    def hexes(self, quantity: Quantity, resolution: int, box: Box, time: When) -> Hexes:
        """Those of a region, at a resolution not finer than their own; of a span their mean. May take long."""
        ...

    def series(self, quantity: Quantity, cell: int) -> Line:
        """The values over time below a cell, their mean. May take long."""
        ...


@dataclass(slots=True)
class LayerSource:
    """A layer; the engine is asked for what is seen, at the resolution in which it is seen."""

    session: AnySession
    facts: LayerFacts
    _times: Times | None = field(default=None, init=False)

    @property
    def title(self) -> str:
        """Its name."""
        return self.facts.record.name

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Its bands."""
        return tuple(Quantity.of_band(band) for band in self.facts.record.bands)

    @property
    def finest(self) -> int:
        """Its resolution."""
        return self.facts.record.resolution

    def times(self) -> Times:
        """All its times."""
        if self._times is None:
            if self.facts.record.time is None:
                self._times = np.array([], "datetime64[us]")
            else:
                listed = self.session.query(asking.times_of_layer(self.title)).to_arrow()
                self._times = np.sort(listed["time"].to_numpy().astype("datetime64[us]"))
        return self._times

    def extent(self) -> Box | None:
        """Where its tiles lie."""
        resolution = max(0, self.finest - _TILE_DEPTH)
        cells = self._whereabouts(resolution)
        if len(cells) < _FEW_TILES:  # a small layer: the outlines of its tiles would be far around it
            cells = self._whereabouts(min(resolution + 3, self.finest))
        return extent_of(cells)

    def _whereabouts(self, resolution: int) -> CellArray:
        found = self.session.query(asking.whereabouts(self.title, resolution)).to_arrow()
        return np.unique(found["cell"].to_numpy().astype(np.int64))

    def hexes(self, quantity: Quantity, resolution: int, box: Box, time: When) -> Hexes:
        """The engine's answer."""
        single = not self.facts.record.dimensions and not isinstance(time, TimeSpan)
        whole = resolution == self.finest and single
        gather = None if whole else "mode" if quantity.classes else "avg"
        region = None if box.width >= 360.0 and box.south <= -90.0 and box.north >= 90.0 else box
        text = asking.cells_of_layer(self.title, quantity.name, resolution, region, time, gather)
        found = self.session.query(text).to_arrow()
        cells = found["cell"].to_numpy().astype(np.int64)
        order = np.argsort(cells)
        values = numbers(found["value"])[order]
        return Hexes(resolution, cells[order], values, whole)

    def series(self, quantity: Quantity, cell: int) -> Line:
        """The engine's answer."""
        found = self.session.query(asking.series_of_layer(self.title, quantity.name, format_cell(cell))).to_arrow()
        return averaged("", found["time"].to_numpy().astype("datetime64[us]"), numbers(found["value"]))


class RowsSource:
    """The rows of a result, as many as have come; they are brought together here.

    Args:
        rows: with a column of cells.
        complete: whether they are all there are.
    """

    def __init__(self, rows: Rows, complete: bool) -> None:
        self.rows, self.complete = rows, complete
        self._kept: dict[tuple[str, int, When], Hexes] = {}

    @cached_property
    def _table(self) -> pa.Table:
        table = self.rows.table()
        cells = table.column(_column(self.rows, "cell"))
        return table.filter(cells.is_valid()) if cells.null_count else table

    @cached_property
    def _sorted(self) -> tuple[CellArray, NDArray[np.intp] | None]:
        """The cells, ascending, and the order in which they do so; None where the rows have it."""
        cells = one_resolution(self._table.column(_column(self.rows, "cell")).to_numpy().astype(np.int64))
        order = order_of(cells)
        return cells if order is None else np.take(cells, order), order

    @property
    def _cells(self) -> CellArray:
        return self._sorted[0]

    @cached_property
    def _clock(self) -> Times:
        number = _column(self.rows, "timestamp")
        found = np.array([]) if number is None else self._in_order(self._table.column(number).to_numpy())
        return np.asarray(found.astype("datetime64[us]"))

    def _values(self, quantity: Quantity) -> Floats:
        return self._in_order(numbers(self._table.column(quantity.name)))

    def _in_order(self, column: NDArray[Any]) -> NDArray[Any]:
        order = self._sorted[1]
        return column if order is None else np.take(column, order)

    @staticmethod
    def can_show(rows: Rows) -> bool:
        """Whether rows have a cell and something to colour it by."""
        return can_map(rows.schema)

    @property
    def title(self) -> str:
        """That they are a result, and whether all of it."""
        return "result" if self.complete else f"the first {len(self.rows):,} rows"

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The columns of numbers and classes."""
        return tuple(Quantity(c.name, c.unit, c.classes, c.look) for c in mappable(self.rows.schema))

    @property
    def finest(self) -> int:
        """The resolution of its cells."""
        return int(resolution_of(int(self._cells[0]))) if len(self._cells) else 0

    def times(self) -> Times:
        """The instants of its rows."""
        return np.unique(self._clock[~np.isnat(self._clock)])

    def extent(self) -> Box | None:
        """Where its cells lie."""
        return extent_of(self._cells)

    def hexes(self, quantity: Quantity, resolution: int, box: Box, time: When) -> Hexes:
        """The same of all of them, wherever they lie, is computed once and kept."""
        key = (quantity.name, resolution, time)
        if key not in self._kept:
            cells, values = self._cells, self._values(quantity)
            if time is not None:
                at = self._at(time)
                cells, values = cells[at], values[at]
            self._kept[key] = gathered(cells, values, resolution, quantity.classes is not None)
        return self._kept[key].near(box)

    def _at(self, time: np.datetime64 | TimeSpan) -> NDArray[np.bool_]:
        return time.holds(self._clock) if isinstance(time, TimeSpan) else np.asarray(self._clock == time)

    def series(self, quantity: Quantity, cell: int) -> Line:
        """The values of its rows."""
        below = (parent(self._cells, resolution_of(cell)) == cell) & ~np.isnat(self._clock)
        return averaged("", self._clock[below], self._values(quantity)[below])


def _column(rows: Rows, kind: str) -> int | None:
    """The number of the first column of a kind."""
    return next((c.number for c in columns_of(rows.schema) if c.kind == kind), None)
