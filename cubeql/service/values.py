"""What may stand at a place beside names of the catalog: methods, types, periods, texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cubeql.catalog import Band, Layer
from cubeql.catalog.records import METHODS
from cubeql.functions.climate import BUCKETS
from cubeql.functions.scalars import TRUNCATIONS
from cubeql.lang.tokens import Token
from cubeql.service.columns import Columns, path_of
from cubeql.service.places import Place
from cubeql.service.scope import Query
from cubeql.values.containment import CONTAINMENTS

METHOD_HELP = {
    "mean": "Mean of the finer cells.",
    "min": "Smallest of the finer cells.",
    "max": "Largest of the finer cells.",
    "sum": "Sum of the finer cells.",
    "count": "How many of the finer cells have a value.",
    "mode": "Most frequent value of the finer cells.",
    "first": "Value of the first finer cell that has one, in the order of their indexes.",
    "last": "Value of the last finer cell that has one, in the order of their indexes.",
    "median": "Middle value of the finer cells.",
    "stddev": "Standard deviation of the finer cells.",
    "any": "Whether any of the finer cells is not 0.",
    "all": "Whether all of the finer cells are not 0.",
    "area_mean": "Mean of the finer cells, each weighed by its true area.",
    "center": "A cell belongs to the zone that holds its centre.",
    "overlap": "A cell belongs to every zone that touches it.",
    "full": "A cell belongs to a zone that holds all of it.",
    "area": "Like overlap, with the share of the cell's area as column 'fraction'.",
}
_NOT_OF_CLASSES = frozenset(("mean", "sum", "median", "stddev", "any", "all", "area_mean"))
TYPES = {
    "integer": "whole number",
    "number": "number with fractions",
    "text": "characters",
    "boolean": "true or false",
    "timestamp": "instant in UTC",
    "interval": "length of time",
}
SETTINGS = {
    "timeout_s": "time limit of every statement, in seconds",
    "threads": "how many threads the engine uses",
    "memory_limit": "memory for queries, such as '4GB'",
    "array_memory": "memory for arrays that stay decoded, such as '2GB' or '0'",
    "in_place_cells": "how many cells a statement may make of a raster that is read in place",
    "temp_folder": "where data that outgrows memory goes",
}
PERIODS = {word: detail for word, (_, detail) in BUCKETS.items()}
_SEASONS = {
    "DJF": "December to February",
    "MAM": "March to May",
    "JJA": "June to August",
    "SON": "September to November",
}


def methods(layer: Layer | None, band: Band | None) -> Iterator[str]:
    """The methods that bring a layer, or one band of it, to another grid."""
    if layer is not None and layer.kind == "zones":
        yield from CONTAINMENTS
        return
    bands = (band,) if band is not None else layer.bands if layer is not None else ()
    of_classes = bool(bands) and all(b.kind == "categorical" for b in bands)
    for method in METHODS:
        if not (of_classes and method in _NOT_OF_CLASSES):
            yield method


def texts_for(before: Sequence[Token], query: Query, columns: Columns, place: Place) -> Iterator[tuple[str, str]]:
    """Texts that may stand behind tokens, each with a few words on it."""
    if place.argument == ("date_trunc", 0) and before[-1].type == "LPAR":
        yield from ((unit, "start of the " + unit) for unit in TRUNCATIONS)
        return
    end = _compared(before)
    if not end:
        return
    path = _path_before(before, end)
    column = columns.resolve(query, path) if path else None
    if column is not None:
        yield from ((name, f"class {code} of {column.name}") for code, name in column.type.classes)
    elif before[end - 1].type == "RPAR" and "season" in (
        token.text.casefold() for token in before[max(0, end - 6) : end]
    ):
        yield from _SEASONS.items()


def _compared(before: Sequence[Token]) -> int:
    """How many of the tokens end with what a value is compared with; 0 if none is compared here."""
    last = before[-1] if before else None
    if last is None:
        return 0
    if last.type == "EQUALS" or last.text in ("<>", "!=") or last.keyword == "WHEN":
        return len(before) - 1
    if last.type not in ("LPAR", "COMMA"):
        return 0
    at = len(before) - 1
    while at > 0 and before[at].type in ("COMMA", "STRING", "NUMBER", "PARAMETER"):
        at -= 1
    if at > 0 and before[at].type == "LPAR" and before[at - 1].keyword == "IN":
        return at - 1 - (before[at - 2].keyword == "NOT")
    return 0


def _path_before(tokens: Sequence[Token], end: int) -> tuple[str, ...]:
    """The name that ends before a place."""
    start = end - 1
    while start >= 2 and tokens[start - 1].type == "DOT":
        start -= 2
    return path_of(tokens[start:end]) if start >= 0 else ()


def operand(before: Sequence[Token]) -> tuple[str, ...]:
    """The name that tokens end with; empty if they end with something else."""
    return _path_before(before, len(before))
