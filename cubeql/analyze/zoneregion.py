"""The region ``ZONE(layer, column, value)``: all polygons of a layer of zones of which a column has a value."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cubeql.analyze.bound import RegionRef
from cubeql.analyze.constants import NotConstant, value_of
from cubeql.analyze.context import Context
from cubeql.analyze.scope import table_columns
from cubeql.catalog import Layer
from cubeql.errors import StoreError
from cubeql.lang import nodes
from cubeql.values.types import Type

_PYTHON: dict[str, tuple[type, ...]] = {"text": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)}


def bind_zone(context: Context, region: nodes.Region) -> RegionRef | None:
    """The region with its layer (name and version), column and value; notes faults and gives None where it has any."""
    written, column, value = region.args
    layer = _layer(context, written)
    if layer is None:
        return None
    found = _column(context, layer, column)
    if found is None:
        return None
    name, kind = found
    context.reads(layer)
    context.reads_away(layer.name, written.span)
    wanted = _value(context, value, name, kind)
    return None if wanted is None else RegionRef("zone", (layer.name, layer.version, name, wanted), span=region.span)


def _layer(context: Context, written: nodes.Expr) -> Layer | None:
    assert isinstance(written, nodes.Name)
    name = ".".join(written.parts)
    layer = context.catalog.layer(name)
    if layer is None:
        context.unknown("unknown_layer", written.span, name, _zone_layers(context))
    elif layer.kind != "zones":
        context.fault("no_zones", written.span, name=name, kind=layer.kind)
        return None
    return layer


def _zone_layers(context: Context) -> tuple[str, ...]:
    found = []
    for name in context.catalog.layer_names():
        with suppress(StoreError):  # one that cannot be read is no hint
            layer = context.catalog.layer(name)
            if layer is not None and layer.kind == "zones":
                found.append(layer.name)
    return tuple(found)


def _column(context: Context, layer: Layer, written: nodes.Expr) -> tuple[str, Type] | None:
    assert isinstance(written, nodes.Name)
    columns = {n: t for n, t in table_columns(layer).items() if t.name in _PYTHON}
    name = ".".join(written.parts)
    found = next((n for n in columns if n.casefold() == name.casefold()), None)
    if found is None:
        context.unknown("unknown_column_of", written.span, name, tuple(columns), source=layer.name)
        return None
    return found, columns[found]


def _value(context: Context, written: nodes.Expr, name: str, kind: Type) -> Any:
    """The value, a class by its code; None with the fault noted where it is no value of the column."""
    try:
        value = value_of(context, written)
    except NotConstant:
        context.fault("not_a_constant", written.span, what="the value of ZONE")
        return None
    codes = {text: code for code, text in kind.classes}
    if isinstance(value, str) and codes:
        if value not in codes:
            context.unknown("unknown_class", written.span, value, tuple(codes), "'{}'", column=name)
        return codes.get(value)
    if not isinstance(value, _PYTHON[kind.name]) or (isinstance(value, bool) and kind.name != "boolean"):
        reason = f"the values of '{name}' are of type {kind.name}, which {value!r} is not"
        context.fault("bad_region", written.span, reason=reason)
        return None
    return value
