"""What a grouped query of one layer asks of stored summaries, or why they do not answer it.

There are two kinds of summaries. *Statistics* are count, sum, least and greatest value of the bands of each tile, and
of its cells two and four resolutions up. *Classes* are how many cells of a tile have each code of one categorical band:
rows that weigh as much as they stand for, of which anything can be computed that reads no other value of a cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cubeql.analyze.bound import (
    GRID,
    Aggregate,
    Apply,
    Bound,
    Column,
    Constant,
    InRegion,
    InSubquery,
    Parameter,
    Window,
    children,
    conjuncts,
    rewrite,
    walk,
)
from cubeql.catalog import Band
from cubeql.plan.linear import Line, line_of
from cubeql.plan.nodes import Cells, Output, Overview, Scan, Statistic, Summaries
from cubeql.plan.tiletests import doubt_test, may_fail
from cubeql.plan.words import words

_NEEDS: dict[str, tuple[Statistic, ...]] = {
    "count": ("count",),
    "sum": ("count", "sum"),
    "avg": ("count", "sum"),
    "mean": ("count", "sum"),
    "min": ("min",),
    "max": ("max",),
}
_WEIGHED = frozenset(("count", "count_if", "sum", "avg", "mean", "min", "max", "bool_and", "bool_or"))
"""Aggregates that can be made of rows which stand for several that are alike."""

_BELOW_PARENT = (4, 2)


class NotStoredError(Exception):
    """Something that a query asks is not stored; its text says what."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What answers a query.

    Attributes:
        overview: what is read.
        settled: conditions on values that all cells of a tile row must fulfil by what is stored of it.
        flags: conditions of aggregates, of which all cells of a tile row fulfil each, or none.
    """

    overview: Overview
    settled: tuple[Bound, ...] = ()
    flags: tuple[Bound, ...] = ()

    @property
    def is_of_all(self) -> bool:
        """Whether no tile row has to be read as cells for its values."""
        return not self.settled and not self.flags


def by_statistics(node: Output, cells: Cells) -> Answer:
    """The statistics that answer a query.

    Raises:
        NotStoredError: with what they do not answer.
    """
    scan = cells.driver.scan
    settled = tuple(c for c in _conditions(cells) if _is_settled(c, scan))
    finest = max((_finest(k, scan, None) for k in node.group_by or ()), default=scan.tile)
    found: list[tuple[str, Statistic]] = []
    flags: list[Bound] = []
    counts_rows = False
    for call in aggregates(node):
        tested = _tested(call)
        flags += [c for c in tested if _reads_band(c, scan) and _is_settled(c, scan)]
        finest = max(finest, *(_finest(c, scan, None) for c in tested if c not in flags), scan.tile)
        if call.function.name != "count_if" and any(_reads_band(a, scan) for a in call.args):
            found += _statistics(call, scan)
            continue
        finest = max(finest, _weighed(_without(call), scan, None))
        counts_rows = counts_rows or call.function.name not in ("min", "max", "bool_and", "bool_or")
    resolution = stored_at(scan, finest)
    if resolution > scan.tile and (settled or flags):
        raise NotStoredError(f"a condition on cells: {words((*settled, *flags)[0])}")
    if resolution > scan.tile and counts_rows and len(scan.layer.bands) > 1:
        raise NotStoredError("how many rows there are is stored of whole tiles, where a layer has several bands")
    if resolution > scan.tile:
        # An entry of an overview has a row where some band has a value there, be it one the query does not name.
        found += [(b.name, "count") for b in scan.layer.bands]
    return Answer(overview_of(scan, resolution, found), settled, tuple(dict.fromkeys(flags)))


def _tested(call: Aggregate) -> tuple[Bound, ...]:
    """The conditions of an aggregate that are joined by AND."""
    counted = call.args if call.function.name == "count_if" else ()
    return tuple(c for part in (*counted, call.filter) if part is not None for c in conjuncts(part))


def _without(call: Aggregate) -> Aggregate:
    """The aggregate without its conditions."""
    return replace(call, filter=None, args=() if call.function.name == "count_if" else call.args)


def flag_name(number: int) -> str:
    """Name of the column that tells whether the cells of a row fulfil one of the flags of a node."""
    return f"flag${number}"


def with_flags(call: Aggregate, node: Summaries) -> Aggregate:
    """The aggregate over the columns that flags are, where it names their conditions."""
    flags, source = node.flags, node.scan.source

    def changed(part: Bound) -> Bound | None:
        return Column(part.type, source, flag_name(flags.index(part))) if part in flags else None

    condition = rewrite(call.filter, changed) if call.filter is not None else None
    args = tuple(rewrite(a, changed) for a in call.args) if call.function.name == "count_if" else call.args
    return replace(call, args=args, filter=condition)


def _is_settled(condition: Bound, scan: Scan) -> bool:
    """Whether what is stored of a tile row may tell that all of its cells fulfil a condition.

    Raises:
        NotStoredError: it cannot.
    """
    doubt = doubt_test(condition, scan, None)
    given = any(isinstance(p, Parameter) for p in walk(condition))
    if doubt is None or not (given or may_fail(doubt)):
        raise NotStoredError(f"a condition on cells: {words(condition)}")
    return True


def by_classes(node: Output, cells: Cells) -> Answer:
    """The classes of the tiles that answer a query.

    Raises:
        NotStoredError: with what they do not answer.
    """
    scan = cells.driver.scan
    band = _only_class_band(node, cells)
    read = (*(node.group_by or ()), *_conditions(cells))
    finest = max((_finest(k, scan, band) for k in read), default=scan.tile)
    for call in aggregates(node):
        if call.function.name == "mode" and _is_band(call.args[0], scan, band):
            _refuse_beside_mode(node, scan, band)
            continue
        finest = max(finest, _weighed(call, scan, band))
    if finest > scan.tile:
        raise NotStoredError("classes are counted of whole tiles")
    return Answer(Overview(scan.tile, ((band.name, "count"),), band.name))


def aggregates(node: Output) -> Iterator[Aggregate]:
    """The aggregates of a query's rows; one with OVER is of groups, what it is asked of counts."""
    for root in _roots(node):
        yield from _aggregates(root)


