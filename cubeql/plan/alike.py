"""Cells that are alike in all that is asked of them, and which queries ask for little enough to count them once.

Such a query groups cells by whole numbers of few bits: a band as it is stored, or a key of a layer that meets the
others tile by tile, whose few values are numbered. What it asks is then asked of some thousand rows, each with how many
cells it stands for.
"""

from __future__ import annotations

from collections.abc import Iterator

from cubeql.analyze.bound import (
    GRID,
    Aggregate,
    Apply,
    Bound,
    Choice,
    Column,
    Constant,
    Convert,
    OneOf,
    Parameter,
    walk,
)
from cubeql.catalog import Band
from cubeql.plan.failing import is_sure
from cubeql.plan.nodes import Aligned, Cells, Node, Output, TileJoin
from cubeql.plan.summarising import aggregates, is_weighed
from cubeql.values.slotted import dataclass

MOST_BITS = 21
"""A table of so many bits is looked up by its place; with more the engine has to hash, which is not worth it."""

MOST_CLASSES = 14
"""So many values, and NULL, are numbered in 4 bits."""

_CLASS_BITS = 4
_BITS = {"int8": 9, "int16": 17}
"""With NULL; the engine knows no range but that of the type."""

_SURE_OF_16_BITS = frozenset(("//", "// number", "floor", "ceil", "coalesce", "nullif"))


@dataclass(frozen=True, slots=True)
class Classed:
    """A key that reads nothing but one band of a layer: its values are numbered in the layer's tile rows."""

    source: int
    band: str
    key: Bound


@dataclass(frozen=True, slots=True)
class Alike(Node):
    """Cells of which those alike in all that is asked are one row, with their number.

    Attributes:
        cells: the cells.
        bands: (source, name) of what is asked as it is stored.
        classed: keys asked by number, if the engine finds that they have few values; else the cells stay single.
    """

    cells: Cells
    bands: tuple[tuple[int, str], ...]
    classed: tuple[Classed, ...] = ()


def alike_in(node: Output, cells: Cells) -> Alike | None:
    """How the cells that a query groups can be counted once; None where that is impossible or gains nothing."""
    asked = _asked(node)
    if not node.group_by or asked is None:
        return None
    read = list(dict.fromkeys((p.source, p.name) for e in asked for p in walk(e) if isinstance(p, Column)))
    of_keys = {(p.source, p.name) for k in node.group_by for p in walk(k) if isinstance(p, Column)}
    bits = {c: _bits(cells, *c) for c in read}
    if not of_keys or None in (_layer(cells, s) for s, _ in read):
        return None
    whole = sum(b if b is not None else MOST_BITS + 1 for b in bits.values())
    if whole <= MOST_BITS:
        return Alike(cells, tuple(read))
    for classed in _classed(cells, node.group_by, asked):
        rest = [c for c in read if c[0] != classed.source]
        if sum(bits[c] or MOST_BITS for c in rest) + _CLASS_BITS <= MOST_BITS and rest:
            return Alike(cells, tuple(rest), (classed,))
    return None


def _asked(node: Output) -> list[Bound] | None:
    """What is asked of cells: keys, and arguments and conditions of aggregates; None where rows must stay single."""
    asked = [*(node.group_by or ())]
    if node.sample is not None:
        return None
    for call in aggregates(node):
        if not is_weighed(call):
            return None
        asked += [*call.args, *((call.filter,) if call.filter is not None else ())]
    return asked if all(_is_of_values(p) for e in asked for p in walk(e)) else None


def _is_of_values(part: Bound) -> bool:
    if isinstance(part, Column):
        return part.source != GRID
    return isinstance(part, (Apply, Choice, Constant, Convert, OneOf, Parameter)) and not isinstance(part, Aggregate)


def _aligned(cells: Cells) -> Iterator[tuple[Aligned, TileJoin | None]]:
    yield cells.driver, None
    for join in cells.joins:
        yield join.aligned, join


def _layer(cells: Cells, source: int) -> Aligned | None:
    """The layer of a source, where its cells hold what is stored."""
    for aligned, join in _aligned(cells):
        if aligned.scan.source == source:
            other = aligned.is_finer or aligned.scan.zones is not None or (join is not None and join.over is not None)
            return None if other else aligned
    return None


def _bits(cells: Cells, source: int, name: str) -> int | None:
    band = _band(cells, source, name)
    return None if band is None else _BITS.get(band.storage)


def _band(cells: Cells, source: int, name: str) -> Band | None:
    aligned = _layer(cells, source)
    return None if aligned is None else aligned.scan.layer.band(name)


def _classed(cells: Cells, keys: tuple[Bound, ...], asked: list[Bound]) -> Iterator[Classed]:
    """Keys that may be numbered: all that is asked of a layer, which must have a row there and tells it by one band."""
    for join in cells.joins:
        aligned, source = join.aligned, join.aligned.scan.source
        plain = join.kind == "inner" and join.over is None and not join.is_ranked
        own = not (aligned.is_finer or aligned.scan.zones or aligned.scan.frozen is not None)
        if not (plain and own and len(aligned.scan.layer.bands) == 1):
            continue
        reading = [e for e in asked if any(isinstance(p, Column) and p.source == source for p in walk(e))]
        band = aligned.scan.layer.bands[0]
        if len(set(reading)) != 1 or reading[0] not in keys or band.storage not in _BITS:
            continue
        (key,) = set(reading)
        only = all(p.source == source and p.name == band.name for p in walk(key) if isinstance(p, Column))
        if only and is_sure(key, _SURE_OF_16_BITS) and key.type.name in ("integer", "number", "boolean"):
            yield Classed(source, band.name, key)
