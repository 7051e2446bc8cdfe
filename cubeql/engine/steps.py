"""What each step of a plan did: the engine's own figures, brought home to the steps as EXPLAIN tells them.

The engine knows operators, CubeQL steps. An operator belongs to a step by what it does and by whose tile rows it works
on, which the marks of scans tell. What belongs to no step is told as a sum of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cubeql.engine.explanation import Step as Step
from cubeql.plan.alike import Alike
from cubeql.plan.nodes import CellJoin, Cells, Combined, Filtered, Node, Output, Rows, Summaries
from cubeql.plan.outline import Line, Role, outline


@dataclass(slots=True)
class _Operator:
    """An operator of the engine's plan, with the scans that are read below it."""

    name: str
    seconds: float
    rows: int
    told: Mapping[str, Any]
    children: list[_Operator]
    scan: str | None
    scans: frozenset[str]


@dataclass(slots=True)
class Figures:
    """Seconds and rows by number of the line; ``elsewhere`` is the time of what belongs to none."""

    seconds: dict[int, float] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    elsewhere: float = 0.0

    def add(self, line: int | None, operator: _Operator, *, rows: bool = True) -> None:
        """Note what an operator did; the first of a line, which stands last, tells its rows."""
        if line is None:
            self.elsewhere += operator.seconds
            return
        self.seconds[line] = self.seconds.get(line, 0.0) + operator.seconds
        if rows:
            self.rows.setdefault(line, operator.rows)


def figures_of(plan: Node, profile: Mapping[str, Any], marks: Mapping[int, str], files: Mapping[str, str]) -> Figures:
    """Bring the engine's profile to the lines of a plan.

    Args:
        plan: the plan.
        profile: of the statement, as the engine gives it.
        marks: name of the scan of each number that marks count by.
        files: name of the scan that alone reads a file, for scans without marks.
    """
    lines = list(outline(plan))
    home = _Home(lines, Figures())
    for child in profile.get("children", ()):
        home.bring(_operator(child, marks, files), plan)
    return home.figures


def shared_out(figures: Figures, elapsed: float) -> Figures:
    """The same as parts of the elapsed time: threads work side by side, and wait for each other."""
    total = sum(figures.seconds.values()) + figures.elsewhere
    share = min(1.0, elapsed / total) if total else 1.0
    return replace(figures, seconds={n: s * share for n, s in figures.seconds.items()},
                   elsewhere=figures.elsewhere * share)  # fmt: skip


def _operator(told: Mapping[str, Any], marks: Mapping[int, str], files: Mapping[str, str]) -> _Operator:
    extra = told.get("extra_info") or {}
    children = [_operator(child, marks, files) for child in told.get("children", ())]
    name = str(told.get("operator_name") or told.get("operator_type") or "").strip()
    scan = _scan_of(name, extra, marks, files)
    below = frozenset[str]().union(*(c.scans for c in children))
    return _Operator(
        name, float(told.get("operator_timing") or 0), int(told.get("operator_cardinality") or 0), extra, children,
        scan, below | {scan} if scan is not None else below,
    )  # fmt: skip


def _scan_of(name: str, extra: Mapping[str, Any], marks: Mapping[int, str], files: Mapping[str, str]) -> str | None:
    if name == "FILTER":
        _, _, rest = str(extra.get("Expression", "")).partition("cubeql_count(")
        number = rest.partition(",")[0]
        return marks.get(int(number)) if number.isdigit() else None
    read = extra.get("Filename(s)")
    first = read if isinstance(read, str) else next(iter(read or ()), "")
    return files.get(first.split(",")[0].strip())


_ORDERS = ("ORDER_BY", "TOP_N")
_LIMITS = ("LIMIT", "STREAMING_LIMIT", "LIMIT_PERCENT")
_GROUPS = ("HASH_GROUP_BY", "PERFECT_HASH_GROUP_BY", "UNGROUPED_AGGREGATE", "SIMPLE_AGGREGATE", "PARTITIONED_AGGREGATE")
_JOINS = ("HASH_JOIN", "NESTED_LOOP_JOIN", "PIECEWISE_MERGE_JOIN", "IE_JOIN", "BLOCKWISE_NL_JOIN", "CROSS_PRODUCT",
          "LEFT_DELIM_JOIN", "RIGHT_DELIM_JOIN", "POSITIONAL_JOIN", "ASOF_JOIN")  # fmt: skip
_INPUT = ("UNNEST", "UNION", *_JOINS)
_SETS = ("UNION", "HASH_JOIN", *_GROUPS, "WINDOW", "STREAMING_WINDOW")


