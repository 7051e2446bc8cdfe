"""Statements."""

from __future__ import annotations

from typing import Any

from cubeql.errors import Span
from cubeql.lang import nodes as n
from cubeql.lang.build.builder import Builder, lower, makes, unquote
from cubeql.lang.tokens import Token

Path = tuple[str, ...]
Options = tuple[n.Option, ...]


@makes("query_statement")
def query_statement(_: Builder, span: Span, query: n.Query) -> n.QueryStatement:
    """A query by itself."""
    return n.QueryStatement(query, span=span)


@makes("explain")
def explain(_: Builder, span: Span, analyze: Token | None, query: n.Query) -> n.Explain:
    """``EXPLAIN [ANALYZE] query``."""
    return n.Explain(query, analyze is not None, span=span)


@makes("show_list", "show_of", "stored", "dropped", "right", "column")
def word(_: Builder, __: Span, token: Token) -> str:
    """A word of the statement in lower case."""
    return lower(token)


@makes("show_list_statement")
def show_list_statement(_: Builder, span: Span, what: str, pattern: Token | None) -> n.Show:
    """``SHOW LAYERS [LIKE 'p%']``."""
    return n.Show(what, like=unquote(pattern) if pattern else None, span=span)


@makes("show_of_statement")
def show_of_statement(_: Builder, span: Span, what: str, path: Path) -> n.Show:
    """``SHOW BANDS layer``."""
    return n.Show(what, path, span=span)


@makes("describe_layer")
def describe_layer(_: Builder, span: Span, path: Path) -> n.Describe:
    """``DESCRIBE layer``."""
    return n.Describe(path, span=span)


@makes("describe_query")
def describe_query(_: Builder, span: Span, query: n.Query) -> n.Describe:
    """``DESCRIBE query``."""
    return n.Describe(query=query, span=span)


@makes("option")
def option(_: Builder, span: Span, name: Token, *value: Any) -> n.Option:
    """``name value`` or ``name = value``; the last child is the value."""
    return n.Option(lower(name), value[-1], span=span)


@makes("option_list")
def option_list(builder: Builder, __: Span, *entries: n.Option) -> Options:
    """``(name value, …)``; a name given twice is reported."""
    seen: set[str] = set()
    for entry in entries:
        if entry.name in seen:
            builder.report("option_twice", entry.span, option=entry.name)
        seen.add(entry.name)
    return entries


@makes("create")
def create(
    builder: Builder,
    span: Span,
    replace: Token | None,
    kind: str,
    path: Path,
    options: Options | None,
    query: n.Query,
) -> n.Create:
    """``CREATE [OR REPLACE] LAYER|VIEW|CELLS name [WITH (…)] AS query``."""
    if options and kind == "cells":
        builder.report("options_of_cells", options[0].span)
    return n.Create(kind, path, query, replace is not None, options or (), span=span)  # type: ignore[arg-type]


@makes("text_list")
def text_list(_: Builder, span: Span, *texts: n.Expr) -> n.ListOf:
    """``['a.tif', 'b.tif']``."""
    return n.ListOf(texts, span=span)


@makes("create_raster")
def create_raster(
    builder: Builder,
    span: Span,
    replace: Token | None,
    kind: str,
    path: Path,
    raster: n.Expr,
    options: Options | None,
) -> n.CreateRaster:
    """``CREATE [OR REPLACE] VIEW name AS RASTER 'path' [WITH (…)]``."""
    if kind != "view":
        builder.report("raster_of_views_only", span, kind=kind.upper())
    return n.CreateRaster(path, raster, replace is not None, options or (), span=span)


@makes("insert")
def insert(_: Builder, span: Span, replace: Token | None, path: Path, query: n.Query) -> n.Insert:
    """``INSERT [OR REPLACE] INTO layer query``."""
    return n.Insert(path, query, replace is not None, span=span)


@makes("if_exists")
def if_exists(_: Builder, __: Span, ___: Token) -> bool:
    """``IF EXISTS``."""
    return True


@makes("drop")
def drop(_: Builder, span: Span, kind: str, exists: bool | None, path: Path) -> n.Drop:
    """``DROP LAYER|VIEW|CELLS [IF EXISTS] name``."""
    return n.Drop(kind, path, bool(exists), span=span)  # type: ignore[arg-type]


@makes("alter_rename")
def alter_rename(_: Builder, span: Span, path: Path, new: Path) -> n.Alter:
    """``ALTER LAYER name RENAME TO new``."""
    return n.Alter(path, rename_to=new, span=span)


@makes("alter_set")
def alter_set(_: Builder, span: Span, path: Path, options: Options) -> n.Alter:
    """``ALTER LAYER name SET (…)``."""
    return n.Alter(path, options=options, span=span)


@makes("alter_column")
def alter_column(_: Builder, span: Span, path: Path, kind: str, name: str, options: Options) -> n.Alter:
    """``ALTER LAYER name ALTER BAND|ATTRIBUTE column SET (…)``."""
    return n.Alter(path, options=options, column=name, column_kind=kind, span=span)  # type: ignore[arg-type]


@makes("rollback_version")
def rollback_version(_: Builder, span: Span, path: Path, number: n.Expr) -> n.Rollback:
    """``ALTER LAYER name ROLLBACK TO VERSION n``."""
    return n.Rollback(path, version=number, span=span)


@makes("rollback_version_at")
def rollback_version_at(_: Builder, span: Span, path: Path, instant: n.Expr) -> n.Rollback:
    """``ALTER LAYER name ROLLBACK TO VERSION AT 'timestamp'``."""
    return n.Rollback(path, version_at=instant, span=span)


@makes("copy")
def copy(_: Builder, span: Span, query: n.Query, target: n.Expr, options: Options | None) -> n.Copy:
    """``COPY (query) TO 'path' [WITH (…)]``."""
    return n.Copy(query, target, options or (), span=span)


@makes("grantee")
def grantee(_: Builder, __: Span, name: str | Token) -> str:
    """Who is granted: a name, or a text where the name is no identifier."""
    return unquote(name) if isinstance(name, Token) else name


@makes("grant")
def grant(_: Builder, span: Span, right: str, path: Path, name: str) -> n.Grant:
    """``GRANT READ|WRITE ON layer TO name``."""
    return n.Grant(right, path, name, span=span)  # type: ignore[arg-type]


@makes("revoke")
def revoke(_: Builder, span: Span, right: str, path: Path, name: str) -> n.Grant:
    """``REVOKE READ|WRITE ON layer FROM name``."""
    return n.Grant(right, path, name, revoke=True, span=span)  # type: ignore[arg-type]


@makes("set_option")
def set_option(_: Builder, span: Span, name: str, value: n.Expr) -> n.SetOption:
    """``SET name = value``."""
    return n.SetOption(name.lower() if name.isascii() else name, value, span=span)


@makes("attach")
def attach(_: Builder, span: Span, address: n.Expr, name: str, options: Options | None) -> n.Attach:
    """``ATTACH 'flight://host:port' AS name [WITH (…)]``."""
    return n.Attach(address, name, options or (), span=span)


@makes("detach")
def detach(_: Builder, span: Span, name: str) -> n.Detach:
    """``DETACH name``."""
    return n.Detach(name, span=span)
