"""Relations that meet cell by cell: any two, whatever stands on either side and whichever source is the clock.

``join_cells`` takes the compiled relation of both sides and a :class:`~cubeql.plan.nodes.CellJoin`. The left rows are
kept as they are, several at one cell and instant too (stations, groups). Every match of clocks works:

- ``EQUAL``, ``SAME``, ``ANY`` are conditions of the join;
- ``PRECEDING``, ``FOLLOWING``, ``AROUND`` number the left rows, join what the window holds and group by that number;
- ``AS OF``, ``NEXT``, ``NEAREST`` number the left rows, join what is within reach and keep the rows of the best so many
  instants per left row, in each combination of the right layer's dimensions.

The left side must give a cell (:func:`cell_of`) and the clock's ``time`` through its place; the right side a cell, its
columns by name, and ``time`` through its place.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.plan.nodes import CellJoin, Cells, HeldCells, Node, Rows
from cubeql.plan.points import points_of
from cubeql.plan.walking import walk
from cubeql.sql import positions
from cubeql.sql.cells import Part
from cubeql.sql.expressions import Place, translate
from cubeql.sql.matching import best_first, in_window, reaches, same_clock
from cubeql.sql.methods import by_method
from cubeql.sql.tree import Ident, Joined, Order, Relation, Select, Sql, Sub, When, Windowed, fill


def join_cells(node: CellJoin, left: Part, right: Part) -> Part:
    """The relation of two sides that meet cell by cell."""
    names = tuple(n for n in right.columns if n not in ("tile", "digits"))
    place = _both(node, left, right)
    tests = (_same_cell(node, left, right), *_clocks(node, place), *(translate(c, place) for c in node.on))
    items = ((_meeting_cells(node, left, right)[1], _cell_name(node)), *((Ident(n), n) for n in names))
    joined = Sub(Select(items, right.source, where=right.where), f"join{node.source}")
    columns = left.columns + (names if node.kind in ("inner", "left") else ())
    ctes = (*left.ctes, *right.ctes)
    if node.over is not None and node.kind in ("inner", "left"):
        met = Joined(_numbered(node, left), joined, node.kind, tests)
        return replace(_over_window(node, left, met, place), ctes=ctes)
    if node.match is not None and node.match.is_ranked and node.kind in ("inner", "left"):
        met = Joined(_numbered(node, left), joined, node.kind, tests)
        return Part(ctes, _ranked(node, met, place), (), place, columns)
    source, where = _unfiltered(node, left)
    return Part(ctes, Joined(source, joined, node.kind, tests), where, place, columns)


def cell_of(node: Node, part: Part) -> tuple[Sql, int]:
    """The cell of a relation's rows and its resolution."""
    if part.place.cell is not None:
        tile, digits, tile_level, level = part.place.cell
        return positions.with_digits(tile, digits, tile_level, level), level
    points = points_of(node)
    if points is not None:
        return Ident(points.cell_at(points.layer.resolution)), points.layer.resolution
    if isinstance(node, HeldCells):
        return Ident(f"{node.scan.alias}.cell"), node.scan.layer.resolution
    rows = next(n for n in walk(node) if isinstance(n, Rows))
    column = next((c for c in rows.columns if c.name == "cell" and c.type.name == "cell"), None)
    column = column or next(c for c in rows.columns if c.type.name == "cell")
    assert column.type.resolution is not None
    return Ident(f"{rows.alias}.{column.name}"), column.type.resolution


def _cell_name(node: CellJoin) -> str:
    return f"join{node.source}.cell"


def _row_name(node: CellJoin) -> str:
    """The column that numbers the left rows of a join."""
    return f"row{node.source}"


def _same_cell(node: CellJoin, left: Part, right: Part) -> Sql:
    mine, _ = _meeting_cells(node, left, right)
    return fill("{0} = {1}", mine, Ident(_cell_name(node)))


