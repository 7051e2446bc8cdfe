"""A condition put into a statement: what was drawn on the map or brushed in a plot becomes part of its FILTER.

Only the places that change are written anew, so that layout and comments stay as they are. The text that comes out is
read again and must mean just what was meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cubeql.catalog import Catalog
from cubeql.errors import QueryError, Span, diagnose
from cubeql.lang import nodes as n
from cubeql.lang import parse_statement, print_expr
from cubeql.lang.tokens import Token, tokenize
from cubeql.service.checking import check

_LONG = 100  # characters of a line that is not made longer
_AREAS = ("bbox", "polygon")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of text in the place of another."""

    span: Span
    text: str


def with_condition(text: str, condition: str, catalog: Catalog | None = None) -> str:
    """A statement with one more condition, at the outermost query; it can be put again with other values.

    A condition of the same kind on the same column is replaced, the last where there are several: a region
    (``cell WITHIN BBOX(…)`` or ``POLYGON '…'``) by a region, ``x BETWEEN a AND b`` by another BETWEEN on ``x``,
    ``time DURING '…'`` by another DURING or IN of a period, ``x IN (…)`` by another list. Else it is added with AND to
    the last FILTER; where there is none, a FILTER is written behind FROM and its joins.

        with_condition("SELECT cell, ndvi FROM s2", "ndvi BETWEEN 0.2 AND 0.5")
        == "SELECT cell, ndvi FROM s2 FILTER ndvi BETWEEN 0.2 AND 0.5"

    EXPLAIN, COPY, CREATE … AS and INSERT take it into their query.

    Args:
        text: one statement, with or without its ``;``.
        condition: an expression that is true or false.
        catalog: where given, the condition must also fit the layers of the statement.

    Raises:
        QueryError: the statement or the condition has faults, the statement has no query that could take it (as SHOW
            or a UNION), or names of the condition mean nothing there.
    """
    wanted = _read(condition)
    statement = parse_statement(text)
    query = getattr(statement, "query", None)
    if not isinstance(query, n.Select) or query.source is None:
        raise QueryError([diagnose("no_place_for_condition", statement.span)], text)
    tokens = tokenize(text).tokens
    old = _like(query, wanted)
    if old is not None:
        pieces = [_Piece(_with_parentheses(old.span, tokens), condition)]
    elif query.filters:
        bound = isinstance(wanted, n.Binary) and wanted.operator in ("and", "or")
        pieces = _added(query.filters[-1], f"({condition})" if bound else condition, text, tokens)
    else:
        pieces = [_written(query, condition, text)]
    changed = text
    for piece in sorted(pieces, key=lambda p: p.span, reverse=True):
        changed = changed[: piece.span.start] + piece.text + changed[piece.span.end :]
    if parse_statement(changed) != replace(statement, query=_meant(query, old, wanted)):  # type: ignore[call-arg]
        raise QueryError([diagnose("no_place_for_condition", statement.span)], text)
    _check(text, changed, catalog)
    return changed


def _read(condition: str) -> n.Expr:
    """A condition as a node; its places are of no use."""
    text = f"SELECT 1 FROM x FILTER ({condition}\n)"  # noqa: S608  (it is only read)
    query = getattr(parse_statement(text), "query", None)
    assert isinstance(query, n.Select)
    return query.filters[0]


def _conjuncts(expr: n.Expr) -> Iterator[n.Expr]:
    if isinstance(expr, n.Binary) and expr.operator == "and":
        yield from _conjuncts(expr.left)
        yield from _conjuncts(expr.right)
    else:
        yield expr


def _subject(expr: n.Expr) -> tuple[str, str] | None:
    """What a condition tells of which column; None where another one would not take its place."""
    match expr:
        case n.Within(operand, region, False) if region.kind in _AREAS:
            return "region", print_expr(operand).casefold()
        case n.Between(operand, negated=False):
            return "range", print_expr(operand).casefold()
        case n.TimeTest(operand, "during" | "in", negated=False):
            return "period", print_expr(operand).casefold()
        case n.InList(operand, negated=False):
            return "list", print_expr(operand).casefold()
        case _:
            return None


