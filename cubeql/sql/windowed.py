"""A joined layer over windows of time: tile rows in which all rows around an instant of the clock have become one.

The relation has the columns of any layer on the grid (:mod:`cubeql.sql.aligned`); its ``alias.time`` is the clock's, so
that it meets the clock's rows at equal instants. Where one value stands for a tile, tile rows are grouped as they are;
else arrays are taken apart beside their slots, grouped and gathered again, a coarser layer's before they are spread.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.catalog import Band
from cubeql.plan.nodes import Aligned, Over, TileJoin
from cubeql.sql.aligned import Shape, keys_of
from cubeql.sql.expressions import Place, translate
from cubeql.sql.matching import in_window
from cubeql.sql.methods import by_method
from cubeql.sql.stored import decoded
from cubeql.sql.tree import (
    Aggregated,
    Fill,
    Ident,
    Joined,
    Named,
    Order,
    Query,
    Select,
    Sql,
    Sub,
    Table,
    When,
    fill,
)

_NOT_NULL_OF_NONE = ("count", "stddev")
"""Methods whose result does not tell whether there is a value: 0 of none, NULL of one."""


def tells_rows(join: TileJoin) -> bool:
    """Whether the only band of a layer over windows is NULL exactly where the window has no row."""
    if join.over is None or len(join.aligned.scan.layer.bands) > 1:
        return False
    methods = (*dict(join.over.methods).values(), *dict(join.aligned.methods).values())
    return not any(m in _NOT_NULL_OF_NONE for m in methods)


def windowed(join: TileJoin, shape: Shape, instants: Query, clock: str, place: Place) -> Shape:
    """The shape of a joined layer over windows.

    Args:
        join: the join; it has ``over``.
        shape: the layer on the grid.
        instants: ``tile`` and ``<clock>.time`` of the clock's tile rows, each once.
        clock: alias of the clock.
        place: how conditions are asked; its columns are replaced by the layer's.
    """
    aligned, over = join.aligned, join.over
    assert over is not None and join.match is not None
    scan = aligned.scan
    times, rows, values, name = (f"{scan.name}${n}" for n in ("instants", "held", "over", "window"))
    ctes = [
        *shape.ctes,
        Named(times, instants, materialized=True),
        Named(rows, _met(join, shape, (times, clock), place)),
    ]
    grouped = _grouped(join, shape, rows, place)
    if shape.arrays:
        ctes += [Named(values, grouped), Named(name, _gathered(join, values), materialized=True)]
    else:
        ctes.append(Named(name, grouped))
    told = () if tells_rows(join) else (f"{scan.alias}.valid",)
    columns = frozenset((*(f"{scan.alias}.{b}" for b in scan.bands), *told))
    return replace(
        shape, name=name, ctes=tuple(ctes), arrays=columns if shape.arrays else frozenset(), raw=frozenset()
    )


def _keys(aligned: Aligned, slot: bool) -> tuple[Ident, ...]:
    dimensions = (Ident(f"{aligned.scan.alias}.{d.name}") for d in aligned.scan.layer.dimensions)
    return (Ident("tile"), Ident("$instant"), *dimensions, *((Ident("$slot"),) if slot else ()))


def _met(join: TileJoin, shape: Shape, clock: tuple[str, str], place: Place) -> Query:
    """The layer's tile rows in each window, arrays taken apart beside their slots."""
    assert join.match is not None and join.over is not None
    aligned = join.aligned
    alias = aligned.scan.alias
    instant = Ident(f"{clock[1]}.time", "instants")
    tests = (
        fill("{0} = {1}", Ident("tile", alias), Ident("tile", "instants")),
        *in_window(join.match, instant, Ident(f"{alias}.time", alias)),
        *(translate(c, _of_layer(join, frozenset(), place)) for c in join.over.on_rows),
    )
    source = Joined(Table(clock[0], "instants"), Table(shape.name, alias), "inner", tests)
    items: list[tuple[Sql, str]] = [(Ident("tile", "instants"), "tile"), (instant, "$instant")]
    items += [(Ident(f"{alias}.{k}", alias), f"{alias}.{k}") for k in keys_of(aligned)]
    for column in (*aligned.scan.bands, *(("valid",) if _has_flags(aligned) else ())):
        name = f"{alias}.{column}"
        value: Sql = Ident(name, alias)
        items.append((fill("unnest({0})", value) if name in shape.arrays else value, name))
    if shape.arrays:
        items.append((fill(f"unnest(range({_length(aligned)}))"), "$slot"))
    return Select(tuple(items), source)


