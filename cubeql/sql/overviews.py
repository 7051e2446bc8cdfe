"""A finer layer brought to the query's grid from its stored overviews, as :mod:`cubeql.sql.aligned` does from cells.

Entries of an overview stand in the place of cells: their counts and sums are added, of their least and greatest values
the least and greatest are taken.
"""

from __future__ import annotations

from collections.abc import Callable

from cubeql.catalog import Band
from cubeql.plan.nodes import Aligned, Statistic
from cubeql.sql import positions
from cubeql.sql.stored import decoded
from cubeql.sql.tree import Ident, Query, Select, Sql, Sub, Table, Value, When, fill


def entries(aligned: Aligned, keys: tuple[str, ...], level: int) -> Query:
    """One row an entry: ``$sub`` (a tile of resolution ``level``), ``$place`` in it, keys, statistics, ``valid``."""
    scan = aligned.scan
    assert scan.overview is not None
    whole = scan.overview.resolution == scan.tile
    count = 7 ** (scan.overview.resolution - scan.tile)
    names = [f"{band}${what}" for band, what in scan.overview.statistics]
    stored = tuple((Ident(n) if whole else fill("unnest({0})", Ident(n)), n) for n in names)
    slot = Value(0) if whole else fill(f"unnest(range({count}))")
    taken = ((Ident("tile"), None), *((Ident(k), None) for k in keys), *stored, (slot, "slot"))
    per_cell = 7 ** (scan.overview.resolution - aligned.resolution)
    place = fill(f"{{0}} // {per_cell}", Ident("slot")) if scan.tile <= aligned.resolution else Value(0)
    counts = [Ident(f"{b.name}$count") for b in scan.layer.bands]
    some = fill(f"({' OR '.join(f'{{{n}}} > 0' for n in range(len(counts)))})", *counts)
    return Select(
        (
            (positions.parent(Ident("tile"), scan.tile, level), "$sub"),
            *((Ident(k), k) for k in keys),
            (place, "$place"),
            *((Ident(n), n) for n in names),
            (Value(True) if whole else some, "valid"),
        ),
        Sub(Select(taken, Table(scan.name)), "entries"),
    )


def arrays(aligned: Aligned, keys: tuple[str, ...]) -> Query:
    """One row a tile: ``$sub``, keys, and arrays of each band and of ``valid``; each entry is a cell of the grid.

    To make them of the arrays that are stored takes an eighth of what gathering them in order does.
    """
    scan = aligned.scan
    assert scan.overview is not None
    methods, items = dict(aligned.methods), []
    for name in scan.bands:
        band = scan.layer.band(name)
        assert band is not None
        places = {what: n + 1 for n, what in enumerate(w for b, w in scan.overview.statistics if b == name)}
        made = value(band, methods[name], _entry(places))
        items.append((_each([Ident(f"{name}${what}") for what in places], made), name))
    counts = [Ident(f"{b.name}$count") for b in scan.layer.bands]
    some = fill(" OR ".join(f"e[{n + 1}] > 0" for n in range(len(counts))))
    named = ((Ident("tile"), "$sub"), *((Ident(k), k) for k in keys))
    return Select((*named, *items, (_each(counts, some), "valid")), Table(scan.name))


def _entry(places: dict[Statistic, int]) -> Callable[[Statistic], Sql]:
    """A statistic of the entry ``e`` of lists side by side."""
    return lambda what: fill(f"e[{places[what]}]")


def _each(lists: list[Ident], made: Sql) -> Sql:
    """A value of every entry ``e`` of some lists side by side."""
    zipped = ", ".join(f"{{{n}}}" for n in range(len(lists)))
    return fill(f"list_transform(list_zip({zipped}), lambda e: {{{len(lists)}}})", *lists, made)


def grouped(aligned: Aligned, band: Band, method: str) -> Sql:
    """The value of a cell of the grid, made of rows of several entries."""

    def total(what: Statistic) -> Sql:
        column: Sql = Ident(f"{band.name}${what}")
        if what not in ("min", "max"):
            return fill("sum({0})", column)
        # Where an entry counts nothing, its least and greatest value mean nothing.
        return fill(f"{what}({{0}})", When(((fill("{0} > 0", Ident(f"{band.name}$count")), column),)))

    return value(band, method, total)


def value(band: Band, method: str, total: Callable[[Statistic], Sql]) -> Sql:
    """What a method makes of the totals of a band's statistics."""
    count = total("count")
    there = fill("{0} > 0", count)
    if method == "count":
        return fill("{0}::BIGINT", count)
    if method in ("min", "max"):
        falls = band.scale is not None and band.scale < 0
        end: Statistic = "max" if (method == "max") != falls else "min"
        return When(((there, decoded(total(end), band)),))
    if method == "mean":
        mean = fill("({0} / {1})", total("sum"), count)
        return When(((there, mean if band.is_integer else decoded(mean, band)),))
    return When(((there, _sum(band, total("sum"), count)),))


def _sum(band: Band, total: Sql, count: Sql) -> Sql:
    if band.is_integer:
        return fill("{0}::BIGINT", total)
    if band.scale is None and band.offset is None:
        return total
    scale, offset = band.scale if band.scale is not None else 1.0, band.offset or 0.0
    return fill("({0} * {1} + {2} * {3})", total, Value(float(scale)), count, Value(float(offset)))
