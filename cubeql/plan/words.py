"""Plan nodes in words, for EXPLAIN."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
    CellJoin,
    CellList,
    Cells,
    Combined,
    Filtered,
    HeldByZones,
    HeldCells,
    Node,
    Output,
    Over,
    Overview,
    Rows,
    RowScan,
    Scan,
    Summaries,
    TileJoin,
    Zoned,
)
from cubeql.values.times import format_instant


def aligned_words(aligned: Aligned) -> str:
    """Which layer, which bands, and how it comes to the grid."""
    scan = aligned.scan
    if scan.zones is not None:
        return _zones_words(scan, scan.zones)
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


def _zones_words(scan: Scan, zones: Zoned) -> str:
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


def output_words(output: Output) -> Iterator[str]:
    """The steps of a SELECT, last step first."""
    if output.limit is not None or output.offset is not None:
        yield f"limit {output.limit if output.limit is not None else 'none'}, offset {output.offset or 0}"
    if output.order_by:
        yield f"order by {', '.join(_sort(s, output) for s in output.order_by)}"
    if output.sample is not None:
        yield f"sample {output.sample:g} percent"
    if output.distinct:
        yield "distinct"
    columns = ", ".join(_shown(i.name, words(i.expr, output)) for i in output.items)
    if output.group_by is None:
        yield f"select {columns}"
        return
    keys = ", ".join(words(k) for k in output.group_by) or "nothing"
    having = f" having {words(output.having, output)}" if output.having is not None else ""
    yield f"aggregate {columns} by {keys}{having}"


def _shown(name: str, text: str) -> str:
    return text if text == name or text.endswith(f".{name}") else f"{text} as {name}"


def _sort(sort: SortBy, output: Output) -> str:
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


Note = Callable[[str], str]


def plan_lines(node: Node, note: Note = lambda scan: "", depth: int = 0) -> Iterator[str]:
    """The plan tree, one line a node; ``note`` adds what is known of a scan by its name."""
    pad = "  " * depth
    match node:
        case Output():
            yield from (f"{pad}{line}" for line in output_words(node))
            yield from plan_lines(node.input, note, depth + 1)
        case CellList() | RowScan() | HeldCells() | HeldByZones():
            yield pad + _leaf(node, note)
        case Combined():
            yield f"{pad}{node.operator.upper()}"
            yield from plan_lines(node.left, note, depth + 1)
            yield from plan_lines(node.right, note, depth + 1)
        case Filtered():
            yield f"{pad}filter {condition_words(node.conditions)}"
            yield from plan_lines(node.input, note, depth + 1)
        case Rows():
            yield f"{pad}subquery {node.written}"
            yield from plan_lines(node.query, note, depth + 1)
        case CellJoin():
            yield f"{pad}{node.kind} join by cell, {match_words(node.match)}{over_words(node.over)}"
            yield from plan_lines(node.left, note, depth + 1)
            yield from plan_lines(node.right, note, depth + 1)
        case Cells():
            yield from _cells(node, note, depth)
        case Summaries():
            yield from _summaries(node, note, depth)


def _leaf(node: CellList | RowScan | HeldCells | HeldByZones, note: Note) -> str:
    match node:
        case CellList(cells=cells):
            return f"cells {cells.name}: {cells.count} of resolution {cells.resolution}"
        case HeldByZones(scan=Scan(zones=Zoned() as zones) as scan):
            return f"{_zones_words(scan, zones)}, asked one by one{note(scan.name)}"
        case HeldByZones(scan=scan):
            return scan.written
        case HeldCells(scan=scan):
            return f"cells of {scan.written} that hold points ({', '.join(scan.bands)}){note(scan.name)}"
    name = node.written if node.written == node.layer.name else f"{node.layer.name} AS {node.written}"
    within = f", prunes by {region_words(node.region)}" if node.region is not None else ""
    return f"scan {node.layer.kind} {name} ({', '.join(node.columns)}){within}{note(node.name)}"


def _cells(node: Cells, note: Note, depth: int) -> Iterator[str]:
    pad = "  " * depth
    yield f"{pad}cells of resolution {node.resolution} from tiles of resolution {node.tile}"
    inner = pad + "  "
    if node.reason:
        yield f"{inner}arrays are read: {node.reason}"
    if node.cell_filters:
        yield f"{inner}filter cells: {condition_words(node.cell_filters)}"
    if node.row_filters:
        yield f"{inner}filter tile rows: {condition_words(node.row_filters)}"
    for region in node.regions:
        yield f"{inner}mask {region_words(region.region)}{', prunes tiles' if region.required else ''}"
    if node.geometry:
        yield f"{inner}geometry: {', '.join(node.geometry)}"
    yield f"{inner}scan {aligned_words(node.driver)}{note(node.driver.scan.name)}"
    for join in node.joins:
        yield f"{inner}{_join(join)}{note(join.aligned.scan.name)}"


def _summaries(node: Summaries, note: Note, depth: int) -> Iterator[str]:
    pad, scan = "  " * depth, node.scan
    assert scan.overview is not None
    what = "classes" if scan.overview.classes is not None else "summaries"
    kind = f"{what} of tiles" if scan.overview.resolution == scan.tile else "overviews"
    yield f"{pad}{kind} of resolution {scan.overview.resolution}"
    if node.row_filters:
        yield f"{pad}  filter tile rows: {condition_words(node.row_filters)}"
    if node.conditions:
        yield f"{pad}  filter classes: {condition_words(node.conditions)}"
    if node.settled or node.flags:
        yield f"{pad}  where all cells or none: {', '.join(words(c) for c in (*node.settled, *node.flags))}"
    read = ", ".join(dict.fromkeys(band for band, _ in scan.overview.statistics)) or "rows"
    name = scan.written if scan.written == scan.layer.name else f"{scan.layer.name} AS {scan.written}"
    yield f"{pad}  scan {what} of {name} ({read}){note(scan.name)}"
    if node.edges is not None:
        rest = ["at the edge of the region"] if node.edges.regions else []
        rest += ["where some cells do"] if node.settled or node.flags else []
        yield f"{pad}  {' and '.join(rest)}:"
        yield from _cells(node.edges, note, depth + 2)


def _join(join: TileJoin) -> str:
    on = f" on {condition_words((*join.on_rows, *join.on_cells))}" if join.on_rows or join.on_cells else ""
    match = f"{match_words(join.match)}{over_words(join.over)}"
    return f"{join.kind} join by tile {aligned_words(join.aligned)}, {match}{on}"