def keys_read(node: Output, scan: Scan) -> frozenset[str]:
    """Which of ``cell``, time and dimensions a query of summaries reads; of groups at least one, so that no cells make
    no group."""
    every = ("cell", "time", *(d.name for d in scan.layer.dimensions))
    parts = (p for root in (*_roots(node), *(node.group_by or ())) for p in walk(root) if isinstance(p, Column))
    found = {"cell" if p.source == GRID else p.name for p in parts}.intersection(every)
    return frozenset(every if node.sample is not None or (node.group_by and not found) else found)


def _roots(node: Output) -> Iterator[Bound]:
    roots = (*(i.expr for i in node.items), *(s.expr for s in node.order_by), node.having, node.qualify)
    return (root for root in roots if root is not None)


def _aggregates(expr: Bound) -> Iterator[Aggregate]:
    if isinstance(expr, Aggregate):
        yield expr
        return
    inside = list(children(expr))
    if isinstance(expr, Window):
        inside = [c for c in inside if c is not expr.call] + list(children(expr.call))
    for part in inside:
        yield from _aggregates(part)


# ------------------------------------------------------------------ what an expression reads


def _finest(expr: Bound, scan: Scan, band: Band | None) -> int:
    """The finest ancestor of the cell that an expression reads, at least the tile.

    Beside it the expression may read scalars of tile rows and ``band``.

    Raises:
        NotStoredError: it reads more than that.
    """
    match expr:
        case Apply(args=(Column(source=source), Constant(value=level))) if (
            expr.function.name == "cell_to_parent" and source == GRID
        ):
            return max(int(level), scan.tile)
        case Column(source=source, name=name):
            if source == GRID:
                raise NotStoredError("it asks each cell")
            other = scan.layer.band(name)
            if other is not None and other != band:
                raise NotStoredError(f"it asks for {name} cell by cell")
            return scan.tile
        case InRegion() | InSubquery() | Aggregate() | Window():
            raise NotStoredError(f"it asks for {words(expr)} cell by cell")
    return max((_finest(c, scan, band) for c in children(expr)), default=scan.tile)


def _conditions(cells: Cells) -> list[Bound]:
    """The conditions on cells that are no region which all cells have to lie in.

    Raises:
        NotStoredError: a region is asked in another way.
    """
    required = {r.region for r in cells.regions if r.required}
    if len(required) < len({r.region for r in cells.regions}):
        raise NotStoredError("a region is asked beside other conditions")
    return [
        c for c in cells.cell_filters if not (isinstance(c, InRegion) and not c.negated and c.region in required)
    ]


