"""A statement for some of the rows of another: those for which a condition on a column of its *result* holds.

A condition put among the others is asked of the rows that are read. That is the same thing only where the column is one
of these rows as it is, and nothing else in the statement looks from row to row. Where it is not, the whole statement
becomes the source of a new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from cubeql.catalog import Catalog
from cubeql.errors import QueryError, diagnose
from cubeql.functions import lookup
from cubeql.lang import nodes as n
from cubeql.lang import parse_statement
from cubeql.lang.tokens import tokenize
from cubeql.service.conditions import with_condition

_FROM_ROW_TO_ROW = ("climate",)
"""Families of functions whose value at a row is made of other rows, too."""


def narrowed(text: str, column: str, condition: str, catalog: Catalog | None = None) -> str:
    """A statement that gives those rows of another's result for which a condition holds.

        narrowed("SELECT cell, ndvi FROM s2", "ndvi", "ndvi BETWEEN 0.2 AND 0.5")
        == "SELECT cell, ndvi FROM s2 FILTER ndvi BETWEEN 0.2 AND 0.5"

    Args:
        text: one query, with or without its ``;``.
        column: of its result, the only one that the condition names.
        condition: an expression that is true or false.
        catalog: where given, the condition must also fit the layers of the statement.

    Raises:
        QueryError: the text is no query, or the condition does not fit it.
    """
    statement = parse_statement(text)
    if not isinstance(statement, n.QueryStatement):
        raise QueryError([diagnose("no_place_for_condition", statement.span)], text)
    if isinstance(statement.query, n.Select) and _is_of_the_rows(statement.query, column):
        try:
            return with_condition(text, condition, catalog)
        except QueryError:  # a name that two sources have, for one
            pass
    return with_condition(f"SELECT * FROM (\n{_body(text)}\n) AS result", condition, catalog)  # noqa: S608  (no SQL)


def _body(text: str) -> str:
    """A statement without the mark of its end."""
    last = tokenize(text).tokens[-1]
    return (text[: last.start] + text[last.end :] if last.text == ";" else text).strip()


def _is_of_the_rows(query: n.Select, column: str) -> bool:
    """Whether a condition on a column of the result keeps the same rows when it is asked of what is read."""
    counted = (query.limit, query.offset, query.sample, query.qualify, query.resolution)
    if query.source is None or query.distinct or query.ctes or any(part is not None for part in counted):
        return False
    expressions = [item.expr for item in query.items] + [key.expr for key in query.group_by]
    looked = [expr for expr in (*expressions, query.having) if expr is not None]
    if any(_looks_around(node, bool(query.group_by)) for expr in looked for node in _all(expr)):
        return False
    if query.group_by and not any(_is_name(key.expr, column) for key in query.group_by):
        return False
    return _is_plain(query, column)


def _is_plain(query: n.Select, column: str) -> bool:
    """Whether a column of the result is one of the sources under its own name."""
    named = [item for item in query.items if column.casefold() == _name_of(item)]
    if named:
        return len(named) == 1 and _is_name(named[0].expr, column)
    return any(isinstance(item.expr, n.Star) for item in query.items)


def _name_of(item: n.SelectItem) -> str | None:
    if item.alias is not None:
        return item.alias.casefold()
    return item.expr.parts[-1].casefold() if isinstance(item.expr, n.Name) else None


def _is_name(expr: n.Expr, column: str) -> bool:
    return isinstance(expr, n.Name) and tuple(part.casefold() for part in expr.parts) == (column.casefold(),)


def _looks_around(node: n.Node, grouped: bool) -> bool:
    """Whether the value of a node at a row depends on which other rows there are; those of its group do not count."""
    if not isinstance(node, n.Call):
        return isinstance(node, n.Query)
    function = lookup(node.name)
    if function is None or node.over is not None or function.family in _FROM_ROW_TO_ROW:
        return True
    return function.kind != "scalar" and not (grouped and function.kind == "aggregate")


def _all(node: n.Node) -> Iterator[n.Node]:
    """A node and all below it."""
    yield node
    for field in fields(node):
        value = getattr(node, field.name)
        for below in value if isinstance(value, tuple) else (value,):
            if isinstance(below, n.Node):
                yield from _all(below)
