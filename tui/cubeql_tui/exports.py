"""What can be written to a file beside the rows of a statement: what the map, the series, the histogram show."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cubeql.drawing.counting import Counted, bins, class_counts
from cubeql.drawing.display import instant_text
from cubeql.drawing.image import save
from cubeql.drawing.series import Series
from cubeql.drawing.sheet import DARK, LIGHT, Picture, scaled
from cubeql_tui.map.side import MapSide

_WIDTH = 1400  # pixels that the picture of a map has at least
_BARS = 100

ROWS: dict[str, str] = {
    ".parquet": "columns with types, units and licences: for DuckDB, pandas, Spark",
    ".arrow": "the same as an Arrow file: read without a copy",
    ".csv": "text with commas: for spreadsheets; units are lost",
    ".tsv": "text with tabs",
    ".json": "one list of objects",
    ".jsonl": "one object a line",
    ".geojson": "hexagons with their values: for QGIS and web maps",
    ".tif": "GeoTIFF, a raster of the cells: for GIS; a number a cell",
    ".nc": "NetCDF by the CF conventions: for climate tools",
}
"""Endings of what COPY writes, each with what it is for."""

PICTURE = {".png": "the window as pixels", ".svg": "the window as shapes, to be edited"}
TABLE = {".csv": "text with commas"}


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that can be written.

    Attributes:
        name: one word.
        about: what it is just now, on one line.
        kinds: endings, each with what it is for.
        write: writes it to a file; None where the statement is run again for it.
    """

    name: str
    about: str
    kinds: dict[str, str]
    write: Callable[[Path], None] | None = None


def of_map(side: MapSide, dark: bool) -> Subject | None:
    """The window of a map; None where nothing is drawn."""
    view, quantity, source, scale = side.map.view, side.quantity, side.source, side.scale
    if view is None or quantity is None or source is None or scale is None or not len(side.map.hexes):
        return None
    hexes = side.map.hexes
    words = " · ".join(part for part in (source.title, quantity.name, side.clock.words()) if part)
    kind = "most frequent class" if quantity.classes else "mean"
    notes = () if hexes.whole else (f"cells of resolution {hexes.resolution}, each with the {kind} of those below",)
    theme = DARK if dark else LIGHT
    seen = scaled(view, _WIDTH)
    picture = Picture(words, seen, hexes, side.map.scale, quantity.unit, quantity.classes, notes, theme)
    return Subject("map", words, PICTURE, lambda path: save(picture, path))


def of_series(series: Series | None, second: Series | None) -> Subject | None:
    """Lines over time, a value a row; None where there are none."""
    drawn = tuple(each for each in (series, second) if each is not None and len(each.times))
    if not drawn:
        return None
    rows = [
        (f"{instant_text(time)}", each.title, each.unit or "", line.name, "" if np.isnan(value) else repr(value))
        for each in drawn
        for line in each.lines
        for time, value in zip(line.times, line.values.tolist(), strict=True)
    ]
    about = ", ".join(each.title for each in drawn)
    return Subject("series", about, TABLE, _csv(("time", "quantity", "unit", "line", "value"), rows))


def of_histogram(counted: Counted | None) -> Subject | None:
    """Bars, one a row; None where there are none."""
    if counted is None or not len(counted.known):
        return None
    if counted.classes:
        names = counted.classes
        classes = ((str(code), names.get(code, ""), str(count)) for code, count in class_counts(counted.known))
        return Subject("histogram", counted.title, TABLE, _csv(("code", "class", "count"), list(classes)))
    counts, edges = bins(counted.known, _BARS)
    bars = zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    rows = [(repr(low), repr(high), str(count)) for low, high, count in bars]
    return Subject("histogram", counted.title, TABLE, _csv(("low", "high", "count"), rows))


def _csv(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([list(head), *rows])

    return write
