"""A query that reads only what lies on one attached server is sent there whole, as text.

The text is printed from the tree as it was written: layers without the server's name before them, at the version that
analysis saw; parameters as the values they have; queries of WITH and views of this store in the places where they are
named. What cannot be written so, such as a region in a file of this machine, is not sent.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from cubeql.analyze.bound import (
    BoundQuery,
    BoundSelect,
    BoundSetOperation,
    LayerRef,
    QueryRef,
    TableRef,
    ZonesRef,
)
from cubeql.analyze.context import Context, Form, Forms
from cubeql.analyze.shipped import Shipped
from cubeql.catalog import Layer
from cubeql.lang import nodes, parse_query, print_expr, print_statement

_MOST_VIEWS = 32


class _Here(Exception):  # noqa: N818
    """Something that must be done here."""


def form_of(context: Context, query: nodes.Query) -> Form | None:
    """A query as it could be sent, and where to; None where it reads something else than one server's layers."""
    return _form(context, query, context.forms) if context.away is not None else None


def _form(context: Context, query: nodes.Query, forms: Forms, values: Mapping[str, Any] | None = None) -> Form | None:
    maker = _Maker(context, values)
    try:
        made = maker.of(query, forms)
    except _Here:
        return None
    return (maker.server, made) if maker.server is not None else None


def sent(context: Context, query: nodes.Query, bound: BoundQuery) -> BoundQuery:
    """The query, done by an attached server where that has all that it reads."""
    if context.away is None or any(f.severity == "error" for f in context.faults) or isinstance(bound, Shipped):
        return bound
    form = form_of(context, query)
    if form is None:
        return bound
    server, made = form
    return Shipped(bound.columns, server, print_statement(nodes.QueryStatement(made)), tuple(layers_read(bound)))


def layers_read(bound: BoundQuery) -> list[Layer]:
    """The layers that a query reads."""
    match bound:
        case BoundSelect(sources=sources):
            found: list[Layer] = []
            for source in sources:
                if isinstance(source, LayerRef | TableRef | ZonesRef):
                    found.append(source.layer)
                elif isinstance(source, QueryRef):
                    found += layers_read(source.query)
            return found
        case BoundSetOperation(left=left, right=right):
            return [*layers_read(left), *layers_read(right)]
        case Shipped(layers=layers):
            return list(layers)
    return []