def _like(query: n.Select, wanted: n.Expr) -> n.Expr | None:
    """The condition of the query that another takes the place of."""
    subject = _subject(wanted)
    found = [c for expr in query.filters for c in _conjuncts(expr) if subject is not None and _subject(c) == subject]
    return found[-1] if found else None


def _meant(query: n.Select, old: n.Expr | None, wanted: n.Expr) -> n.Select:
    """The query as it must be read afterwards."""
    if old is not None:
        return replace(query, filters=tuple(_exchanged(expr, old, wanted) for expr in query.filters))
    if not query.filters:
        return replace(query, filters=(wanted,))
    return replace(query, filters=(*query.filters[:-1], n.Binary("and", query.filters[-1], wanted)))


def _exchanged(expr: n.Expr, old: n.Expr, wanted: n.Expr) -> n.Expr:
    if expr is old:
        return wanted
    if isinstance(expr, n.Binary) and expr.operator == "and":
        return replace(expr, left=_exchanged(expr.left, old, wanted), right=_exchanged(expr.right, old, wanted))
    return expr


# ------------------------------------------------------------------ text


def _with_parentheses(span: Span, tokens: tuple[Token, ...]) -> Span:
    """The place of an expression with the parentheses around it: they leave no trace in the tree."""
    starts = [i for i, token in enumerate(tokens) if token.start == span.start]
    ends = [i for i, token in enumerate(tokens) if token.end == span.end]
    first, last = starts[0], ends[0]
    while first > 0 and last + 1 < len(tokens) and (tokens[first - 1].text, tokens[last + 1].text) == ("(", ")"):
        first, last = first - 1, last + 1
    return Span(tokens[first].start, tokens[last].end)


def _added(last: n.Expr, condition: str, text: str, tokens: tuple[Token, ...]) -> list[_Piece]:
    span = _with_parentheses(last.span, tokens)
    line = text.rfind("\n", 0, span.end) + 1
    fits = span.end - line + len(condition) < _LONG
    joint = " AND " if fits else f"\n{_indent(text, span.start)}  AND "
    pieces = [_Piece(Span(span.end, span.end), joint + condition)]
    if isinstance(last, n.Binary) and last.operator == "or" and span == last.span:
        pieces[0] = replace(pieces[0], text=")" + pieces[0].text)
        pieces.append(_Piece(Span(span.start, span.start), "("))
    return pieces


def _indent(text: str, offset: int) -> str:
    """The blanks that the line of a place begins with."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line[: len(line) - len(line.lstrip())]


def _written(query: n.Select, condition: str, text: str) -> _Piece:
    """A FILTER of its own, on a line of its own where the statement has several lines."""
    assert query.source is not None
    before: list[n.Node] = [query.source, *query.joins]
    if query.resolution is not None and query.items[0].span.start < query.source.span.start:
        before.append(query.resolution)  # FILTER stands behind it where SELECT comes first
    end = max(node.span.end for node in before)
    several = "\n" in text.strip()
    rest = text[end:].split("\n", 1)[0]
    if any(comment.start == end + len(rest) - len(rest.lstrip()) for comment in tokenize(text).comments):
        end += len(rest.rstrip())  # a remark behind the clause is of the clause
        several = True
    joint = f"\n{_indent(text, query.source.span.start)}" if several else " "
    return _Piece(Span(end, end), f"{joint}FILTER {condition}")


def _check(before: str, after: str, catalog: Catalog | None) -> None:
    """Refuse what a statement without faults would get faults from."""
    if catalog is None:
        return
    known = {fault.message for fault in check(before, catalog)}
    faults = [f for f in check(after, catalog) if f.severity == "error" and f.message not in known]
    if faults:
        raise QueryError(faults, after)