@dataclass(slots=True)
class _Home:
    """Brings operators home; ``figures`` is what they did."""

    lines: list[Line]
    figures: Figures
    below: set[int] = field(default_factory=set)

    def _line(self, node: Node, *roles: Role) -> int | None:
        """The line of a part of the plan that has the first of these roles that is there."""
        own = {line.role: n for n, line in reversed(list(enumerate(self.lines))) if line.node is node}
        return next((own[r] for r in roles if r in own), None)

    def bring(self, operator: _Operator, node: Node) -> None:
        """An operator at or above what a part of the plan gives, and all below it."""
        if operator.scan is not None:
            self._scan(operator)
            return
        if operator.name == "CTE" and operator.children:
            self._made_first(operator, node)
            return
        match node:
            case Output():
                self._output(operator, node)
            case Combined():
                self._parted(operator, node, "combine", (node.left, node.right), _SETS)
            case CellJoin():
                self._parted(operator, node, "join", (node.left, node.right), _JOINS)
            case Filtered() | Rows():
                self.bring(operator, node.input if isinstance(node, Filtered) else node.query)
            case Cells() | Summaries():
                self._cells(operator, node)
            case Alike():
                self.bring(operator, node.cells)
            case _:
                self.figures.add(self._line(node, "scan"), operator)
                self._on(operator, node)

    def _on(self, operator: _Operator, node: Node) -> None:
        for child in operator.children:
            self.bring(child, node)

    def _made_first(self, operator: _Operator, node: Node) -> None:
        """A table that is made before the rest, which stands beside it: the rest goes on as if it were not there."""
        made, *rest = operator.children
        self.figures.elsewhere += operator.seconds
        for child in rest:
            self.bring(child, node)
        while isinstance(node, Output):
            node = node.input
        self.bring(made, node)

    def _scan(self, operator: _Operator) -> None:
        """What reads the tile rows of a scan, and all below it."""
        line = next((n for n, known in enumerate(self.lines) if known.scan == operator.scan), None)
        of_scan = line is not None and self.lines[line].role == "scan"
        for one in _all(operator):
            self.figures.add(line, one, rows=of_scan)

    def _output(self, operator: _Operator, node: Output) -> None:
        role = self._role(operator, node)
        if role == "input":
            self.bring(operator, node.input)
            return
        line = self._line(node, role, "aggregate" if node.group_by is not None else "select")
        self.figures.add(line, operator, rows=role != "select" or self._is_below(node))
        if role in ("order", "limit"):
            self.below.add(id(node))
        if role == "aggregate" or (role == "distinct" and node.group_by is None):
            for child in operator.children:
                self.bring(child, node.input)
        else:
            self._on(operator, node)

    def _is_below(self, node: Output) -> bool:
        """Whether what comes now has not been cut by LIMIT, and is no key of a group that a projection renames."""
        cut = bool(node.order_by) or node.limit is not None or node.offset is not None
        return node.sample is None and (id(node) in self.below or not cut)

    @staticmethod
    def _role(operator: _Operator, node: Output) -> Any:
        if operator.name in _ORDERS:
            return "order" if node.order_by else "input"
        if operator.name in _LIMITS:
            return "limit"
        if operator.name in _GROUPS:
            return "aggregate" if node.group_by is not None else "distinct" if node.distinct else "input"
        own_filter = node.having is not None or node.qualify is not None or node.sample is not None
        if operator.name in _INPUT or (operator.name == "FILTER" and not own_filter):
            return "input"
        return "select"

    def _parted(
        self, operator: _Operator, node: Node, role: Role, parts: tuple[Node, Node], names: tuple[str, ...]
    ) -> None:
        """An operator over two parts of the plan: its children go to the part whose scans they read."""
        self.figures.add(self._line(node, role), operator, rows=operator.name in names)
        for child in operator.children:
            fitting = [p for p in parts if child.scans and child.scans <= _scans(p)]
            self.bring(child, fitting[0] if len(fitting) == 1 else node)

    def _cells(self, operator: _Operator, node: Cells | Summaries) -> None:
        """Operators over tile rows: a join belongs to the layer that it brings, the rest to the cells."""
        edges = node.edges if isinstance(node, Summaries) else None
        if edges is not None and operator.scans and operator.scans <= _scans(edges):
            self.bring(operator, edges)
            return
        line = self._joined(operator, node) if operator.name in _JOINS and isinstance(node, Cells) else None
        if line is None:
            self.figures.add(self._line(node, "cells", "summaries"), operator)
        else:
            self.figures.add(line, operator)
        self._on(operator, node)

    def _joined(self, operator: _Operator, node: Cells) -> int | None:
        """The line of the layer that one side of a join brings alone."""
        brought = {line.scan: n for n, line in enumerate(self.lines) if line.node is node and line.role == "join"}
        for child in reversed(operator.children):
            if len(child.scans) == 1 and (scan := next(iter(child.scans))) in brought:
                return brought[scan]
        return None


def _all(operator: _Operator) -> Iterator[_Operator]:
    yield operator
    for child in operator.children:
        yield from _all(child)


def _scans(node: Node) -> frozenset[str]:
    return frozenset(line.scan for line in outline(node) if line.scan is not None)