def _has_flags(aligned: Aligned) -> bool:
    return aligned.is_finer or len(aligned.scan.layer.bands) > 1


def _length(aligned: Aligned) -> int:
    """How many values a tile's array holds before it is spread."""
    depth = min(aligned.scan.layer.resolution, aligned.resolution) - aligned.tile
    return int(7**depth)


def _grouped(join: TileJoin, shape: Shape, rows: str, place: Place) -> Query:
    """One row a window (and slot), values decoded; what ON drops is NULL before it is brought together."""
    aligned, over = join.aligned, join.over
    assert over is not None
    alias = aligned.scan.alias
    here = _of_layer(join, shape.raw, place)
    tests = tuple(translate(c, here) for c in over.on_cells)
    witness = fill("{0} IS NOT NULL", Ident(f"{alias}.{aligned.scan.bands[0]}"))
    exists = fill("coalesce({0}, {1})", Ident(f"{alias}.valid"), witness) if _has_flags(aligned) else witness
    values = tuple((_value(band, over, here, tests, aligned), f"{alias}.{band}") for band in aligned.scan.bands)
    told = () if tells_rows(join) else ((fill("bool_or({0})", _all((exists, *tests))), f"{alias}.valid"),)
    keys = _keys(aligned, bool(shape.arrays))
    named = tuple((k, k.name if k.name != "$instant" or shape.arrays else f"{alias}.time") for k in keys)
    return Select((*named, *values, *told), Table(rows), group_by=keys)


def _value(band: str, over: Over, here: Place, tests: tuple[Sql, ...], aligned: Aligned) -> Sql:
    value = here.column(aligned.scan.source, band)
    if tests:
        value = When(((_all(tests), value),))
    time = Ident(f"{aligned.scan.alias}.time")
    return by_method(dict(over.methods)[band], value, time, band in over.whole)


def _all(tests: tuple[Sql, ...]) -> Sql:
    text = " AND ".join(f"{{{n}}}" for n in range(len(tests)))
    return Fill(f"coalesce({text}, FALSE)", tests)


def _of_layer(join: TileJoin, raw: frozenset[str], place: Place) -> Place:
    """How conditions are asked of the layer's own rows."""
    scan = join.aligned.scan

    def stored(source: int, name: str) -> tuple[Sql, Band] | None:
        band = scan.layer.band(name) if f"{scan.alias}.{name}" in raw else None
        return None if band is None else (Ident(f"{scan.alias}.{name}"), band)

    def column(source: int, name: str) -> Sql:
        found = stored(source, name)
        return Ident(f"{scan.alias}.{name}") if found is None else decoded(*found)

    return replace(place, column=column, stored=stored, cell=None)


def _gathered(join: TileJoin, values: str) -> Query:
    aligned = join.aligned
    alias = aligned.scan.alias
    told = () if tells_rows(join) else ("valid",)
    names = [f"{alias}.{c}" for c in (*aligned.scan.bands, *told)]
    order = (Order(Ident("$slot")),)
    columns = tuple((Aggregated("list({0}{order})", (Ident(n),), order_by=order), n) for n in names)
    keys = _keys(aligned, slot=False)
    named = tuple((k, f"{alias}.time" if k.name == "$instant" else k.name) for k in keys)
    return Select((*named, *columns), Table(values), group_by=keys)


def instants(scalars: Query, clock: str, tests: tuple[Sql, ...]) -> Query:
    """Tiles and instants of a clock, each once, of the tile rows for which tests hold."""
    items = ((Ident("tile"), None), (Ident(f"{clock}.time"), None))
    return Select(items, Sub(scalars, clock), where=tests, distinct=True)
