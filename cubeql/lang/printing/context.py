"""What the printing functions share: the comments, and the way to print a query inside an expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cubeql.lang import nodes as n
from cubeql.lang.layout import Comment, Doc


@dataclass(frozen=True, slots=True)
class Context:
    """One printing.

    Attributes:
        query: prints a query.
        before: comments on lines before a node, by the node's id().
        behind: comments at the end of a node's line, or after it.
    """

    query: Callable[[Context, n.Query], Doc]
    before: Mapping[int, tuple[Comment, ...]] = field(default_factory=dict)
    behind: Mapping[int, tuple[Comment, ...]] = field(default_factory=dict)

    def lead(self, *nodes: n.Node) -> Doc:
        """The comments before nodes; the first one's must begin a line."""
        return tuple(comment for node in nodes for comment in self.before.get(id(node), ()))

    def tail(self, node: n.Node) -> Doc:
        """The comments behind a node."""
        return self.behind.get(id(node), ())
