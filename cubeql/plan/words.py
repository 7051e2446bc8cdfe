"""Plan nodes in words, for EXPLAIN."""

from __future__ import annotations

from cubeql.analyze.bound import (
    Aggregate,
    Apply,
    Bound,
    Choice,
    Column,
    Constant,
    Convert,
    Focal,
    InRegion,
    InSubquery,
    Key,
    Match,
    OneOf,
    Parameter,
    RegionRef,
    SortBy,
    Window,
)
from cubeql.plan.nodes import (
    Aligned,
    Output,
    Over,
    Overview,
    Scan,
    Zoned,
)
from cubeql.values.times import format_instant


def aligned_words(aligned: Aligned) -> str:
    """Which layer, which bands, and how it comes to the grid."""
    scan = aligned.scan
    if scan.zones is not None:
        return zones_words(scan, scan.zones)
    own = scan.layer.resolution
    how = ""
    if aligned.is_finer:
        methods = ", ".join(f"{band} {method}" for band, method in aligned.methods)
        how = f", resolution {own} to {aligned.resolution} by {methods}"
        how += f" from {_overview_words(scan, scan.overview)}" if scan.overview is not None else ""
    elif aligned.is_coarser:
        how = f", resolution {own} seen from {aligned.resolution}"
    name = scan.written if scan.written == scan.layer.name else f"{scan.layer.name} AS {scan.written}"
    how += f", frozen at {format_instant(scan.frozen)}" if scan.frozen is not None else ""
    return f"{name} ({', '.join(scan.bands)}{how})"


def _overview_words(scan: Scan, overview: Overview) -> str:
    return f"{'summaries' if overview.resolution == scan.tile else 'overviews'} of resolution {overview.resolution}"


def zones_words(scan: Scan, zones: Zoned) -> str:
    """Which zones, when they hold a cell, and what becomes of their attributes."""
    name = scan.written if scan.written == scan.layer.name else f"{scan.layer.name} AS {scan.written}"
    parts = ["zones", f"cells by {zones.containment}"]
    parts += [f"only {condition_words(zones.chosen)}"] if zones.chosen else []
    parts += [f"joined by zone: {', '.join(zones.attributes)}"] if zones.attributes else []
    parts += [f"looked up by group: {', '.join(zones.late)}"] if zones.late else []
    return f"{name} ({'; '.join(parts)})"


def match_words(match: Match | None) -> str:
    """How clocks meet."""
    if match is None or match.kind == "any":
        return "any time"
    if match.kind == "during":
        return f"time during its step{f' of {match.window}' if match.window is not None else ''}"
    if match.is_windowed:
        return f"time {match.kind} {match.window}"
    window = f" within {match.window}" if match.window is not None else ""
    unit = f" {match.unit}" if match.unit else ""
    return f"time {match.kind.replace('_', ' ')}{unit}{window}"


def over_words(over: Over | None) -> str:
    """How the rows of a window become one."""
    if over is None:
        return ""
    on = f" of rows where {condition_words((*over.on_rows, *over.on_cells))}" if over.on_rows or over.on_cells else ""
    return f" by {', '.join(f'{column} {method}' for column, method in over.methods)}{on}"


def item_words(name: str, text: str) -> str:
    """A column and its name."""
    return text if text == name or text.endswith(f".{name}") else f"{text} as {name}"


def sort_words(sort: SortBy, output: Output) -> str:
    """What rows are ordered by."""
    return f"{words(sort.expr, output)}{' desc' if sort.descending else ''}"


def condition_words(conditions: tuple[Bound, ...]) -> str:
    """A conjunction."""
    return " and ".join(words(c) for c in conditions)


def words(expr: Bound, output: Output | None = None) -> str:
    """An expression as text; close to how it was written."""
    match expr:
        case Column(name=name):
            return name
        case Constant(value=value):
            return f"'{value}'" if isinstance(value, str) else str(value)
        case Parameter(name=name):
            return f"${name}"
        case Key(index=index) if output is not None and output.group_by is not None:
            return words(output.group_by[index])
        case Apply():
            return _apply(expr, output)
        case Aggregate(function=function, args=args, star=star):
            args = args[1:] if function.name == "pack" else args
            inside = "*" if star else ", ".join(words(a, output) for a in args[: len(function.params)])
            return f"{function.name}({inside})"
        case Focal(call=call, steps=steps):
            return f"disk({words(call, output)}, {steps})"
        case Window(call=call):
            return f"{words(call, output)} over (…)"
        case InRegion(region=region, negated=negated):
            return f"cell {'not ' if negated else ''}within {region_words(region)}"
    return _others(expr, output)


def _others(expr: Bound, output: Output | None) -> str:
    match expr:
        case OneOf(operand=operand, items=items, negated=negated):
            listed = ", ".join(words(i, output) for i in items[:8]) + (", …" if len(items) > 8 else "")
            return f"{words(operand, output)} {'not ' if negated else ''}in ({listed})"
        case InSubquery(operand=operand):
            return f"{words(operand, output)} in (subquery)"
        case Convert(operand=operand, type=kind):
            return f"{words(operand, output)}::{kind}"
        case Choice():
            return "case …"
    return type(expr).__name__.lower()


def _apply(expr: Apply, output: Output | None) -> str:
    name = expr.function.name
    if name == "convert":
        return f"convert({words(expr.args[0], output)}, '{expr.type.unit}')"
    if name == "pack":
        return words(expr.args[1], output)
    args = [words(a, output) for a in expr.args]
    if expr.function.family != "operators":
        return f"CELL({args[1]})" if name == "cell_to_parent" else f"{name}({', '.join(args)})"
    if name.startswith("is ") and len(args) == 1:
        return f"{args[0]} {name}"
    if len(args) == 1:
        return f"not ({args[0]})" if name == "not" else f"-{args[0]}"
    joined = f" {name.replace('time plus', '+').replace('time minus', '-').replace('// number', '//')} ".join(args)
    return f"({joined})" if name in ("or", "and", "+", "-", "*", "/", "//") else joined


def region_words(region: RegionRef) -> str:
    """What a region is, not where."""
    return f"CELLS {region.args[0]}" if region.kind == "cells" else region.kind.upper()
