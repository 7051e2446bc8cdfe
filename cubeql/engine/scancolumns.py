"""The columns of the relation that a scan of tile files gives: keys, and arrays or what is stored of them."""

from __future__ import annotations

from cubeql.plan.nodes import Overview, Scan
from cubeql.sql import quote

_SQL_TYPES = {"int8": "TINYINT", "int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT", "float32": "FLOAT",
              "float64": "DOUBLE", "integer": "BIGINT", "number": "DOUBLE", "text": "VARCHAR",
              "timestamp": "TIMESTAMP"}  # fmt: skip


def columns_of(scan: Scan) -> list[str]:
    """The columns of the relation of a scan, of its files."""
    layer = scan.layer
    times = ["time", *(["time_end"] if scan.with_ends else [])] if layer.time is not None else []
    time = [_instants(t) for t in times]
    dimensions = [_instants(d.name) if d.type == "timestamp" else quote(d.name) for d in layer.dimensions]
    if scan.overview is not None:
        return ["tile", *time, *dimensions, *_statistics(scan, scan.overview), "footprint__count"]
    valid = ["valid", *(quote(f"{b}__count") for b in scan.bands)] if len(layer.bands) > 1 else []
    return ["tile", *time, *dimensions, *map(quote, scan.bands), *valid, "footprint__count"]


def _instants(name: str) -> str:
    """A stored column of instants as the UTC timestamps that expressions compute with."""
    return f"({quote(name)} AT TIME ZONE 'UTC') AS {quote(name)}"


def _statistics(scan: Scan, overview: Overview) -> list[str]:
    """Columns ``band$statistic``: one value a tile row, or an array of the overview's cells."""
    steps = scan.layer.resolution - overview.resolution
    if overview.resolution == scan.tile:
        names = [(quote(f"{band}__{what}"), f"{band}${what}") for band, what in overview.statistics]
    else:
        names = [(f"{quote(f'{band}__l{steps}')}.{what}", f"{band}${what}") for band, what in overview.statistics]
    if overview.classes is not None:
        names.append((quote(f"{overview.classes}__classes"), f"{overview.classes}$classes"))
    return [f"{stored} AS {quote(name)}" for stored, name in names]


def no_columns(scan: Scan) -> list[str]:
    """The same columns, typed, of no rows."""
    layer = scan.layer
    kinds = {d.name: _SQL_TYPES[d.type] for d in layer.dimensions}
    kinds |= {b.name: f"{_SQL_TYPES[b.storage]}[]" for b in layer.bands if b.name in scan.bands}
    time = {"time": "TIMESTAMP"} if layer.time is not None else {}
    time |= {"time_end": "TIMESTAMP"} if scan.with_ends else {}
    if scan.overview is not None:
        kinds = {d.name: _SQL_TYPES[d.type] for d in layer.dimensions}
        kinds |= _statistic_types(scan, scan.overview)
    counts = {f"{b}__count": "BIGINT" for b in scan.bands}
    valid = {"valid": "BOOLEAN[]", **counts} if len(layer.bands) > 1 else {}
    every = {"tile": "BIGINT", **time, **kinds, **valid, "footprint__count": "BIGINT"}
    return [f"NULL::{kind} AS {quote(name)}" for name, kind in every.items()]


def _statistic_types(scan: Scan, overview: Overview) -> dict[str, str]:
    storage = {b.name: _SQL_TYPES[b.storage] for b in scan.layer.bands}
    fixed = {"count": "BIGINT", "sum": "DOUBLE"}
    suffix = "" if overview.resolution == scan.tile else "[]"
    kinds = {f"{band}${what}": fixed.get(what, storage[band]) + suffix for band, what in overview.statistics}
    if overview.classes is not None:
        kinds[f"{overview.classes}$classes"] = "STRUCT(code BIGINT, count BIGINT)[]"
    return kinds