def stored_at(scan: Scan, finest: int) -> int:
    """The coarsest resolution of what is stored of a layer that is fine enough.

    Raises:
        NotStoredError: only the cells are.
    """
    own = scan.layer.resolution
    if finest <= scan.tile:
        return scan.tile
    stored = [own - n for n in _BELOW_PARENT if own - n > scan.tile]
    found = next((resolution for resolution in stored if resolution >= finest), None)
    if found is None:
        finer = f", the finest overview is of resolution {stored[-1]}" if stored else ""
        raise NotStoredError(f"groups of resolution {finest}{finer}")
    return found


def overview_of(scan: Scan, resolution: int, statistics: list[tuple[str, Statistic]]) -> Overview:
    """What is read of a layer's summaries or overviews.

    Raises:
        NotStoredError: overviews have no more than counts of a band of class codes.
    """
    for name, statistic in statistics:
        band = scan.layer.band(name)
        if resolution > scan.tile and statistic != "count" and band is not None and band.kind == "categorical":
            raise NotStoredError(f"{name} has class codes, of which overviews hold only how many there are")
    return Overview(resolution, tuple(dict.fromkeys(statistics)))


def _reads_band(expr: Bound, scan: Scan) -> bool:
    columns = (p for p in walk(expr) if isinstance(p, Column) and p.source == scan.source)
    return any(scan.layer.band(c.name) is not None for c in columns)


# ------------------------------------------------------------------ statistics


def _statistics(call: Aggregate, scan: Scan) -> Iterator[tuple[str, Statistic]]:
    """What an aggregate needs of which band."""
    name = call.function.name
    if name not in _NEEDS or call.distinct or call.order_by or len(call.args) != 1:
        raise NotStoredError(f"{words(call)} needs every value")
    line = line_of(call.args[0], scan)
    if line is None:
        raise NotStoredError(f"{words(call)} is not of a line over one band")
    if line.band.storage == "int64":
        raise NotStoredError(f"sums of {line.band.name} might not be exact, it has 64 bits")
    for statistic in _NEEDS[name]:
        yield line.band.name, statistic if name not in ("min", "max") else stored_end(name == "max", line)


def stored_end(greatest: bool, line: Line) -> Statistic:
    """Which stored value the greatest (or least) value of a line comes of."""
    falls = (line.factor < 0) != (line.band.scale is not None and line.band.scale < 0)
    return "max" if greatest != falls else "min"


# ------------------------------------------------------------------ weights and classes


def is_weighed(call: Aggregate) -> bool:
    """Whether an aggregate can be made of rows that stand for several which are alike."""
    distinct = call.distinct and call.function.name != "count"
    return call.function.name in _WEIGHED and not call.order_by and not distinct


def _weighed(call: Aggregate, scan: Scan, band: Band | None) -> int:
    """The finest cell that an aggregate of rows which stand for several reads."""
    if not is_weighed(call):
        what = "the area of every cell" if call.function.name in _OF_AREA else "every value"
        raise NotStoredError(f"{words(call)} needs {what}")
    parts = (*call.args, *((call.filter,) if call.filter is not None else ()))
    return max((_finest(p, scan, band) for p in parts), default=scan.tile)


_OF_AREA = ("area", "fraction", "area_mean")


def _only_class_band(node: Output, cells: Cells) -> Band:
    """The categorical band that a query reads and no other."""
    scan = cells.driver.scan
    exprs = [*(node.group_by or ()), *cells.cell_filters]
    for call in aggregates(node):
        exprs += [*call.args, *((call.filter,) if call.filter is not None else ())]
    columns = (p for e in exprs for p in walk(e) if isinstance(p, Column) and p.source == scan.source)
    bands = {b for b in (scan.layer.band(c.name) for c in columns) if b is not None}
    if len(bands) != 1:
        raise NotStoredError("it reads several bands cell by cell" if bands else "it reads no classes")
    (band,) = bands
    if band.kind != "categorical" or not band.is_integer:
        raise NotStoredError(f"{band.name} has no classes")
    return band


def _is_band(expr: Bound, scan: Scan, band: Band) -> bool:
    return isinstance(expr, Column) and expr.source == scan.source and scan.layer.band(expr.name) == band


def _refuse_beside_mode(node: Output, scan: Scan, band: Band) -> None:
    """The most frequent class is found of rows a group and class: nothing else of tile rows is known there."""
    for call in aggregates(node):
        for part in (*call.args, *((call.filter,) if call.filter is not None else ())):
            for column in walk(part):
                if isinstance(column, Column) and not _is_band(column, scan, band):
                    raise NotStoredError(f"mode() beside what reads {column.name}")
