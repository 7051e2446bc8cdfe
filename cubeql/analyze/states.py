"""Which state of a layer is read: ``VERSION n``, ``VERSION AT 'timestamp'``, and its data frozen ``AT 'time'``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cubeql.analyze.constants import NotConstant, instant_of, value_of, whole_number
from cubeql.analyze.context import Context
from cubeql.catalog import Layer
from cubeql.errors import VersionGone, VersionUnknown
from cubeql.lang import nodes
from cubeql.values.times import format_instant


def find_layer(context: Context, source: nodes.LayerSource, name: str) -> tuple[Layer, int | None] | None:
    """The layer that a source names, and the version that is written; None with the fault noted where there is none."""
    latest = context.catalog.layer(name)
    if latest is None:
        catalog = context.catalog
        known = (*catalog.layer_names(), *catalog.view_names(), *catalog.cell_set_names(), *context.named)
        context.unknown("unknown_layer", source.span, name, known)
        return None
    if source.version is None and source.version_at is None:
        return latest, None
    if source.version_at is not None and not context.catalog.commits(name):
        return latest, None
    return layer_at(context, source, name)


def layer_at(
    context: Context, source: nodes.LayerSource | nodes.Rollback, name: str
) -> tuple[Layer, int] | None:
    """A layer at the version that is written, and its number; None with the fault noted where it has none such."""
    version = _version(context, source, name)
    if version is None:
        return None
    try:
        layer = context.catalog.layer(name, version)
    except VersionGone as gone:
        facts = {"name": name, "version": version, "day": gone.day, "readable": gone.readable}
        context.fault("vacuumed_version", source.span, **facts)
        return None
    except VersionUnknown:
        layer = None
    if layer is None:
        context.fault("unknown_version", source.span, name=name, version=version)
        return None
    return layer, version


def _version(context: Context, source: nodes.LayerSource | nodes.Rollback, name: str) -> int | None:
    if source.version is not None:
        return whole_number(context, source.version, "a version", 0)
    assert source.version_at is not None
    wanted = instant(context, source.version_at)
    if wanted is None:
        return None
    commits = context.catalog.commits(name)
    found = [version for version, time in commits if time <= wanted]
    if not found:
        first = format_instant(min(time for _, time in commits))
        facts = {"name": name, "given": format_instant(wanted), "first": first}
        context.fault("before_first_version", source.version_at.span, **facts)
        return None
    return max(found)


def frozen_at(context: Context, source: nodes.LayerSource, layer: Layer) -> np.datetime64 | None:
    """The instant that a layer's data are frozen at; None where none is written, or it is at fault."""
    if source.at is None:
        return None
    if layer.kind != "grid":
        context.fault("not_supported", source.at.span, construct=f"a {layer.kind} layer AT a time",
                      suggestion="FILTER on time, and take latest(x) of what you group by")  # fmt: skip
        return None
    if layer.time is None:
        context.fault("frozen_without_time", source.at.span, name=layer.name)
        return None
    return instant(context, source.at)


def frozen(layer: Layer) -> Layer:
    """A frozen layer as a query sees it: without time."""
    return replace(layer, time=None)


def instant(context: Context, expr: nodes.Expr) -> np.datetime64 | None:
    """A constant instant, of a partial date its start; notes the fault and gives None otherwise."""
    try:
        return instant_of(value_of(context, expr))
    except NotConstant:
        context.fault("not_a_constant", expr.span, what="the time")
    except ValueError as error:
        context.fault("bad_time", expr.span, reason=str(error))
    return None
