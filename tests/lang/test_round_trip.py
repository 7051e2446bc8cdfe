"""The laws that bind the parser, the printer and the formatter."""

from __future__ import annotations

from hypothesis import given, settings

from cubeql.lang import format_text, parse, parse_statement, print_expr, print_statement
from cubeql.lang import nodes as n
from tests.support import strategies as trees


@settings(max_examples=40)
@given(trees.statements)
def test_printed_statement_reads_back_as_itself(statement: n.Statement) -> None:
    assert parse_statement(print_statement(statement)) == statement


@given(trees.expressions)
def test_printed_expression_reads_back_as_itself(expr: n.Expr) -> None:
    query = parse_statement(f"SELECT {print_expr(expr)} FROM s2")
    assert query == n.QueryStatement(n.Select((n.SelectItem(expr),), n.LayerSource(("s2",))))


@settings(max_examples=40)
@given(trees.statements)
def test_formatted_text_means_the_same_and_is_already_formatted(statement: n.Statement) -> None:
    formatted = format_text(print_statement(statement) + ";")
    assert parse(formatted) == n.Script((statement,))
    assert format_text(formatted) == formatted