class _Maker:
    """Makes the form of one query; ``server`` is the one that it reads."""

    def __init__(self, context: Context, values: Mapping[str, Any] | None = None, depth: int = 0) -> None:
        assert context.away is not None
        self.context, self.away = context, context.away
        self.values = context.values if values is None else values
        self.depth = depth
        self.server: str | None = None

    def of(self, query: nodes.Query, forms: Forms) -> nodes.Query:
        """The form of a query.

        Raises:
            _Here: it has none.
        """
        assert isinstance(query, nodes.Select | nodes.SetOperation)
        known = dict(forms)
        for cte in query.ctes:
            known[cte.name.casefold()] = _form(self.context, cte.query, known, self.values)
        made = self._inside(replace(query, ctes=()), known)
        assert isinstance(made, nodes.Query)
        return made

    def _made(self, value: Any, forms: Forms) -> Any:
        match value:
            case tuple():
                return tuple(self._made(v, forms) for v in value)
            case nodes.Select() | nodes.SetOperation():
                return self.of(value, forms)
            case nodes.LayerSource():
                return self._source(value, forms)
            case nodes.Region():
                return self._region(value, forms)
            case nodes.TimeTest(how="during" | "in", value=nodes.Parameter(name=name)):
                return self._time_test(value, name, forms)
            case nodes.Parameter(name=name):
                return _literal(self.values.get(name))
            case nodes.SelectItem():
                return self._item(value, forms)
            case nodes.Node():
                return self._inside(value, forms)
        return value

    def _inside(self, node: nodes.Node, forms: Forms) -> nodes.Node:
        names = (f.name for f in fields(node) if not f.name.endswith("span"))
        changed = {name: self._made(getattr(node, name), forms) for name in names}
        return replace(node, **changed)

    def _item(self, item: nodes.SelectItem, forms: Forms) -> nodes.SelectItem:
        """A result column, under the name that it has here."""
        expr = self._made(item.expr, forms)
        named = item.alias is not None or isinstance(expr, nodes.Name | nodes.Star) or expr == item.expr
        return replace(item, expr=expr, alias=item.alias if named else print_expr(item.expr))

    # -------------------------------------------------------------- what is read

    def _source(self, source: nodes.LayerSource, forms: Forms) -> nodes.Source:
        name = ".".join(source.name)
        alias = source.alias or name
        if name.casefold() in forms:
            return nodes.QuerySource(self._named(forms[name.casefold()]), alias)
        if self.away.server(name) is None:
            return nodes.QuerySource(self._view(name), alias)
        there = self._there(source.name)
        layer = self.context.catalog.layer(name)
        version = self._made(source.version, forms)
        if layer is not None and layer.version >= 0 and version is None and source.version_at is None:
            version = nodes.Number(layer.version)
        at, version_at = self._made(source.at, forms), self._made(source.version_at, forms)
        return nodes.LayerSource(there, at, version, version_at, alias)

    def _there(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """A name as the server knows it."""
        self._reads(self.away.server(".".join(parts)))
        return parts[1:]

    def _named(self, form: Form | None) -> nodes.Query:
        """The form of a query of WITH."""
        if form is None:
            raise _Here
        self._reads(form[0])
        return form[1]

    def _reads(self, server: str | None) -> None:
        if server is None or self.server not in (None, server):
            raise _Here
        self.server = server

    def _view(self, name: str) -> nodes.Query:
        """The query of a view of this store, where it reads the server's layers alone."""
        catalog = self.context.catalog
        view = catalog.read_view(name) if catalog.layer(name) is None and catalog.in_place(name) is None else None
        if view is None or view.is_hidden or view.catalog is not None or self.depth >= _MOST_VIEWS:
            raise _Here
        inner = _Maker(self.context, {}, self.depth + 1)
        inner.server = self.server
        form = inner.of(parse_query(view.text), {})
        self.server = inner.server
        return form

    def _region(self, region: nodes.Region, forms: Forms) -> nodes.Region:
        if region.kind == "file":
            raise _Here
        if region.kind == "parameter":
            (given,) = region.args
            assert isinstance(given, nodes.Parameter)
            return _geometry(self.values.get(given.name))
        if region.kind in ("zone", "cells"):
            name, *rest = region.args
            assert isinstance(name, nodes.Name)
            return replace(region, args=(nodes.Name(self._there(name.parts)), *(self._made(r, forms) for r in rest)))
        return replace(region, args=self._made(region.args, forms))

    def _time_test(self, test: nodes.TimeTest, name: str, forms: Forms) -> nodes.Expr:
        """``x IN $list`` is a list of values; of a period given as a text the text is written."""
        value, operand = self.values.get(name), self._made(test.operand, forms)
        if isinstance(value, list) and value and test.how == "in":
            return nodes.InList(operand, tuple(_literal(v) for v in value), test.negated)
        if not isinstance(value, str):
            raise _Here
        return replace(test, operand=operand, value=nodes.String(value))


def _literal(value: Any) -> nodes.Expr:
    """A value of a parameter as it is written."""
    match value:
        case None:
            return nodes.Null()
        case bool():
            return nodes.Boolean(value)
        case int() | float() if math.isfinite(value):
            return nodes.Unary("-", nodes.Number(-value)) if math.copysign(1, value) < 0 else nodes.Number(value)
        case str():
            return nodes.String(value)
        case dt.datetime() if value.tzinfo is None:
            return nodes.TypedString("timestamp", value.isoformat())
        case dt.datetime():
            return nodes.TypedString("timestamp", value.astimezone(dt.UTC).replace(tzinfo=None).isoformat())
        case dt.date():
            return nodes.TypedString("date", value.isoformat())
        case np.datetime64():
            return nodes.TypedString("timestamp", str(value.astype("datetime64[us]")))
    raise _Here


def _geometry(value: Any) -> nodes.Region:
    if isinstance(value, str):
        kind = "geojson" if value.lstrip().startswith("{") else "polygon"
        return nodes.Region(kind, (nodes.String(value),))
    if hasattr(value, "geom_type") and hasattr(value, "wkt"):
        return nodes.Region("polygon", (nodes.String(value.wkt),))
    found = value if isinstance(value, dict) else getattr(value, "__geo_interface__", None)
    if found is None:
        raise _Here
    return nodes.Region("geojson", (nodes.String(json.dumps(found)),))
