"""What FROM and JOIN name, and how a join matches."""

from __future__ import annotations

from typing import Any

from cubeql.errors import Span
from cubeql.lang import nodes as n
from cubeql.lang.build.builder import Builder, lower, makes, unquote
from cubeql.lang.tokens import Token

Part = tuple[str, Any, Span]  # field of the node, its value, the place it was written at

WRITTEN = {
    "at": "AT",
    "version": "VERSION",
    "version_at": "VERSION",
    "alias": "AS",
    "time": "ON TIME",
    "on": "ON",
    "using": "USING",
}


def gather(builder: Builder, parts: tuple[Part, ...]) -> dict[str, Any]:
    """The parts by field; a field written twice is reported and the first one kept."""
    fields: dict[str, Any] = {}
    seen: set[str] = set()
    for field, value, span in parts:
        if WRITTEN[field] in seen:
            builder.report("clause_twice", span, clause=WRITTEN[field])
            continue
        seen.add(WRITTEN[field])
        fields[field] = value
    return fields


@makes("layer_source")
def layer_source(builder: Builder, span: Span, path: tuple[str, ...], *parts: Part) -> n.LayerSource:
    """A layer with AT, VERSION and AS in any order."""
    return n.LayerSource(path, **gather(builder, parts), span=span)


@makes("query_source")
def query_source(_: Builder, span: Span, query: n.Query, alias: str | None) -> n.QuerySource:
    """``(query) [AS name]``."""
    return n.QuerySource(query, alias, span=span)


@makes("source_at")
def source_at(_: Builder, span: Span, instant: n.Expr) -> Part:
    """``AT 'time'``."""
    return "at", instant, span


@makes("source_version")
def source_version(_: Builder, span: Span, number: n.Expr) -> Part:
    """``VERSION n``."""
    return "version", number, span


@makes("source_version_at")
def source_version_at(_: Builder, span: Span, instant: n.Expr) -> Part:
    """``VERSION AT 'timestamp'``."""
    return "version_at", instant, span


@makes("source_alias")
def source_alias(_: Builder, span: Span, name: str) -> Part:
    """``AS name``."""
    return "alias", name, span


# ------------------------------------------------------------------ joins


@makes("join_kind")
def join_kind(_: Builder, __: Span, token: Token) -> str:
    """``inner``, ``left``, ``semi`` or ``anti``."""
    return lower(token)


@makes("join")
def join(builder: Builder, span: Span, kind: str | None, source: n.Source, *parts: Part) -> n.Join:
    """One JOIN with ON TIME, ON and USING in any order."""
    return n.Join(source, kind or "inner", **gather(builder, parts), span=span)  # type: ignore[arg-type]


@makes("join_time")
def join_time(_: Builder, span: Span, match: n.TimeMatch) -> Part:
    """``ON TIME match``."""
    return "time", match, span


@makes("join_on")
def join_on(_: Builder, span: Span, condition: n.Expr) -> Part:
    """``ON condition``."""
    return "on", condition, span


@makes("join_using")
def join_using(_: Builder, span: Span, method: Token) -> Part:
    """``USING method``."""
    return "using", (n.Using(lower(method), span=method.span),), span


@makes("join_using_bands")
def join_using_bands(builder: Builder, span: Span, *entries: n.Using) -> Part:
    """``USING (band method, …)``."""
    seen: set[str] = set()
    for entry in entries:
        band = (entry.band or "").casefold()
        if band in seen:
            builder.report("band_twice", entry.span, band=entry.band)
        seen.add(band)
    return "using", entries, span


@makes("band_method")
def band_method(_: Builder, span: Span, band: Token, method: Token) -> n.Using:
    """``band method``."""
    return n.Using(lower(method), unquote(band), span=span)


# ------------------------------------------------------------------ ON TIME


@makes("time_match_word")
def time_match_word(_: Builder, span: Span, word: Token) -> n.TimeMatch:
    """EQUAL, ANY or DURING."""
    return n.TimeMatch(lower(word), span=span)


@makes("time_match_same")
def time_match_same(_: Builder, span: Span, unit: str) -> n.TimeMatch:
    """``SAME MONTH``."""
    return n.TimeMatch("same", unit=unit, span=span)


@makes("time_unit")
def time_unit(_: Builder, __: Span, unit: Token) -> str:
    """A calendar unit in lower case."""
    return lower(unit)


@makes("time_match_as_of")
def time_match_as_of(_: Builder, span: Span, valid: Token | None, interval: n.Expr | None) -> n.TimeMatch:
    """``AS OF [VALID] [WITHIN interval]``."""
    return n.TimeMatch("as_of", interval=interval, valid=valid is not None, span=span)


@makes("time_match_next")
def time_match_next(_: Builder, span: Span, __: Token, valid: Token | None, interval: n.Expr | None) -> n.TimeMatch:
    """``NEXT [VALID] [WITHIN interval]``."""
    return n.TimeMatch("next", interval=interval, valid=valid is not None, span=span)


@makes("time_match_nearest")
def time_match_nearest(
    _: Builder, span: Span, __: Token, valid: Token | None, count: n.Expr | None, interval: n.Expr | None
) -> n.TimeMatch:
    """``NEAREST [VALID] [n] [WITHIN interval]``."""
    return n.TimeMatch("nearest", count=count, interval=interval, valid=valid is not None, span=span)


@makes("time_match_window")
def time_match_window(_: Builder, span: Span, side: Token, interval: n.Expr) -> n.TimeMatch:
    """``PRECEDING|FOLLOWING|AROUND interval``."""
    return n.TimeMatch(lower(side), interval=interval, span=span)
