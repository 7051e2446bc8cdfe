"""A finer layer comes to the query's grid from its stored overviews, where these hold what the methods need.

``FROM dem JOIN s2 USING mean`` with ``s2`` two, four or more resolutions finer: the mean, sum, least, greatest or
number of values below a cell of the grid follows from those of the cells between, so that no array is read. Conditions
are tested on the grid's cells, after that.
"""

from __future__ import annotations

from dataclasses import replace

from cubeql.plan.nodes import Aligned, Cells, Node, Overview, Statistic
from cubeql.plan.summarising import NotStoredError, overview_of, stored_at
from cubeql.plan.walking import rewrite

_NEEDS: dict[str, tuple[Statistic, ...]] = {
    "mean": ("count", "sum"),
    "sum": ("count", "sum"),
    "min": ("count", "min"),
    "max": ("count", "max"),
    "count": ("count",),
}


def use_overviews(plan: Node) -> Node:
    """Read overviews of finer layers where they hold enough."""
    return rewrite(plan, _use)


def _use(node: Node) -> Node:
    if not isinstance(node, Cells):
        return node
    reasons: list[str] = []
    driver = _from_overview(node.driver, reasons)
    joins = tuple(replace(j, aligned=_from_overview(j.aligned, reasons)) for j in node.joins)
    return replace(node, driver=driver, joins=joins, reason=node.reason or "; ".join(reasons))


def _from_overview(aligned: Aligned, reasons: list[str]) -> Aligned:
    scan = aligned.scan
    if not aligned.is_finer or scan.zones is not None or scan.overview is not None:
        return aligned
    try:
        overview = _overview(aligned)
    except NotStoredError as refusal:
        reasons.append(f"{scan.written}, {refusal}")
        return aligned
    return replace(aligned, scan=replace(scan, overview=overview))


def _overview(aligned: Aligned) -> Overview:
    scan = aligned.scan
    if scan.frozen is not None:
        raise NotStoredError("a frozen layer takes each cell's latest value")
    found: list[tuple[str, Statistic]] = []
    for name, method in aligned.methods:
        band = scan.layer.band(name)
        assert band is not None
        if method not in _NEEDS:
            raise NotStoredError(f"{name} by {method} needs every value")
        if band.storage == "int64" and method in ("mean", "sum"):
            raise NotStoredError(f"sums of {name} might not be exact, it has 64 bits")
        falls = band.scale is not None and band.scale < 0
        turned: dict[Statistic, Statistic] = {"min": "max", "max": "min"} if falls else {}
        found += [(name, turned.get(s, s)) for s in _NEEDS[method]]
    resolution = stored_at(scan, aligned.resolution)
    if resolution > scan.tile:
        # A cell of the grid has a row where some band has a value below it, be it one the query does not name.
        found += [(b.name, "count") for b in scan.layer.bands]
    return overview_of(scan, resolution, found)
