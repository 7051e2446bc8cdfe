"""Short ways to read a piece of the language."""

from __future__ import annotations

from pathlib import Path

import pytest

from cubeql.errors import Diagnostic, QueryError
from cubeql.lang import nodes as n
from cubeql.lang import parse, parse_query, split_statements

TWELVE_TEXT = Path(__file__).with_name("twelve.cubeql").read_text(encoding="utf-8")
TWELVE = tuple(text for text, _ in split_statements(TWELVE_TEXT))


def select(text: str) -> n.Select:
    """The SELECT of a text."""
    query = parse_query(text)
    assert isinstance(query, n.Select)
    return query


def expr(text: str) -> n.Expr:
    """An expression, read as the only item of a SELECT."""
    (item,) = select(f"SELECT {text} FROM s2").items
    return item.expr


def name(*parts: str) -> n.Name:
    return n.Name(parts)


def faults(text: str) -> tuple[Diagnostic, ...]:
    """What is wrong with a text; something must be."""
    with pytest.raises(QueryError) as caught:
        parse(text)
    return caught.value.diagnostics


def codes(text: str) -> list[str]:
    return [fault.code for fault in faults(text)]


def guilty(text: str, fault: Diagnostic) -> str:
    """The text a fault is about."""
    assert fault.span is not None
    return text[fault.span.start : fault.span.end]
