"""The statements that the screen writes by itself; names are quoted and texts escaped here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from cubeql.drawing.selection import Choice, TimeSpan
from cubeql.drawing.view import Box

PREVIEW_ROWS = 1000

When = np.datetime64 | TimeSpan | None
"""The instant that is asked for, or all of a span; None of what has no time."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def name(written: str) -> str:
    """A name as a statement writes it; a collection's dot stays one."""
    return ".".join(p if _PLAIN.fullmatch(p) else '"' + p.replace('"', '""') + '"' for p in written.split("."))


def column(written: str) -> str:
    """The name of a column of a result; a dot in it is a part of it."""
    return written if _PLAIN.fullmatch(written) else '"' + written.replace('"', '""') + '"'


def during(of: str, period: str) -> str:
    """That a time lies in a period."""
    return f"{column(of)} DURING {text(period)}"


def chosen(choice: Choice, classes: dict[int, str] | None) -> str:
    """That a value is among those of a choice; classes by their names, where each has one of its own."""
    if choice.codes is None:
        return f"{column(choice.quantity)} BETWEEN {choice.low!r} AND {choice.high!r}"
    names = classes or {}
    named = len(set(names.values())) == len(names) and all(code in names for code in choice.codes)
    values = (text(names[code]) if named else str(code) for code in choice.codes)
    return f"{column(choice.quantity)} IN ({', '.join(values)})"


def rows_of_layer(layer: str, band: str, has_time: bool) -> str:
    """All values of a band."""
    return f"SELECT cell, {'time, ' if has_time else ''}{name(band)} FROM {name(layer)}"


def text(value: str) -> str:
    """A text as a statement writes it."""
    return "'" + value.replace("'", "''") + "'"


def preview(layer: str, band: str | None = None) -> str:
    """The first rows of a layer, or of one band."""
    return f"SELECT {'*' if band is None else f'cell, {name(band)}'} FROM {name(layer)} LIMIT {PREVIEW_ROWS}"


def number(value: float) -> str:
    """A number as a statement writes it, a negative one too."""
    return f"{value:.9f}".rstrip("0").rstrip(".") or "0"


def instant(time: np.datetime64) -> str:
    """An instant as a statement writes it."""
    return f"TIMESTAMP {text(str(time.astype('datetime64[us]')) + 'Z')}"


def _filter(conditions: Sequence[str]) -> str:
    return f" FILTER {' AND '.join(conditions)}" if conditions else ""


def _when(time: When) -> list[str]:
    if isinstance(time, TimeSpan):
        return [f"time BETWEEN {instant(time.first)} AND {instant(time.last)}"]
    return [] if time is None else [f"time = {instant(time)}"]


def _conditions(box: Box | None, time: When) -> list[str]:
    found = _when(time)
    if box is not None:
        found.append(f"cell WITHIN BBOX({', '.join(number(edge) for edge in box)})")
    return found


def cells_of_layer(layer: str, band: str, resolution: int, box: Box | None, time: When, gather: str | None) -> str:
    """The values of a band in a region, at one time or over a span of them.

    Args:
        layer: its name.
        band: its name.
        resolution: of the cells that are asked for.
        box: the region; None for the whole earth.
        time: the instant or span; None of a layer without time.
        gather: the function that makes one value a cell of many; None where each cell has one.
    """
    where = f"FROM {name(layer)}{_filter(_conditions(box, time))}"
    if gather is None:
        return f"SELECT cell, {name(band)} AS value {where}"
    return f"SELECT CELL({resolution}) AS cell, {gather}({name(band)}) AS value {where} GROUP BY CELL({resolution})"


def band_of_layer(layer: str, band: str) -> str:
    """All values of a band, to be written on by a person."""
    return f"SELECT cell, {name(band)}\nFROM {name(layer)}"


def series_of_layer(layer: str, band: str, cell: str) -> str:
    """The mean of a band below a cell, an instant a row."""
    where = f"FROM {name(layer)} FILTER cell WITHIN CELL {text(cell)}"
    return f"SELECT time, avg({name(band)}) AS value {where} GROUP BY time ORDER BY time"


def whereabouts(layer: str, resolution: int) -> str:
    """The cells of a resolution below which a layer has any."""
    return f"SELECT CELL({resolution}) AS cell, count(*) AS rows FROM {name(layer)} GROUP BY CELL({resolution})"


def times_of_layer(layer: str) -> str:
    """All times of a layer."""
    return f"SHOW TIMES {name(layer)}"


def a_cell_of_layer(layer: str, band: str, cell: str) -> str:
    """A cell below another in which a band has a value."""
    return f"SELECT cell FROM {name(layer)} FILTER cell WITHIN CELL {text(cell)} AND {name(band)} IS NOT NULL LIMIT 1"


def ranges_of_layer(layer: str, bands: Sequence[str]) -> str:
    """The least and greatest value of bands, in their order."""
    ends = [f"{end}({name(band)})" for band in bands for end in ("min", "max")]
    return f"SELECT {', '.join(f'{call} AS c{i}' for i, call in enumerate(ends))} FROM {name(layer)}"


def shares_of_layer(layer: str, band: str) -> str:
    """How many cells have each class."""
    return f"SELECT {name(band)} AS code, count(*) AS cells FROM {name(layer)} GROUP BY {name(band)}"


def describe(layer: str) -> str:
    """What is known of a layer."""
    return f"DESCRIBE {name(layer)}"


def versions(layer: str) -> str:
    """The states of a layer."""
    return f"SHOW VERSIONS {name(layer)}"
