"""The columns of the relation that a scan of tile files gives: keys, and arrays or what is stored of them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from cubeql.plan.nodes import Overview, Scan
from cubeql.sql import quote

_SQL_TYPES = {"int8": "TINYINT", "int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT", "float32": "FLOAT",
              "float64": "DOUBLE", "integer": "BIGINT", "number": "DOUBLE", "text": "VARCHAR",
              "timestamp": "TIMESTAMP"}  # fmt: skip


def columns_of(scan: Scan, stored: bool = True) -> list[str]:
    """The columns of the relation of a scan, of its files, or (not ``stored``) of its rows in memory."""
    layer, keys = scan.layer, _keys(scan, stored)
    if scan.overview is not None:
        return [*keys, *_statistics(scan, scan.overview), "footprint__count"]
    valid = ["valid", *(quote(f"{b}__count") for b in scan.bands)] if len(layer.bands) > 1 else []
    return [*keys, *map(quote, scan.bands), *valid, "footprint__count"]


def is_scalar(scan: Scan) -> bool:
    """Whether a scan reads no arrays, only what is stored of whole tiles."""
    return scan.overview is not None and scan.overview.resolution == scan.tile


def scalars_of(scan: Scan, tested: AbstractSet[str]) -> list[str]:
    """Keys and summaries of rows that stay in memory: what a scan reads, and all of the bands that conditions test."""
    layer, overview = scan.layer, scan.overview
    names = {f"{band}__count" for band in scan.bands if overview is None and len(layer.bands) > 1}
    if overview is not None and is_scalar(scan):
        names |= {f"{band}__{what}" for band, what in overview.statistics}
        names |= {f"{overview.classes}__classes"} if overview.classes is not None else set()
    return [*_keys(scan, stored=True), "footprint__count", *map(quote, sorted(names | _summaries(scan, tested)))]


def _summaries(scan: Scan, tested: AbstractSet[str]) -> set[str]:
    """The summaries of bands that conditions test."""
    bands = [b for b in scan.layer.bands if b.name in tested]
    names = {f"{b.name}__{part}" for b in bands for part in ("count", "sum", "min", "max")}
    return names | {f"{b.name}__classes" for b in bands if b.kind == "categorical"}


def stored_columns(scan: Scan, tested: AbstractSet[str]) -> tuple[list[str], list[str]]:
    """Names in its files of what a scan of arrays and its conditions read: of a value a row, and of an array a row."""
    layer, overview = scan.layer, scan.overview
    keys = ["tile", *(["time"] if layer.time is not None else []), *(d.name for d in layer.dimensions)]
    keys += ["time_end"] if scan.with_ends and layer.time is not None else []
    counts = {f"{b}__count" for b in scan.bands if overview is None and len(layer.bands) > 1} | _summaries(scan, tested)
    lists = {name for name in counts if name.endswith("__classes")}
    if overview is not None:
        steps = layer.resolution - overview.resolution
        arrays = dict.fromkeys(f"{band}__l{steps}" for band, _ in overview.statistics)
        lists |= {f"{overview.classes}__classes"} if overview.classes is not None else set()
    else:
        arrays = dict.fromkeys((*scan.bands, *(["valid"] if len(layer.bands) > 1 else [])))
    return [*keys, "footprint__count", *sorted(counts - lists)], [*arrays, *sorted(lists)]


def _keys(scan: Scan, stored: bool) -> list[str]:
    """Tile, times and dimensions; in memory instants are decoded."""
    layer = scan.layer
    times = ["time", *(["time_end"] if scan.with_ends else [])] if layer.time is not None else []
    decoded = _instants if stored else quote
    dimensions = [decoded(d.name) if d.type == "timestamp" else quote(d.name) for d in layer.dimensions]
    return ["tile", *map(decoded, times), *dimensions]


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
