"""Which columns of a file of rows say where and when, and which become attributes under which names and types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pyarrow as pa

from cubeql.catalog import Attribute, Layer
from cubeql.errors import nearest
from cubeql.ingest.faults import refusal
from cubeql.ingest.options import IngestOptions
from cubeql.ingest.rowsource import RowSource, SourceColumn
from cubeql.storage.names import RESERVED_COLUMNS

Kind = Literal["points", "zones"]
AttributeType = Literal["integer", "number", "text", "boolean", "timestamp"]

_LON = ("lon", "longitude", "long", "lng", "decimallongitude", "lon_deg", "longitude_deg")
_LAT = ("lat", "latitude", "decimallatitude", "lat_deg", "latitude_deg")
_TIME = ("time", "datetime", "timestamp", "date_time", "time_utc", "datetime_utc", "timestamp_utc", "date")
_PLANE = (("x", "easting"), ("y", "northing"))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The columns of a source that are read.

    Attributes:
        attributes: (column of the source, attribute) pairs, in order.
        lon: column of longitudes (or of another system's first coordinate); None where there are geometries.
        lat: column of latitudes, alike.
        time: column of times; None for a layer without time.
        notes: what was decided for the user.
    """

    attributes: tuple[tuple[str, Attribute], ...]
    lon: str | None
    lat: str | None
    time: str | None
    notes: tuple[str, ...]


def chosen_columns(source: RowSource, kind: Kind, existing: Layer | None, options: IngestOptions) -> Chosen:
    """What becomes of the columns of a source.

    Raises:
        IngestError: no column says where the points are, or one that the user names is not there or of no use.
    """
    lon = lat = None
    if source.geometry is None:
        lon, lat = _place_columns(source, options)
    timed = kind == "points" and (existing is None or existing.time is not None)
    time = _time_column(source, options) if timed else None
    taken = {n for n in (lon, lat, time) if n is not None}
    left = [c for c in source.columns if c.name not in taken]
    notes: list[str] = []
    pairs = _attributes(source, kind, _wanted(source, left, options), options, notes)
    return Chosen(pairs, lon, lat, time, tuple(notes))


def _place_columns(source: RowSource, options: IngestOptions) -> tuple[str, str]:
    plane = _PLANE if options.crs is not None else ((), ())
    found = []
    for what, given, usual in (
        ("longitudes", options.lon, (*_LON, *plane[0])),
        ("latitudes", options.lat, (*_LAT, *plane[1])),
    ):
        name = _named(source, given) if given is not None else _first(source, usual)
        if name is None:
            listed = ", ".join(c.name for c in source.columns)
            raise refusal(source.name, f"no column of {what} was found among {listed}", "name it with lon= and lat=")
        found.append(name)
    return found[0], found[1]


def _time_column(source: RowSource, options: IngestOptions) -> str | None:
    if options.time_column is not None:
        return _named(source, options.time_column)
    return _first(source, _TIME)


def _first(source: RowSource, usual: Sequence[str]) -> str | None:
    by_name = {c.name.casefold(): c.name for c in source.columns}
    return next((by_name[n] for n in usual if n in by_name), None)


def _named(source: RowSource, name: str) -> str:
    found = next((c.name for c in source.columns if c.name.casefold() == name.casefold()), None)
    if found is None:
        known = [c.name for c in source.columns]
        near = ", ".join(nearest(name, known) or known)
        raise refusal(source.name, f"it has no column {name!r}", f"there are {near}")
    return found


def _wanted(source: RowSource, left: list[SourceColumn], options: IngestOptions) -> list[tuple[str, SourceColumn]]:
    """(name, column) of what the user asks for: all columns, some, or some under other names."""
    if options.bands is None:
        return [(c.name, c) for c in left]
    asked = options.bands if isinstance(options.bands, Mapping) else {str(b): b for b in _listed(options.bands)}
    by_name = {c.name: c for c in source.columns}
    return [(str(name), by_name[_named(source, str(column))]) for name, column in asked.items()]


def _listed(bands: Sequence[str | int] | str) -> list[str | int]:
    return [bands] if isinstance(bands, str) else list(bands)


def _attributes(
    source: RowSource, kind: Kind, wanted: list[tuple[str, SourceColumn]], options: IngestOptions, notes: list[str]
) -> tuple[tuple[str, Attribute], ...]:
    units, classes = options.units or {}, options.classes or {}
    seen: set[str] = set(RESERVED_COLUMNS[kind])
    pairs = []
    for name, column in wanted:
        own = type_of(column.type)
        if own is None:
            notes.append(f"the column {column.name} is left out: {column.type} is no type of an attribute")
            continue
        fitted = _identifier(name, seen)
        if fitted != name:
            notes.append(f"the column {name} is called {fitted}")
        seen.add(fitted.lower())
        named = tuple(sorted((int(c), str(t)) for c, t in dict(classes.get(fitted, {})).items()))
        pairs.append((column.name, Attribute(fitted, own, units.get(fitted), named)))
    _check_named(source, "units", units, seen)
    _check_named(source, "classes", classes, seen)
    return tuple(pairs)


def _check_named(source: RowSource, what: str, given: Mapping[str, object], known: set[str]) -> None:
    for name in given:
        if str(name).lower() not in known:
            raise refusal(source.name, f"{what} names {name!r}, which is no attribute")


def _identifier(name: str, seen: set[str]) -> str:
    """The name as a query can write it without quotes, unlike those seen."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")[:90] or "column"
    plain = f"_{plain}" if plain[0].isdigit() else plain
    found, number = plain, 1
    while found.lower() in seen:
        number += 1
        found = f"{plain}_{number}"
    return found


def type_of(kind: pa.DataType) -> AttributeType | None:
    """The attribute type of an Arrow type; None where there is none."""
    if pa.types.is_dictionary(kind):
        return type_of(kind.value_type)
    for test, name in _TYPES:
        if test(kind):
            return name
    return None


_TYPES: tuple[tuple[Callable[[pa.DataType], bool], AttributeType], ...] = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "integer"),
    (pa.types.is_floating, "number"),
    (pa.types.is_decimal, "number"),
    (pa.types.is_string, "text"),
    (pa.types.is_large_string, "text"),
    (pa.types.is_string_view, "text"),
    (pa.types.is_timestamp, "timestamp"),
    (pa.types.is_date, "timestamp"),
    (pa.types.is_null, "text"),
    (pa.types.is_time, "text"),
)


def together(first: Sequence[Attribute], other: Sequence[Attribute], name: str) -> tuple[Attribute, ...]:
    """Attributes of two sources as one: the same names, an integer beside a number a number.

    Raises:
        IngestError: names or types differ.
    """
    if [a.name for a in first] != [a.name for a in other]:
        here, there = (", ".join(a.name for a in x) or "none" for x in (other, first))
        raise refusal(name, f"its attributes are {here}, those of the layer {there}", "choose columns with bands=")
    return tuple(_wider(a, b, name) for a, b in zip(first, other, strict=True))


def _wider(one: Attribute, other: Attribute, name: str) -> Attribute:
    if one.type == other.type:
        return one
    if {one.type, other.type} == {"integer", "number"}:
        return replace(one, type="number")
    raise refusal(name, f"{one.name} holds {other.type}, in the layer {one.type}", "ingest it under another name")
