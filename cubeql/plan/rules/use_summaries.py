"""Aggregates over coarse cells, or over no cells at all, come from what is stored of whole groups of cells.

``FROM s2 GROUP BY CELL(4), month(time) SELECT avg(nir)`` needs no array: every tile row has count, sum, least and
greatest value of each band, and those of its cells two and four resolutions up; of a categorical band it has how many
cells are of each class. Tiles that a region holds only in part are still read as cells, and tile rows of which least
and greatest values do not tell whether all cells or none fulfil a condition. Where all arrays have to be read, the plan
says why.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import Bound, InRegion
from cubeql.plan.nodes import Cells, Node, Output, Scan, Summaries
from cubeql.plan.summarising import Answer, NotStoredError, by_classes, by_statistics
from cubeql.plan.walking import rewrite


def use_summaries(plan: Node) -> Node:
    """Read summaries where they hold all that a query of one layer asks for."""
    return rewrite(plan, _from_summaries)


def _from_summaries(node: Node) -> Node:
    if not (isinstance(node, Output) and isinstance(node.input, Cells)) or node.group_by is None:
        return node
    cells = node.input
    if cells.driver.is_finer and cells.driver.scan.overview is not None:
        return node
    try:
        _refuse_sources(cells)
        answer = _answer(node, cells)
    except NotStoredError as refusal:
        return replace(node, input=replace(cells, reason=cells.reason or str(refusal)))
    return replace(node, input=_summaries(cells, answer))


def _refuse_sources(cells: Cells) -> None:
    driver = cells.driver
    if cells.joins:
        raise NotStoredError("layers meet cell by cell")
    if driver.is_finer or driver.is_coarser:
        raise NotStoredError(f"the layer is brought to resolution {driver.resolution} first")
    if driver.scan.frozen is not None:
        raise NotStoredError("a frozen layer takes each cell's latest value")
    if cells.geometry:
        raise NotStoredError(f"{', '.join(cells.geometry)} of every cell")


def _answer(node: Output, cells: Cells) -> Answer:
    """What is stored that answers the query: statistics, or classes where these leave no tile row to be read."""
    scan = cells.driver.scan
    try:
        answer = by_statistics(node, cells)
    except NotStoredError as refusal:
        try:
            return by_classes(node, cells)
        except NotStoredError as other:
            raise (other if all(_is_categorical(scan, b) for b in scan.bands) else refusal) from None
    try:
        return answer if answer.is_of_all else by_classes(node, cells)
    except NotStoredError:
        return answer


def _is_categorical(scan: Scan, name: str) -> bool:
    band = scan.layer.band(name)
    return band is not None and band.kind == "categorical"


def _summaries(cells: Cells, answer: Answer) -> Summaries:
    own = cells.driver.scan
    scan = replace(own, name=f"{own.name}$summaries", overview=answer.overview, values=answer.settled)
    finer = answer.overview.resolution > own.tile
    edges = replace(cells, with_slot=cells.with_slot or finer) if cells.regions or not answer.is_of_all else None
    conditions: tuple[Bound, ...] = ()
    if answer.overview.classes is not None:
        conditions = tuple(c for c in cells.cell_filters if not isinstance(c, InRegion))
    name = f"{cells.name}$summaries"
    return Summaries(name, scan, cells.row_filters, conditions, answer.settled, answer.flags, edges)
