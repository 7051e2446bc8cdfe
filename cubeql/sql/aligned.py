"""A layer on the query's grid: a relation of tile rows whose arrays are cells of the query's tile.

Its columns are ``tile``, ``alias.time``, ``alias.<dimension>``, ``alias.<band>`` (an array, or one value where a cell
of the layer covers the whole tile), ``alias.valid`` (which cells have a row; NULL where the band says it) and
``alias.complete`` (whether every cell of the tile has a row).
"""

from __future__ import annotations

from dataclasses import dataclass

from cubeql.catalog import Band
from cubeql.plan.nodes import Aligned, Scan
from cubeql.sql import positions
from cubeql.sql.methods import NO_AREA, by_method
from cubeql.sql.overviews import arrays, entries, grouped
from cubeql.sql.stored import decoded
from cubeql.sql.tree import (
    Aggregated,
    Ident,
    Joined,
    Named,
    Order,
    Query,
    Relation,
    Select,
    Sql,
    Sub,
    Table,
    Value,
    fill,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """An aligned layer's relations and what of its columns are arrays.

    Attributes:
        name: of the relation of tile rows.
        ctes: what has to stand in WITH.
        scalars: a query of its scalar columns alone (``tile``, time, dimensions, ``complete``), cheap to run.
        arrays: names of columns that are arrays; the others hold one value a row.
        raw: names of band columns that still hold stored values.
        repeats: how many cells of the grid one after the other each array element stands for.
    """

    name: str
    ctes: tuple[Named, ...]
    scalars: Query
    arrays: frozenset[str]
    raw: frozenset[str]
    repeats: int = 1


def keys_of(aligned: Aligned) -> tuple[str, ...]:
    """Names of a layer's scalar key columns (time, dimensions)."""
    layer = aligned.scan.layer
    ends = ("time_end",) if aligned.scan.with_ends else ()
    return (*(("time",) if layer.time is not None else ()), *ends, *(d.name for d in layer.dimensions))


def align(aligned: Aligned, tiles: Relation) -> Shape:
    """The relations of an aligned layer; ``tiles`` lists the query's tiles in a column ``tile``."""
    if aligned.is_finer:
        return _finer(aligned)
    if aligned.is_coarser:
        return _coarser(aligned, tiles)
    return _same(aligned)


def _name(aligned: Aligned, column: str) -> str:
    return f"{aligned.scan.alias}.{column}"


def _has_valid(aligned: Aligned) -> bool:
    return len(aligned.scan.layer.bands) > 1


def _complete(aligned: Aligned, tile: Sql) -> Sql:
    """Whether all cells of a stored tile have a row; the twelve tiles of pentagons hold fewer cells."""
    scan = aligned.scan
    depth = scan.layer.resolution - scan.tile
    pentagons = ", ".join(map(str, positions.pentagons_at(scan.tile)))
    fewer = 7**depth - sum(7**k for k in range(depth))
    text = f"({{0}} >= CASE WHEN {{1}} IN ({pentagons}) THEN {fewer} ELSE {7**depth} END)"
    return fill(text, Ident("footprint__count", "layer"), tile)


def _scan(aligned: Aligned) -> Relation:
    return Table(aligned.scan.name, "layer")


def _key_items(aligned: Aligned) -> tuple[tuple[Sql, str], ...]:
    return tuple((Ident(k, "layer"), _name(aligned, k)) for k in keys_of(aligned))


def _same(aligned: Aligned) -> Shape:
    bands = tuple((Ident(b, "layer"), _name(aligned, b)) for b in aligned.scan.bands)
    valid = ((Ident("valid", "layer"), _name(aligned, "valid")),) if _has_valid(aligned) else ()
    tile = ((Ident("tile", "layer"), "tile"),)
    query = Select((*tile, *_key_items(aligned), *bands, *valid), _scan(aligned))
    scalars = Select(
        (*tile, *_key_items(aligned), (_complete(aligned, Ident("tile", "layer")), "complete")),
        _scan(aligned),
    )
    name = f"{aligned.scan.name}$grid"
    columns = frozenset(n for _, n in (*bands, *valid))
    return Shape(name, (Named(name, query),), scalars, columns, frozenset(n for _, n in bands))


# ------------------------------------------------------------------ coarser than the grid


def _coarser(aligned: Aligned, tiles: Relation) -> Shape:
    scan = aligned.scan
    take = _one_value if aligned.is_scalar else _below
    wanted = (*scan.bands, *(("valid",) if _has_valid(aligned) else ()))
    values = tuple((take(aligned, Ident(c, "layer")), _name(aligned, c)) for c in wanted)
    tile = Ident("tile", "tiles")
    query = Select(((Ident("tile", "layer"), "tile"), *_key_items(aligned), *values), _handed_down(aligned, tiles))
    same = fill("{0} = {1}", positions.parent(tile, aligned.tile, scan.tile), Ident("tile", "layer"))
    complete = ((_complete(aligned, Ident("tile", "layer")), "complete"),)
    scalars = Select(((tile, "tile"), *_key_items(aligned), *complete), Joined(tiles, _scan(aligned), "inner", (same,)))
    name = f"{scan.name}$grid"
    columns = frozenset() if aligned.is_scalar else frozenset(n for _, n in values)
    repeats = 1 if aligned.is_scalar else 7 ** (aligned.resolution - scan.layer.resolution)
    # Cut once per tile, not per row of the driver; the pieces are small until they are spread.
    stored = Named(name, query, materialized=not aligned.is_scalar)
    return Shape(name, (stored,), scalars, columns, frozenset(_name(aligned, b) for b in scan.bands), repeats)


def _handed_down(aligned: Aligned, tiles: Relation) -> Relation:
    """The layer's rows, once for each of the query's tiles below one, whose ``tile`` it then is."""
    scan = aligned.scan
    tile = Ident("tile", "tiles")
    above = positions.parent(tile, aligned.tile, scan.tile)
    families = Sub(Select(((above, "above"), (fill("list({0})", tile), "below")), tiles, group_by=(above,)), "families")
    source = Joined(_scan(aligned), families, "inner", (fill("{0} = {1}", Ident("above"), Ident("tile", "layer")),))
    # A join with the tiles themselves would copy the whole arrays once a tile; rows that are taken apart share them.
    below = (fill("unnest({0})", Ident("below")), "tile")
    names = (*keys_of(aligned), *scan.bands, *(("valid",) if _has_valid(aligned) else ()))
    return Sub(Select((below, *((Ident(n, "layer"), n) for n in names)), source), "layer")


def _one_value(aligned: Aligned, values: Sql) -> Sql:
    """The value of the layer's cell that covers the query's tile."""
    scan = aligned.scan
    cell = positions.parent(Ident("tile", "layer"), aligned.tile, scan.layer.resolution)
    return fill("{0}[{1} + 1]", values, positions.slot(cell, scan.layer.resolution, scan.tile))


def _below(aligned: Aligned, values: Sql) -> Sql:
    """The layer's cells below the query's tile."""
    scan = aligned.scan
    count = 7 ** (scan.layer.resolution - aligned.tile)
    place = positions.slot(Ident("tile", "layer"), aligned.tile, scan.tile)
    # A slice, values[a : b], would first copy all of the array, and list_select is dearer by the element.
    entries = fill(f"range({{0}} * {count} + 1, ({{0}} + 1) * {count} + 1)", place)
    return fill("list_transform({1}, lambda entry: {0}[entry])", values, entries)


def spread(values: Sql, repeats: int) -> Sql:
    """An array with every element repeated, a power of 7 times."""
    # A list of so many copies is several times faster than list_resize, repeat or an index list for list_select.
    while repeats > 1:
        times = 49 if repeats % 49 == 0 else 7
        copies = ", ".join(["x"] * times)
        values = fill(f"flatten(list_transform({{0}}, lambda x: [{copies}]))", values)
        repeats //= times
    return values


# ------------------------------------------------------------------ finer than the grid


def _finer(aligned: Aligned) -> Shape:
    """Cells are grouped by the grid's cell, then gathered to arrays, tile by tile of at most the layer's own size."""
    scan = aligned.scan
    parts, name = f"{scan.name}$parts", f"{scan.name}$grid"
    level = min(scan.tile, aligned.resolution)
    if scan.overview is not None and scan.tile < aligned.resolution == scan.overview.resolution:
        ctes: list[Named] = []
        made = arrays(aligned, keys_of(aligned))
    else:
        ctes, made = _gathered(aligned, level)
    if level == aligned.tile:
        ctes.append(Named(name, _renamed(aligned, made), materialized=True))
    else:
        ctes += [
            Named(parts, made, materialized=True),
            Named(name, _put_together(aligned, parts, level), materialized=True),
        ]
    tile = positions.parent(Ident("tile", "layer"), scan.tile, aligned.tile)
    scalars = Select(((tile, "tile"), *_key_items(aligned), (Value(False), "complete")), _scan(aligned), distinct=True)
    columns = frozenset(_name(aligned, c) for c in (*scan.bands, "valid"))
    return Shape(name, tuple(ctes), scalars, columns, frozenset())


def _renamed(aligned: Aligned, parts: Query) -> Query:
    """Parts that are whole tiles, under the names of the layer's columns."""
    named = (*keys_of(aligned), *aligned.scan.bands, "valid")
    return Select(((Ident("$sub"), "tile"), *((Ident(n), _name(aligned, n)) for n in named)), Sub(parts, "parts"))


def _taken_apart(aligned: Aligned, level: int) -> Query:
    """One row a cell of the layer: ``$sub`` (a tile of resolution ``level``), ``$place`` in it, ``$order``, values."""
    scan = aligned.scan
    layer = scan.layer
    count = 7 ** (layer.resolution - scan.tile)
    slot = fill(f"unnest(range({count}))")
    bands = tuple((decoded(fill("unnest({0})", Ident(b, "layer")), _band(aligned, b)), b) for b in scan.bands)
    valid = ((fill("unnest({0})", Ident("valid", "layer")), "valid"),) if _has_valid(aligned) else ()
    keys = tuple((Ident(k, "layer"), k) for k in keys_of(aligned))
    source, area = _with_areas(aligned)
    inner = Select(((Ident("tile", "layer"), "tile"), *keys, *bands, *valid, *area, (slot, "slot")), source)
    witness = fill("{0} IS NOT NULL", Ident(scan.bands[0]))
    exists = fill("coalesce({0}, {1})", Ident("valid"), witness) if _has_valid(aligned) else witness
    sub = positions.parent(Ident("tile"), scan.tile, level)
    per_cell = 7 ** (layer.resolution - aligned.resolution)
    place = fill(f"{{0}} // {per_cell}", Ident("slot")) if scan.tile <= aligned.resolution else Value(0)
    cell = positions.cell_at(Ident("tile"), Ident("slot"), scan.tile, layer.resolution)
    items = (
        (sub, "$sub"), *((Ident(k), k) for k in keys_of(aligned)), (place, "$place"), (cell, "$order"),
        *((Ident(b), b) for b in scan.bands), (exists, "valid"),
        *((Ident(name), name) for _, name in area),
    )  # fmt: skip
    return Select(items, Sub(inner, "cells"))


def _with_areas(aligned: Aligned) -> tuple[Relation, tuple[tuple[Sql, str], ...]]:
    """The layer's tile rows, with the areas of their cells where a method weighs by them."""
    if not aligned.needs_areas:
        return _scan(aligned), ()
    name = areas_name(aligned.scan)
    same = fill("{0} = {1}", Ident("tile", name), Ident("tile", "layer"))
    source = Joined(_scan(aligned), Table(name), "left", (same,))
    return source, ((fill("unnest({0})", Ident("area", name)), "$area"),)


def areas_name(scan: Scan) -> str:
    """The relation ``(tile, area)`` of the areas of a layer's own cells."""
    return f"{scan.name}$areas"


def _band(aligned: Aligned, name: str) -> Band:
    band = aligned.scan.layer.band(name)
    assert band is not None
    return band


def _grouped(aligned: Aligned, cells: str) -> Query:
    keys = (Ident("$sub"), *(Ident(k) for k in keys_of(aligned)), Ident("$place"))
    methods = dict(aligned.methods)
    overview = aligned.scan.overview
    if overview is not None:
        made = ((grouped(aligned, _band(aligned, b), methods[b]), b) for b in aligned.scan.bands)
        flag = (fill("bool_or({0})", Ident("valid")), "valid")
        return Select((*((k, None) for k in keys), *made, flag), Table(cells), group_by=keys)
    area = Ident("$area") if aligned.needs_areas else NO_AREA
    values = tuple(
        (by_method(methods[b], Ident(b), Ident("$order"), _band(aligned, b).is_integer, area), b)
        for b in aligned.scan.bands
    )
    valid = (fill("bool_or({0})", Ident("valid")), "valid")
    return Select((*((k, None) for k in keys), *values, valid), Table(cells), group_by=keys)


def _gathered(aligned: Aligned, level: int) -> tuple[list[Named], Query]:
    """Arrays of parts, tiles of resolution ``level``, and the relations that they are made of."""
    scan = aligned.scan
    cells, grid = f"{scan.name}$cells", f"{scan.name}$values"
    taken = _taken_apart(aligned, level) if scan.overview is None else entries(aligned, keys_of(aligned), level)
    keys = (Ident("$sub"), *(Ident(k) for k in keys_of(aligned)))
    by_place = (Order(Ident("$place")),)
    columns = tuple(
        (Aggregated("list({0}{order})", (Ident(c),), order_by=by_place), c) for c in (*scan.bands, "valid")
    )
    parts = Select((*((k, None) for k in keys), *columns), Table(grid), group_by=keys)
    return [Named(cells, taken), Named(grid, _grouped(aligned, cells))], parts


def _put_together(aligned: Aligned, parts: str, level: int) -> Query:
    """Arrays of parts joined to arrays of whole tiles; a part without a row is filled with NULL."""
    keys = keys_of(aligned)
    tile = positions.parent(Ident("$sub"), level, aligned.tile)
    wholes = Select(((tile, "tile"), *((Ident(k), k) for k in keys)), Table(parts), distinct=True)
    numbers = Select(((fill(f"unnest(range({7 ** (level - aligned.tile)}))"), "$number"),))
    every = Joined(Sub(wholes, "whole"), Sub(numbers, "part"), "cross")
    sub = positions.child(Ident("tile", "whole"), Ident("$number", "part"), aligned.tile, level)
    same = tuple(fill("{0} = {1}", Ident(k, "parts"), Ident(k, "whole")) for k in keys)
    source = Joined(every, Table(parts, "parts"), "left", (fill("{0} = {1}", Ident("$sub", "parts"), sub), *same))
    count = 7 ** (aligned.resolution - level)
    types = {b: _array_type(aligned, b) for b in aligned.scan.bands} | {"valid": "BOOLEAN"}
    columns = tuple(
        (
            Aggregated(
                f"flatten(list(coalesce({{0}}, list_resize([]::{kind}[], {count})){{order}}))",
                (Ident(c, "parts"),), order_by=(Order(Ident("$number", "part")),),
            ),
            _name(aligned, c),
        )
        for c, kind in types.items()
    )  # fmt: skip
    named = tuple((Ident(k, "whole"), _name(aligned, k)) for k in keys)
    group = (Ident("tile", "whole"), *(Ident(k, "whole") for k in keys))
    return Select(((Ident("tile", "whole"), "tile"), *named, *columns), source, group_by=group)


def _array_type(aligned: Aligned, name: str) -> str:
    method, band = dict(aligned.methods)[name], _band(aligned, name)
    if method in ("any", "all"):
        return "BOOLEAN"
    whole = method == "count" or (band.is_integer and method not in ("mean", "area_mean", "median", "stddev"))
    return "BIGINT" if whole else "DOUBLE"


__all__ = ["Shape", "align", "keys_of", "spread"]