def _meeting_cells(node: CellJoin, left: Part, right: Part) -> tuple[Sql, Sql]:
    """The cells of both sides that are equal where rows meet: of points the cells of the other side's grid that hold
    them, else the coarser one and its descendants' ancestor.
    """
    (cell, level), (other, other_level) = cell_of(node.left, left), cell_of(node.right, right)
    points, joined = points_of(node.left), points_of(node.right)
    if points is not None:
        return Ident(points.cell_at(other_level)), other
    if joined is not None:
        return cell, Ident(joined.cell_at(level))
    return positions.parent(cell, level, other_level) if level != other_level else cell, other


def _both(node: CellJoin, left: Part, right: Part) -> Place:
    """How expressions are asked of the two sides together."""

    def column(source: int, name: str) -> Sql:
        return right.place.column(source, name) if source == node.source else left.place.column(source, name)

    return replace(left.place, column=column)


def _unfiltered(node: CellJoin, left: Part) -> tuple[Relation, tuple[Sql, ...]]:
    """The left side, its conditions tested before the join."""
    if not left.where:
        return left.source, ()
    return Sub(Select((), left.source, where=left.where), f"left{node.source}"), ()


def _numbered(node: CellJoin, left: Part) -> Relation:
    """The left side with a number for each row."""
    number = ((Windowed(fill("row_number()")), _row_name(node)),)
    return Sub(Select(number, left.source, where=left.where, star=True), f"left{node.source}")


def _clocks(node: CellJoin, place: Place) -> tuple[Sql, ...]:
    if node.match is None:
        return ()
    driver, joined = place.column(node.match.clock, "time"), place.column(node.source, "time")
    if node.match.is_windowed:
        return in_window(node.match, driver, joined)
    if node.match.is_ranked:
        return reaches(node.match, driver, joined)
    return same_clock(node.match, driver, joined, place.column(node.source, "time_end"))


def _ranked(node: CellJoin, joined: Relation, place: Place) -> Relation:
    """Of the joined rows within reach of a left row those of the best instants; an unmatched left row stays."""
    assert node.match is not None
    driver, time = place.column(node.match.clock, "time"), place.column(node.source, "time")
    series = (Ident(_row_name(node)), *(place.column(node.source, d) for d in _dimensions(node.right)))
    best = (best_first(node.match, driver, time), Order(time))
    kept = fill(f"{{0}} <= {node.match.count}", Windowed(fill("dense_rank()"), series, best))
    return Sub(Select((), joined, qualify=kept), f"matched{node.source}")


def _over_window(node: CellJoin, left: Part, joined: Relation, both: Place) -> Part:
    """Each left row with the right rows of its window made one, in each combination of the right layer's dimensions."""
    assert node.over is not None
    prefix = f"over{node.source}."
    row = Ident(_row_name(node))
    keys = tuple((both.column(node.source, d), f"{prefix}{d}") for d in _dimensions(node.right))
    kept = tuple((fill("any_value({0})", Ident(n)), n) for n in left.columns)
    time = both.column(node.source, "time")
    values = tuple(
        (_counted(node, m, by_method(m, both.column(node.source, n), time, n in node.over.whole)), f"{prefix}{n}")
        for n, m in node.over.methods
    )
    grouped = Select((*kept, *keys, *values), joined, group_by=(row, *(k for k, _ in keys)))

    def column(source: int, name: str) -> Sql:
        return Ident(f"{prefix}{name}") if source == node.source else left.place.column(source, name)

    names = tuple(n for _, n in (*keys, *values))
    place = replace(left.place, column=column)
    return Part((), Sub(grouped, f"matched{node.source}"), (), place, left.columns + names)


def _counted(node: CellJoin, method: str, value: Sql) -> Sql:
    """The value of a window; a row that has none counts nothing, not 0."""
    if method != "count" or node.kind != "left":
        return value
    return When(((fill("count({0}) > 0", Ident(_cell_name(node))), value),))


def _dimensions(node: Node) -> tuple[str, ...]:
    """Names of the columns that tell the series of the right side apart."""
    if isinstance(node, HeldCells):
        return tuple(d.name for d in node.scan.layer.dimensions)
    if not isinstance(node, Cells):
        return ()
    return tuple(d.name for d in node.driver.scan.layer.dimensions)
