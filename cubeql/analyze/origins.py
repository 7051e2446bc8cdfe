"""Which band a column of a result is: what is told of the band holds of the column then."""

from __future__ import annotations

from collections.abc import Sequence

from cubeql.analyze.bound import Bound, BoundSource, Column, LayerRef, QueryRef, TableRef, ZonesRef

_OTHER_QUANTITY = ("count", "any", "all", "stddev")


def origin_of(expr: Bound, sources: Sequence[BoundSource]) -> tuple[str, str] | None:
    """The layer and band whose quantity an expression has because it is nothing but that column; None otherwise."""
    if not isinstance(expr, Column) or not 0 <= expr.source < len(sources):
        return None
    source = sources[expr.source]
    if isinstance(source, QueryRef):
        return next((c.origin for c in source.query.columns if c.name == expr.name), None)
    methods = dict(getattr(source, "methods", ())) | dict(source.over or ())
    if not isinstance(source, LayerRef | TableRef | ZonesRef) or methods.get(expr.name) in _OTHER_QUANTITY:
        return None
    column = source.layer.band(expr.name) or source.layer.attribute(expr.name)
    return (source.layer.name, column.name) if column is not None else None
