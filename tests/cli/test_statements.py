"""Scripts cut into statements."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cubeql.cli.statements import pieces
from cubeql.lang import split_statements


def _texts(script: str) -> list[str]:
    return [p.text for p in pieces(script)]


def test_a_semicolon_inside_a_text_name_or_comment_ends_nothing() -> None:
    script = "a 'x;''y'; b \"p;q\" -- c;d\n e /* ; */ f;"
    assert _texts(script) == ["a 'x;''y'; ", script[11:]]


@pytest.mark.parametrize("script", ["", " \n ", "-- only a comment\n", "/* and */ ; ;"])
def test_a_script_without_words_has_no_statement(script: str) -> None:
    assert _texts(script) == []


def test_a_comment_that_never_ends_is_not_passed_over() -> None:
    assert _texts("/* never") == ["/* never"]


def test_an_unfinished_comment_or_text_is_not_lost() -> None:
    assert _texts("a; b /* x; c") == ["a; ", "b /* x; c"]
    assert _texts("a 'x; b") == ["a 'x; b"]


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("a", False),
        ("a;", True),
        ("a; -- note", True),
        ("a -- note;", False),
        ("a 'x;", False),
        ("a /* ;", False),
    ],
)
def test_a_statement_knows_whether_its_semicolon_came(text: str, ended: bool) -> None:
    assert [p.ended for p in pieces(text)] == [ended]


@given(st.text(alphabet="a;'\"-/*€ \n"))
def test_pieces_are_the_whole_text_in_order(text: str) -> None:
    assume(split_statements(text))
    found = list(pieces(text))
    assert "".join(p.text for p in found) == text
    assert [text[p.start : p.start + len(p.text)] for p in found] == [p.text for p in found]
