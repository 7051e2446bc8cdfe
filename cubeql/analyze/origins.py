"""Which band a column of a result is: what is told of the band holds of the column then."""

from __future__ import annotations

from collections.abc import Sequence

from cubeql.analyze.bound import Aggregate, Bound, BoundSource, Column, LayerRef, QueryRef, TableRef, ZonesRef

_SAME_QUANTITY = ("avg", "min", "max", "median", "mode", "first", "last", "quantile")
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


def drawn_as(expr: Bound, sources: Sequence[BoundSource]) -> tuple[str, str] | None:
    """The layer and band in whose colours an expression is drawn: that of a column, or of a mean or such of one."""
    if isinstance(expr, Aggregate):
        return drawn_as(expr.args[0], sources) if expr.function.name in _SAME_QUANTITY and expr.args else None
    if isinstance(expr, Column) and 0 <= expr.source < len(sources):
        source = sources[expr.source]
        if isinstance(source, QueryRef):
            return next((c.drawn_as for c in source.query.columns if c.name == expr.name), None)
    return origin_of(expr, sources)
