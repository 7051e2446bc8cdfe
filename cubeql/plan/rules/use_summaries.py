"""Aggregates over coarse cells, or over no cells at all, come from what is stored of whole groups of cells.

``FROM s2 GROUP BY CELL(4), month(time) SELECT avg(nir)`` needs no array: every tile row has count, sum, least and
greatest value of each band, and those of its cells two and four resolutions up; of a categorical band it has how many
cells are of each class. Tiles that a region holds only in part are still read as cells. Where arrays have to be read,
the plan says why.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.analyze.bound import InRegion
from cubeql.plan.nodes import Cells, Node, Output, Overview, Scan, Summaries
from cubeql.plan.summarising import NotStoredError, by_classes, by_statistics
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
        overview = _overview(node, cells)
    except NotStoredError as refusal:
        return replace(node, input=replace(cells, reason=cells.reason or str(refusal)))
    scan = cells.driver.scan
    return replace(node, input=_summaries(cells, replace(scan, name=f"{scan.name}$summaries", overview=overview)))


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


def _overview(node: Output, cells: Cells) -> Overview:
    """What is stored that answers the query, statistics before classes."""
    try:
        return by_statistics(node, cells)
    except NotStoredError as refusal:
        try:
            return by_classes(node, cells)
        except NotStoredError as other:
            bands = [b for b in cells.driver.scan.bands if _is_categorical(cells.driver.scan, b)]
            raise (other if bands == list(cells.driver.scan.bands) else refusal) from None


def _is_categorical(scan: Scan, name: str) -> bool:
    band = scan.layer.band(name)
    return band is not None and band.kind == "categorical"


def _summaries(cells: Cells, scan: Scan) -> Summaries:
    edges = replace(cells, with_slot=True) if cells.regions else None
    conditions = tuple(c for c in cells.cell_filters if not isinstance(c, InRegion))
    return Summaries(f"{cells.name}$summaries", scan, cells.row_filters, conditions, edges)
