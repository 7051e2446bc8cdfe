"""Every node knows its place in the text."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings

from cubeql.lang import nodes as n
from cubeql.lang import parse_statement, print_statement
from tests.lang.reading import TWELVE_TEXT, parse
from tests.support import strategies as trees


def walk(value: Any) -> Iterator[n.Node]:
    """All nodes below a value, itself included."""
    if isinstance(value, n.Node):
        yield value
        for field in dataclasses.fields(value):
            yield from walk(getattr(value, field.name))
    elif isinstance(value, tuple):
        for part in value:
            yield from walk(part)


def check(text: str, root: n.Node) -> None:
    for node in walk(root):
        assert 0 <= node.span.start < node.span.end <= len(text), node
        written = text[node.span.start : node.span.end]
        match node:
            case n.Name():
                assert parse(f"SELECT {written} FROM a").statements[0].query.items[0].expr == node  # type: ignore
            case n.Call():
                name = text[node.name_span.start : node.name_span.end]
                assert name.lower() == node.name
                assert written.startswith(name)
            case n.String():
                assert written[0] == written[-1] == "'"
            case n.Parameter():
                assert written == ("?" if node.positional else f"${node.name}")
            case n.Join():
                assert written.split()[0].upper() in ("JOIN", "LEFT", "SEMI", "ANTI", "INNER")
            case _:
                pass
        for child in walk(node):
            assert node.span.start <= child.span.start
            assert child.span.end <= node.span.end


@settings(max_examples=40)
@given(trees.statements)
def test_spans_lie_in_the_text_and_hold_their_children(statement: n.Statement) -> None:
    text = f"  /* é */ {print_statement(statement)} -- x"
    check(text, parse_statement(text))


def test_spans_of_a_script_are_places_in_the_whole_text() -> None:
    script = parse(TWELVE_TEXT)
    assert script.span.end == len(TWELVE_TEXT)
    for statement in script.statements:
        check(TWELVE_TEXT, statement)


def test_a_span_holds_the_whole_construct_and_no_blanks_around_it() -> None:
    text = "SELECT  ( a + b ) * c ,  avg( x )  FROM  s2 AS z  FILTER  a  > 1 "
    query = parse_statement(text).query  # type: ignore[attr-defined]
    nodes = (query, query.items[0], query.items[0].expr.left, query.items[1], query.source, query.filters[0])
    assert [text[node.span.start : node.span.end] for node in nodes] == [
        text.strip(),
        "( a + b ) * c",
        "a + b",
        "avg( x )",
        "s2 AS z",
        "a  > 1",
    ]
