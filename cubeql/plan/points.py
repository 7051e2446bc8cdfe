"""Points and zones as relations of rows, and the grids at which points meet cells."""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import BoundSelect, LayerRef, QueryRef, TableRef, ZonesRef
from cubeql.analyze.scope import cell_column, source_columns
from cubeql.plan.nodes import CellJoin, Filtered, Node, RowScan


def row_scan(
    query: BoundSelect, source: TableRef, number: int, alias: str, name: str, used: set[str]
) -> RowScan:
    """The scan of a layer of points or zones.

    Args:
        query: that it stands in.
        source: the layer.
        number: of the source in its query.
        alias: prefix of its columns.
        name: of its relation.
        used: its columns that the query names.
    """
    grids = _grids(query, number) if source.layer.kind == "points" else ()
    needed = used | ({"cell", "lon", "lat", "time"} if grids else set())
    if source.layer.kind == "points" and any(isinstance(query.sources[j.source], ZonesRef) for j in query.joins):
        needed |= {"lon", "lat"}
    every = tuple(source_columns(replace(source, over=None)))
    columns = tuple(c for c in every if c in needed) or every[:1]
    return RowScan(name, number, alias, source.alias, source.layer, source.version, columns, grids=grids)


def _grids(query: BoundSelect, number: int) -> tuple[int, ...]:
    """Resolutions of the cells that points meet: those of what they are joined with."""
    if number != 0:
        return (query.resolution,) if query.resolution is not None else ()
    found: set[int | None] = set()
    for join in query.joins:
        source = query.sources[join.source]
        if isinstance(source, LayerRef):
            found.add(source.layer.resolution)
        elif isinstance(source, QueryRef):
            name = cell_column(source)
            found.add(source_columns(source)[name].resolution if name is not None else None)
    return tuple(sorted(r for r in found if r is not None))


def points_of(node: Node) -> RowScan | None:
    """The scan of points that drives a relation; None where something else does."""
    match node:
        case RowScan():
            return node
        case Filtered(input=source):
            return points_of(source)
        case CellJoin(left=left):
            return points_of(left)
    return None
