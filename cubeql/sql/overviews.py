"""A finer layer brought to the query's grid from its stored overviews, as :mod:`cubeql.sql.aligned` does from cells.

Entries of an overview stand in the place of cells: their counts and sums are added, of their least and greatest values
the least and greatest are taken.
"""

from __future__ import annotations

from cubeql.catalog import Band
from cubeql.plan.nodes import Aligned
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


def value(aligned: Aligned, band: Band, method: str, grouped: bool) -> Sql:
    """The value of a cell of the grid; ``grouped`` where it is made of several entries."""

    def total(what: str, function: str = "sum") -> Sql:
        column: Sql = Ident(f"{band.name}${what}")
        if what in ("min", "max"):
            # Where an entry counts nothing, its least and greatest value mean nothing.
            column = When(((fill("{0} > 0", Ident(f"{band.name}$count")), column),))
        return fill(f"{function}({{0}})", column) if grouped else column

    count = total("count")
    if method == "count":
        return fill("{0}::BIGINT", count)
    if method in ("min", "max"):
        falls = band.scale is not None and band.scale < 0
        end = method if not falls else {"min": "max", "max": "min"}[method]
        return decoded(total(end, end), band)
    there = fill("{0} > 0", count)
    if method == "mean":
        mean = fill("({0} / {1})", total("sum"), count)
        return When(((there, mean if band.is_integer else decoded(mean, band)),))
    if band.is_integer:
        return When(((there, fill("{0}::BIGINT", total("sum"))),))
    if band.scale is None and band.offset is None:
        return When(((there, total("sum")),))
    scale, offset = band.scale if band.scale is not None else 1.0, band.offset or 0.0
    made = fill("({0} * {1} + {2} * {3})", total("sum"), Value(float(scale)), count, Value(float(offset)))
    return When(((there, made),))
