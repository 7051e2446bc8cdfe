"""Stored values and what they stand for: decoded one by one, or once after they are aggregated."""

from __future__ import annotations

from cubeql.catalog import Band
from cubeql.sql.printer import literal
from cubeql.sql.tree import Sql, fill


def decoded(value: Sql, band: Band) -> Sql:
    """The value of a stored one: scaled, and wide enough to compute with."""
    return fill(_template(band), value)


def decoded_late(function: str, band: Band) -> str | None:
    """A template that decodes an aggregate of stored values; None where the aggregate needs decoded ones."""
    if function in ("avg", "mean"):
        return _template(band) if _is_packed(band) else "{0}"
    if function in ("min", "max"):
        # With a negative scale the smallest value is the largest stored one.
        return _template(band) if (band.scale is None or band.scale > 0) else None
    if function == "sum" and not band.offset:
        return _template(band) if _is_packed(band) else "{0}"
    return None


def _is_packed(band: Band) -> bool:
    return band.scale is not None or band.offset is not None


def _template(band: Band) -> str:
    if not _is_packed(band):
        return "{0}::BIGINT" if band.is_integer else "{0}::DOUBLE"
    text = "{0}::DOUBLE"
    text += f" * {literal(float(band.scale))}" if band.scale is not None else ""
    text += f" + {literal(float(band.offset))}" if band.offset else ""  # rasters with a scale say 0
    return f"({text})"
