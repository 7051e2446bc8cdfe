"""Tile files as one relation, whichever bands the layer had when each was written.

A file without a band that the layer got later is read as if the band were there and nowhere valid. Where all files have
all bands, which is nearly always, the relation is the plain list of files.
"""

from __future__ import annotations

from collections.abc import Iterator

from cubeql.catalog import Band, Layer
from cubeql.sql import quote
from cubeql.sql.printer import literal
from cubeql.storage.columns import overview_levels
from cubeql.values.tiles import slot_count, tile_resolution

# ruff: noqa: S608 - identifiers are quoted, constants are our own

SQL_TYPES = {"int8": "TINYINT", "int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT", "float32": "FLOAT",
             "float64": "DOUBLE"}  # fmt: skip
PLACES = ("file_index", "file_row_number")
"""Where a row lies: the number of its file among those listed, and its own in the file."""


def read_files(paths: list[str]) -> str:
    """The table function that reads files."""
    return f"read_parquet([{', '.join(map(literal, paths))}], hive_partitioning = false)"


def source_of(layer: Layer, paths: list[str], lacks: list[str]) -> str:
    """What stands after FROM to read tile files of a layer; for each, the bands that it lacks, with commas."""
    if not any(lacks):
        return read_files(paths)
    parts = []
    for missing in dict.fromkeys(lacks):
        own = [i for i, lacking in enumerate(lacks) if lacking == missing]
        parts.append(_part(layer, [paths[i] for i in own], own, missing.split(",") if missing else []))
    return f"({' UNION ALL BY NAME '.join(parts)})"


def _part(layer: Layer, paths: list[str], numbers: list[int], missing: list[str]) -> str:
    """Files that lack the same bands, with their numbers among all."""
    number = f"[{', '.join(map(str, numbers))}][file_index::BIGINT + 1]::BIGINT AS file_index"
    lacking = [band for band in layer.bands if band.name in missing]
    columns = [number, "file_row_number AS file_row_number", *(c for b in lacking for c in _nothing(layer, b))]
    if not lacking:
        return f"SELECT *, {', '.join(columns)} FROM {read_files(paths)}"
    present = [band for band in layer.bands if band.name not in missing]
    # The bands that are there tell which cells have a row: the missing ones never do.
    valid = f"list_transform({quote(present[0].name)}, lambda x: x IS NOT NULL)"
    if len(present) == 1:
        return f"SELECT *, {', '.join(columns)}, {valid} AS valid FROM {read_files(paths)}"
    whole = f"* REPLACE (coalesce(valid, {valid}) AS valid)"
    return f"SELECT {whole}, {', '.join(columns)} FROM {read_files(paths)}"


def _nothing(layer: Layer, band: Band) -> Iterator[str]:
    """The columns of a band that is nowhere valid."""
    kind, own = SQL_TYPES[band.storage], tile_resolution(layer.resolution)
    for name, value in {
        "": f"list_resize([]::{kind}[], {slot_count(layer.resolution, own)})",
        "__count": "0::BIGINT",
        "__sum": "NULL::DOUBLE",
        "__min": f"NULL::{kind}",
        "__max": f"NULL::{kind}",
    }.items():
        yield f"{value} AS {quote(band.name + name)}"
    if band.kind == "categorical":
        yield f"[]::STRUCT(code BIGINT, count BIGINT)[] AS {quote(f'{band.name}__classes')}"
    for level in overview_levels(layer):
        entries = slot_count(layer.resolution - level, own)
        parts = {"count": ("INTEGER", ", 0::INTEGER"), "sum": ("DOUBLE", ""), "min": (kind, ""), "max": (kind, "")}
        lists = (f"'{part}': list_resize([]::{of}[], {entries}{zero})" for part, (of, zero) in parts.items())
        yield f"{{{', '.join(lists)}}} AS {quote(f'{band.name}__l{level}')}"
