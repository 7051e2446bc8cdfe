"""Scripts cut into statements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.cli.statements import pieces


def _texts(script: str) -> list[str]:
    return [p.text for p in pieces(script)]


def test_a_semicolon_inside_a_text_name_or_comment_ends_nothing() -> None:
    script = "a 'x;''y'; b \"p;q\" -- c;d\n e /* ; */ f;"
    assert _texts(script) == ["a 'x;''y'; ", script[11:]]


def test_a_blank_script_has_no_statement() -> None:
    assert _texts(" \n ") == []


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
    found = list(pieces(text))
    assert "".join(p.text for p in found) == (text if text.strip() else "")
    assert [text[p.start : p.start + len(p.text)] for p in found] == [p.text for p in found]
