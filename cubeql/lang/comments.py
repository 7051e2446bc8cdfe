"""Which comment belongs to which node, when the text is written anew."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from cubeql.errors import Span
from cubeql.lang import nodes as n
from cubeql.lang.layout import Comment
from cubeql.lang.printing.expressions import chain


@dataclass(frozen=True, slots=True)
class Placed:
    """Comments by the id() of their nodes: on lines before, and at or after the end of the line."""

    before: dict[int, tuple[Comment, ...]] = field(default_factory=dict)
    behind: dict[int, tuple[Comment, ...]] = field(default_factory=dict)


def place_comments(text: str, comments: tuple[Span, ...], statements: tuple[n.Statement, ...]) -> Placed:
    """Give every comment of a text to a node.

    A comment at the end of a line belongs to what ends there; one on a line of its own to what comes next;
    one behind everything to the last thing. Nothing is lost, though a comment inside an expression moves
    in front of it.
    """
    anchors = _Anchors([anchor for statement in statements for anchor in _anchors(statement)])
    placed = Placed()
    for comment in comments:
        around, ended, following = anchors.near(comment)
        words = text[comment.start : comment.end].rstrip()
        if ended is not None and "\n" not in text[ended.span.end : comment.start]:
            _add(placed.behind, ended, Comment(words, "suffix"))
        elif following is not None:
            _add(placed.before, following, Comment(words))
        elif ended is not None:
            _add(placed.behind, ended, Comment(words, "after"))
        elif around is not None:
            _add(placed.before, around, Comment(words))
    return placed


class _Anchors:
    """Nodes that may carry comments; their spans nest properly."""

    def __init__(self, nodes: list[n.Node]) -> None:
        self.by_start = sorted(nodes, key=lambda node: (node.span.start, -node.span.end))
        self.starts = [node.span.start for node in self.by_start]
        self.by_end = sorted(nodes, key=lambda node: (node.span.end, node.span.start))
        self.ends = [node.span.end for node in self.by_end]
        self.parents = self._parents()

    def _parents(self) -> list[int]:
        """Of each node by start, the place of the node around it, or -1."""
        parents: list[int] = []
        open_: list[int] = []
        for i, node in enumerate(self.by_start):
            while open_ and self.by_start[open_[-1]].span.end < node.span.end:
                open_.pop()
            parents.append(open_[-1] if open_ else -1)
            open_.append(i)
        return parents

    def near(self, comment: Span) -> tuple[n.Node | None, n.Node | None, n.Node | None]:
        """The innermost node around a place; in it, the last that ended before and the first behind."""
        place = bisect_left(self.starts, comment.start)
        i = place - 1
        while i >= 0 and self.by_start[i].span.end < comment.end:
            i = self.parents[i]
        around = self.by_start[i] if i >= 0 else None
        inside = around.span if around is not None else Span(0, comment.end + self.ends[-1] if self.ends else 0)
        following = self.by_start[place] if place < len(self.by_start) else None
        if following is not None and following.span.end > inside.end:
            following = None
        before = bisect_right(self.ends, comment.start)
        ended = self.by_end[before - 1] if before else None
        if ended is not None and ended.span.start < inside.start:
            ended = None
        return around, ended, following


def _add(to: dict[int, tuple[Comment, ...]], node: n.Node, comment: Comment) -> None:
    to[id(node)] = (*to.get(id(node), ()), comment)


def _anchors(statement: n.Statement) -> Iterator[n.Node]:
    """The nodes that may carry comments, outermost first."""
    yield statement
    query = getattr(statement, "query", None)
    if query is not None:
        yield from _of_query(query)


def _of_query(query: n.Query) -> Iterator[n.Node]:
    yield query
    assert isinstance(query, n.Select | n.SetOperation)
    for cte in query.ctes:
        yield cte
        yield from _of_query(cte.query)
    if isinstance(query, n.SetOperation):
        yield from _of_query(query.left)
        yield from _of_query(query.right)
    else:
        yield from _of_select(query)
    yield from query.order_by
    yield from (count for count in (query.limit, query.offset) if count is not None)


def _of_select(select: n.Select) -> Iterator[n.Node]:
    yield from select.items
    if select.source is not None:
        yield from _of_source(select.source)
    for join in select.joins:
        yield join
        yield from _of_source(join.source)
    for condition in (*select.filters, select.having, select.qualify):
        if condition is not None:
            yield from _of_condition(condition)
    yield from select.group_by
    yield from (count for count in (select.resolution, select.sample) if count is not None)


def _of_source(source: n.Source) -> Iterator[n.Node]:
    yield source
    if isinstance(source, n.QuerySource):
        yield from _of_query(source.query)


def _of_condition(condition: n.Expr) -> Iterator[n.Node]:
    yield condition
    if isinstance(condition, n.Binary) and condition.operator in ("and", "or"):
        yield from chain(condition, condition.operator)
