"""Queries in SQL order, a clause a line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cubeql.lang import nodes as n
from cubeql.lang.layout import LINE, SOFT, Doc, Group, Nest, join
from cubeql.lang.printing.context import Context
from cubeql.lang.printing.expressions import alias, chain, expression, sort_key
from cubeql.lang.printing.names import identifier, path, quoted

_TIME = re.compile(r"time\b", re.IGNORECASE)


def query(c: Context, node: n.Query) -> Doc:
    """A query; its clauses are divided by lines, not grouped, so that they break where the place breaks."""
    if isinstance(node, n.SetOperation):
        return join(LINE, _set_operation(c, node))
    assert isinstance(node, n.Select)
    return join(LINE, [*_ctes(c, node.ctes), *_select(c, node)])


# ------------------------------------------------------------------ SELECT


def _select(c: Context, node: n.Select) -> list[Doc]:
    word = "SELECT DISTINCT" if node.distinct else "SELECT"
    clauses = [_listed(c, word, node.items, [_select_item(c, item) for item in node.items])]
    if node.source is not None:
        clauses.append((c.lead(node.source), "FROM ", source(c, node.source), c.tail(node.source)))
    if node.resolution is not None:
        clauses.append(_counted(c, "AT RESOLUTION ", node.resolution))
    clauses += [join_clause(c, join_node) for join_node in node.joins]
    clauses += [_condition(c, "FILTER ", predicate) for predicate in node.filters]
    if node.group_by:
        keys = [(expression(c, key.expr), alias(key.alias)) for key in node.group_by]
        clauses.append(_listed(c, "GROUP BY", node.group_by, keys))
    if node.having is not None:
        clauses.append(_condition(c, "HAVING ", node.having))
    if node.qualify is not None:
        clauses.append(_condition(c, "QUALIFY ", node.qualify))
    clauses += _tail(c, node)
    if node.sample is not None:
        clauses.append((_counted(c, "SAMPLE ", node.sample), " PERCENT"))
    return clauses


def _tail(c: Context, node: n.Select | n.SetOperation) -> list[Doc]:
    clauses: list[Doc] = []
    if node.order_by:
        clauses.append(_listed(c, "ORDER BY", node.order_by, [sort_key(c, key) for key in node.order_by]))
    if node.limit is not None:
        clauses.append(_counted(c, "LIMIT ", node.limit))
    if node.offset is not None:
        clauses.append(_counted(c, "OFFSET ", node.offset))
    return clauses


def _select_item(c: Context, item: n.SelectItem) -> Doc:
    return (expression(c, item.expr), alias(item.alias))


def _listed(c: Context, word: str, nodes: Sequence[n.Node], docs: Sequence[Doc]) -> Doc:
    """``WORD a, b``; comments before the first entry stand before the clause."""
    parts: list[Doc] = []
    for i, (node, doc) in enumerate(zip(nodes, docs)):
        lead = c.lead(node) if i else ""
        comma = "," if i < len(docs) - 1 else ""
        parts.append((LINE, lead, doc, comma, c.tail(node)))
    return (c.lead(nodes[0]) if nodes else "", Group((word, Nest(tuple(parts)))))


def _condition(c: Context, word: str, node: n.Expr) -> Doc:
    first = chain(node, node.operator)[0] if isinstance(node, n.Binary) else node
    lead = c.lead(node) if first is node else c.lead(node, first)
    return (lead, word, expression(c, node), c.tail(node))


def _counted(c: Context, word: str, node: n.Expr) -> Doc:
    return (c.lead(node), word, expression(c, node), c.tail(node))


# ------------------------------------------------------------------ sources


def source(c: Context, node: n.Source) -> Doc:
    """What FROM or JOIN names."""
    if isinstance(node, n.QuerySource):
        return (in_parentheses(c, node.query), alias(node.alias))
    assert isinstance(node, n.LayerSource)
    parts: list[Doc] = [path(node.name)]
    if node.at is not None:
        parts += [" AT ", expression(c, node.at)]
    if node.version is not None:
        parts += [" VERSION ", expression(c, node.version)]
    if node.version_at is not None:
        parts += [" VERSION AT ", expression(c, node.version_at)]
    return (*parts, alias(node.alias))


def in_parentheses(c: Context, node: n.Query) -> Doc:
    """``(query)``, the query on lines of its own."""
    return ("(", Nest((SOFT, c.lead(node), query(c, node), c.tail(node))), SOFT, ")")


def join_clause(c: Context, node: n.Join) -> Doc:
    """One JOIN."""
    kind = "" if node.kind == "inner" else f"{node.kind.upper()} "
    parts: list[Doc] = [c.lead(node, node.source), f"{kind}JOIN ", source(c, node.source), c.tail(node.source)]
    if node.time is not None:
        parts += [" ON TIME ", time_match(c, node.time)]
    if node.on is not None:
        parts += [" ON ", _not_time(node.on, expression(c, node.on))]
    if node.using:
        parts += [" USING ", _using(node.using)]
    return (*parts, c.tail(node))


def _not_time(node: n.Expr, doc: Doc) -> Doc:
    """A condition whose first word is a column called time: bare, ON TIME would be read."""
    leftmost: Doc = doc
    while not isinstance(leftmost, str):
        if isinstance(leftmost, Group | Nest):
            leftmost = leftmost.inside
        else:
            assert isinstance(leftmost, tuple)
            leftmost = next((part for part in leftmost if part not in ("", ())), "")
    if not _TIME.match(leftmost):
        return doc
    return _with_first(doc, quoted(leftmost[:4]) + leftmost[4:])


def _with_first(doc: Doc, text: str) -> Doc:
    if isinstance(doc, str):
        return text
    if isinstance(doc, Group):
        return Group(_with_first(doc.inside, text))
    if isinstance(doc, Nest):
        return Nest(_with_first(doc.inside, text))
    assert isinstance(doc, tuple)
    i = next(i for i, part in enumerate(doc) if part not in ("", ()))
    return (*doc[:i], _with_first(doc[i], text), *doc[i + 1 :])


def _using(entries: tuple[n.Using, ...]) -> str:
    if entries[0].band is None:
        return entries[0].method
    return "(" + ", ".join(f"{identifier(entry.band or '')} {entry.method}" for entry in entries) + ")"


def time_match(c: Context, node: n.TimeMatch) -> Doc:
    """What follows ON TIME."""
    parts: list[Doc] = [node.kind.replace("_", " ").upper()]
    if node.unit is not None:
        parts.append(node.unit.upper())
    if node.valid:
        parts.append("VALID")
    if node.count is not None:
        parts.append(expression(c, node.count))
    if node.interval is not None:
        if node.kind in ("as_of", "next", "nearest"):
            parts.append("WITHIN")
        parts.append(expression(c, node.interval))
    return join(" ", parts)


# ------------------------------------------------------------------ WITH and set operations


def _ctes(c: Context, entries: tuple[n.Cte, ...]) -> list[Doc]:
    docs: list[Doc] = []
    for i, entry in enumerate(entries):
        word = "" if i else "WITH "
        comma = "," if i < len(entries) - 1 else ""
        body = in_parentheses(c, entry.query)
        docs.append((c.lead(entry), f"{word}{identifier(entry.name)} AS ", body, comma, c.tail(entry)))
    return docs


def _set_operation(c: Context, node: n.SetOperation) -> list[Doc]:
    left = _operand(c, node.left, _rank(node))
    right = _operand(c, node.right, _rank(node) + 1)
    return [*_ctes(c, node.ctes), left, node.operator.upper(), right, *_tail(c, node)]


def _operand(c: Context, node: n.Query, rank: int) -> Doc:
    assert isinstance(node, n.Select | n.SetOperation)
    tail = node.order_by or node.limit is not None or node.offset is not None
    sampled = isinstance(node, n.Select) and node.sample is not None
    if tail or sampled or node.ctes or _rank(node) < rank:
        return in_parentheses(c, node)
    return (c.lead(node), query(c, node), c.tail(node))


def _rank(node: n.Query) -> int:
    """INTERSECT binds tighter than UNION ALL and EXCEPT."""
    if isinstance(node, n.SetOperation):
        return 1 if node.operator == "intersect" else 0
    return 2
