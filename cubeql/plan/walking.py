"""Walking and rewriting plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

from cubeql.plan.nodes import Aligned, Cells, Node

_NAMES: dict[type, tuple[str, ...]] = {}
"""Names of the fields of nodes, asked once a class: every rule walks the plan."""


def _names(node: Node) -> tuple[str, ...]:
    kind = type(node)
    if kind not in _NAMES:
        _NAMES[kind] = tuple(f.name for f in fields(node))
    return _NAMES[kind]


def parts(node: Node) -> Iterator[Node]:
    """The nodes directly inside a node."""
    for name in _names(node):
        value = getattr(node, name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Node):
                yield item


def walk(node: Node) -> Iterator[Node]:
    """The node and all inside it, outermost first."""
    yield node
    for part in parts(node):
        yield from walk(part)


def rewrite(node: Node, change: Callable[[Node], Node]) -> Node:
    """The plan with ``change`` applied to every node, innermost first."""
    changes: dict[str, Node | tuple[Node, ...]] = {}
    for name in _names(node):
        value = getattr(node, name)
        if isinstance(value, Node):
            made = rewrite(value, change)
            if made is not value:
                changes[name] = made
        elif isinstance(value, tuple) and value and isinstance(value[0], Node):
            several = tuple(rewrite(v, change) for v in value)
            if any(a is not b for a, b in zip(several, value, strict=True)):
                changes[name] = several
    return change(replace(node, **changes) if changes else node)


def layers_of(cells: Cells) -> tuple[Aligned, ...]:
    """The driving layer of cells and what is joined to it."""
    return (cells.driver, *(j.aligned for j in cells.joins))
