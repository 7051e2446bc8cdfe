"""CREATE LAYER name AS query: the layer that a query's columns make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from cubeql.analyze.bound import OutputColumn
from cubeql.catalog import Band, Dimension, Layer, TimeAxis
from cubeql.catalog.facts import LAYER_FACTS
from cubeql.catalog.records import BandKind
from cubeql.engine.celltiles import Target, refused
from cubeql.errors import nearest
from cubeql.storage.names import column_problem
from cubeql.values.durations import parse_duration

AXIS = ("step", "stamp")
OPTIONS = (*LAYER_FACTS, *AXIS, "dimensions")
_STORAGE = {"integer": "int64", "number": "float64", "boolean": "int8"}
_STAMPS = ("instant", "start", "end")
_DIMENSIONS = ("integer", "number", "text", "timestamp")


def target_of(name: str, columns: tuple[OutputColumn, ...], options: Mapping[str, Any], text: str) -> Target:
    """The layer of a query's columns.

    Args:
        name: of the layer.
        columns: of the query.
        options: what WITH says of it.
        text: the statement, for errors.

    Raises:
        QueryError: there is no cell column of a known resolution, no band, or a column cannot be a band.
    """
    cells = [c for c in columns if c.type.name == "cell"]
    if len(cells) != 1 or cells[0].type.resolution is None:
        raise refused("a layer needs one column of cells", "SELECT cell, [time,] and the values of its bands", text)
    keys = _dimension_columns(columns, options.get("dimensions"), text)
    time = _time_column([c for c in columns if c not in keys])
    rest = [c for c in columns if c is not cells[0] and c is not time and c not in keys]
    bands = tuple(_band(c, text) for c in rest)
    if not bands:
        raise refused("a layer needs a band", "SELECT cell and at least one number", text)
    layer = Layer(
        name, cells[0].type.resolution, bands, _axis(options, time is not None, text),
        tuple(_dimension(c, text) for c in keys),
    )  # fmt: skip
    named = tuple(c.name for c in rest)
    return Target(layer, cells[0].name, time.name if time else None, tuple(c.name for c in keys), named)


def _axis(options: Mapping[str, Any], timed: bool, text: str) -> TimeAxis | None:
    """What the time stamps mean by options: instants where they say nothing, a step alone begins at the stamp."""
    given = [name for name in AXIS if name in options]
    if not timed:
        if given:
            raise refused(f"a layer without time has no {given[0]}", f"leave {given[0]} out", text)
        return None
    step = _step(options, text) if "step" in options else None
    stamp = _text(options, "stamp", text) if "stamp" in options else "start" if step else "instant"
    if stamp not in _STAMPS:
        near = nearest(stamp, _STAMPS) or _STAMPS
        raise refused(f"a stamp is {', '.join(_STAMPS[:2])} or end, not {stamp!r}", f"write '{near[0]}'", text)
    if stamp == "instant" and step is not None:
        raise refused("an instant has no step", "write stamp 'start' or 'end', or leave step out", text)
    return TimeAxis(cast(Literal["instant", "start", "end"], stamp), step)


def _step(options: Mapping[str, Any], text: str) -> str:
    try:
        return str(parse_duration(_text(options, "step", text)))
    except ValueError as error:
        raise refused(f"step: {error}", "write for instance 'P1M', 'P1D' or 'PT6H'", text) from error


def _text(options: Mapping[str, Any], name: str, text: str) -> str:
    value = options[name]
    if not isinstance(value, str):
        raise refused(f"the option {name} must be a text, but is {value!r}", f"write {name} '…'", text)
    return value


def _dimension_columns(columns: tuple[OutputColumn, ...], written: Any, text: str) -> list[OutputColumn]:
    """The columns that an option names, in its order."""
    if written is None:
        return []
    names = [n.strip() for n in written.split(",")] if isinstance(written, str) else []
    if not all(names) or not names or len({n.casefold() for n in names}) < len(names):
        raise refused(f"dimensions must be names of columns, but is {written!r}", "write 'horizon, issue'", text)
    by_name = {c.name.casefold(): c for c in columns}
    for name in names:
        if name.casefold() not in by_name:
            near = nearest(name, tuple(c.name for c in columns)) or tuple(c.name for c in columns)
            raise refused(f"the query has no column {name!r} to be a dimension", f"there is {', '.join(near)}", text)
    return [by_name[n.casefold()] for n in names]


def _time_column(columns: list[OutputColumn]) -> OutputColumn | None:
    """The column called time, else the first that holds instants."""
    instants = [c for c in columns if c.type.name == "timestamp"]
    return next((c for c in instants if c.name.casefold() == "time"), instants[0] if instants else None)


def _dimension(column: OutputColumn, text: str) -> Dimension:
    if column.type.name not in _DIMENSIONS:
        raise refused(f"the column {column.name!r} is a {column.type}, which is no dimension",
                      "dimensions are numbers, texts or timestamps", text)  # fmt: skip
    _check_name(column, "dimension", text)
    return Dimension(column.name, cast(Any, column.type.name), column.type.unit)


def _band(column: OutputColumn, text: str) -> Band:
    storage = _STORAGE.get(column.type.name)
    if storage is None:
        hint = "name it in WITH (dimensions '…'), " if column.type.name in _DIMENSIONS else ""
        raise refused(f"the column {column.name!r} is a {column.type}, which no band can hold",
                      f"bands are numbers; {hint}leave it out or CAST it", text)  # fmt: skip
    _check_name(column, "band", text)
    kind: BandKind = "categorical" if column.type.categorical else "continuous"
    return Band(column.name, cast(Any, storage), column.type.unit, kind=kind, classes=column.type.classes)


def _check_name(column: OutputColumn, what: str, text: str) -> None:
    problem = column_problem(column.name)
    if problem is not None:
        raise refused(f"a {what} cannot be called {column.name!r}: it {problem}", "give it a name with AS", text)
