"""Walking and rewriting plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

from cubeql.plan.nodes import Node


def parts(node: Node) -> Iterator[Node]:
    """The nodes directly inside a node."""
    for f in fields(node):
        value = getattr(node, f.name)
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
    for f in fields(node):
        value = getattr(node, f.name)
        if isinstance(value, Node):
            changes[f.name] = rewrite(value, change)
        elif isinstance(value, tuple) and value and isinstance(value[0], Node):
            changes[f.name] = tuple(rewrite(v, change) for v in value)
    return change(replace(node, **changes) if changes else node)
