"""Statements that somebody who sees a layer for the first time can run: made of its own names, places and times."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cubeql.catalog import Attribute, Band
from cubeql.drawing.view import cell_degrees
from cubeql_tui import asking
from cubeql_tui.snapshot import LayerFacts

_FEW_CELLS = 60_000  # cells that are drawn at once by anybody's machine
_CELLS_A_TILE = 7**5
_REACH = 40  # cells of the coarser layer on each side of a place


@dataclass(frozen=True, slots=True)
class Example:
    """A statement, what it is good for, and the view that shows it best."""

    why: str
    text: str
    view: str = "table"


@dataclass(frozen=True, slots=True)
class Sight:
    """The middle of a cell in which a layer has a value, how many times the layer has, and its resolution."""

    lon: float
    lat: float
    times: int
    resolution: int

    @property
    def written(self) -> str:
        """As a region of a statement, as precise as the cell is small."""
        digits = max(2, math.ceil(-math.log10(cell_degrees(self.resolution) / 20)))
        return f"POINT({self.lon:.{digits}f}, {self.lat:.{digits}f})"


def of_layer(facts: LayerFacts, sight: Sight | None) -> list[Example]:
    """Examples of one layer; without a sight of it none of its values over time."""
    record = facts.record
    if not facts.rows:
        return []
    if record.kind != "grid":
        return [Example("its rows", f"SELECT * FROM {asking.name(record.name)} LIMIT 100"), *_counted(facts)]
    found = [on_the_map(facts, sight)]
    if sight is not None and sight.times > 1:
        found.append(over_time(facts, sight))
    return found + list(_counted(facts))


def on_the_map(facts: LayerFacts, sight: Sight | None) -> Example:
    """All of a layer, of the last time, so coarse that it is drawn at once."""
    record, chosen = facts.record, facts.record.bands[0]
    name, layer = asking.name(chosen.name), asking.name(record.name)
    where = "" if facts.last is None else f" FILTER time = {_moment(facts.last)}"
    cells = max(1, facts.rows) * _CELLS_A_TILE / max(1, sight.times if sight else 1)
    coarser = max(0, math.ceil(math.log(cells / _FEW_CELLS, 7)))
    at = max(0, record.resolution - coarser)
    if at == record.resolution and not record.dimensions:
        text = f"SELECT cell, {name} FROM {layer}{where}"
    else:
        text = f"SELECT CELL({at}) AS cell, {_gather(chosen)}({name}) AS {name} FROM {layer}{where} GROUP BY CELL({at})"
    return Example(f"{chosen.name} of {record.name} on the map", text, "map")


def over_time(facts: LayerFacts, sight: Sight) -> Example:
    """The values of a layer at a place."""
    record = facts.record
    band = next((b for b in record.bands if b.kind == "continuous"), record.bands[0])
    text = (
        f"SELECT time, {asking.name(band.name)} FROM {asking.name(record.name)}\n"
        f"FILTER cell WITHIN {sight.written}\nORDER BY time"
    )
    return Example(f"{band.name} of {record.name} at a place, over time", text, "series")


def joined(one: LayerFacts, other: LayerFacts, sight: Sight) -> Example | None:
    """Two layers side by side around a place, on the grid of the coarser; None where they do not go together."""
    coarse, fine = sorted((one, other), key=lambda facts: (facts.record.kind != "grid", facts.record.resolution))
    if coarse.record.kind != "grid" or fine.record.kind == "zones":
        return None
    if fine.record.kind == "points":
        return _at_points(coarse, fine)
    if coarse.record.time is not None and fine.record.time is not None:
        return None  # which of their times belong together is for people to say
    first, second = coarse.record.bands[0], fine.record.bands[0]
    if fine.record.band(first.name) is not None or coarse.record.band(second.name) is not None:
        return None
    using = f" USING {_method(second)}" if coarse.record.resolution != fine.record.resolution else ""
    degrees = _REACH * cell_degrees(coarse.record.resolution)
    west, east = max(-180.0, sight.lon - degrees), min(180.0, sight.lon + degrees)
    south, north = max(-85.0, sight.lat - degrees), min(85.0, sight.lat + degrees)
    conditions = [f"cell WITHIN BBOX({west:.4g}, {south:.4g}, {east:.4g}, {north:.4g})"]
    if coarse.last is not None or fine.last is not None:
        conditions.append(f"time = {_moment(coarse.last if coarse.last is not None else fine.last)}")
    text = (
        f"SELECT cell, {asking.name(first.name)}, {asking.name(second.name)}\n"
        f"FROM {asking.name(coarse.record.name)} JOIN {asking.name(fine.record.name)}{using}\n"
        f"FILTER {' AND '.join(conditions)}"
    )
    return Example(f"{coarse.record.name} with {fine.record.name}, cell by cell", text, "map")


def _at_points(grid: LayerFacts, points: LayerFacts) -> Example | None:
    if not points.record.attributes or grid.record.time is not None or points.record.time is not None:
        return None
    attribute, band = points.record.attributes[0], grid.record.bands[0]
    text = (
        f"SELECT {asking.name(attribute.name)}, {asking.name(band.name)}\n"
        f"FROM {asking.name(points.record.name)} JOIN {asking.name(grid.record.name)}"
    )
    return Example(f"{grid.record.name} at each of {points.record.name}", text)


def _counted(facts: LayerFacts) -> Iterator[Example]:
    """How often each class comes, or where a number is greatest."""
    record = facts.record
    columns: Sequence[Band | Attribute] = record.bands or record.attributes
    classes = next((c for c in columns if c.classes), None)
    if classes is not None:
        name = asking.name(classes.name)
        text = (
            f"SELECT {name}, count(*) AS how_many FROM {asking.name(record.name)}\n"
            f"GROUP BY {name} ORDER BY how_many DESC"
        )
        yield Example(f"how often each class of {classes.name} comes", text)
    elif record.bands:
        name = asking.name(record.bands[0].name)
        text = f"SELECT min({name}), avg({name}), max({name}) FROM {asking.name(record.name)}"
        yield Example(f"the range of {record.bands[0].name}", text)


def _gather(band: Band) -> str:
    return "mode" if band.kind == "categorical" else "avg"


def _method(band: Band) -> str:
    return "mode" if band.kind == "categorical" else "mean"


def _moment(time: np.datetime64 | None) -> str:
    assert time is not None
    day = time.astype("datetime64[D]")
    second = time.astype("datetime64[s]")
    if day == time:
        return f"TIMESTAMP {asking.text(str(day))}"
    return f"TIMESTAMP {asking.text(f'{second}Z')}" if second == time else asking.instant(time)
