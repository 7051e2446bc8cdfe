"""Diagnostics as people see them."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.errors import Diagnostic, QueryError, Span, render
from cubeql.lang import parse


def at(start: int, end: int, **more: str) -> Diagnostic:
    return Diagnostic("some_code", "something is wrong", Span(start, end), **more)  # type: ignore[arg-type]


PICTURES = {
    "one word": (
        at(7, 11, hint="write nir", replacement="nir"),
        "SELECT ndvi FROM s2",
        """\
error[some_code]: something is wrong
 --> line 1, column 8
 1 | SELECT ndvi FROM s2
   |        ^^^^
  hint: write nir""",
    ),
    "a fix the hint does not tell": (
        at(7, 11, hint="this is no band", replacement="nir"),
        "SELECT ndvi FROM s2",
        """\
error[some_code]: something is wrong
 --> line 1, column 8
 1 | SELECT ndvi FROM s2
   |        ^^^^
  hint: this is no band
  fix: write nir""",
    ),
    "a warning without a place": (
        Diagnostic("some_code", "beware", severity="warning"),
        "SELECT ndvi FROM s2",
        "warning[some_code]: beware",
    ),
    "the end of the text": (
        at(14, 14),
        "SELECT a\nFROM ",
        """\
error[some_code]: something is wrong
 --> line 2, column 6
 2 | FROM
   |      ^""",
    ),
    "a place of several lines": (
        at(7, 26),
        "SELECT a,\n  b,\n  c\nFROM s2",
        """\
error[some_code]: something is wrong
 --> line 1, column 8
 1 | SELECT a,
   |        ^^
   ⋮
 4 | FROM s2
   | ^^^^^^^""",
    ),
    "two lines": (
        at(7, 13),
        "SELECT a,\n  b",
        """\
error[some_code]: something is wrong
 --> line 1, column 8
 1 | SELECT a,
   |        ^^
 2 |   b
   | ^^^""",
    ),
    "tabs": (
        at(8, 9),
        "SELECT\t\tx",
        """\
error[some_code]: something is wrong
 --> line 1, column 9
 1 | SELECT        x
   |               ^""",
    ),
    "wide characters": (
        at(11, 12),
        "SELECT 気温, x",
        """\
error[some_code]: something is wrong
 --> line 1, column 12
 1 | SELECT 気温, x
   |              ^""",
    ),
    "characters that cannot be seen": (
        at(7, 8),
        "SELECT \u200b\x1b[31m",
        """\
error[some_code]: something is wrong
 --> line 1, column 8
 1 | SELECT ��[31m
   |        ^""",
    ),
    "a windows line": (
        at(8, 9),
        "a\r\nb\r\n  x\r\n",
        """\
error[some_code]: something is wrong
 --> line 3, column 3
 3 |   x
   |   ^""",
    ),
    "a line of two digits": (
        at(9, 10),
        "\n" * 9 + "x",
        """\
error[some_code]: something is wrong
 --> line 10, column 1
 10 | x
    | ^""",
    ),
}


@pytest.mark.parametrize("picture", PICTURES)
def test_pictures(picture: str) -> None:
    diagnostic, text, drawn = PICTURES[picture]
    assert render(diagnostic, text) == drawn


def columns(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@pytest.mark.parametrize("place", [0, 500, 5000, 9990])
def test_long_lines_are_cut_around_the_place(place: int) -> None:
    text = "x" * place + "GUILTY" + "y" * (10_000 - place)
    _, _, source, carets = render(at(place, place + 6), text).split("\n")
    assert columns(source) < 110
    assert source[carets.index("^") : carets.rindex("^") + 1] == "GUILTY"
    assert source.endswith("…") is (place < 9990)
    assert ("| …" in source) is (place > 0)


def test_a_place_longer_than_a_line_can_be_is_cut_too() -> None:
    _, _, source, carets = render(at(0, 5000), "x" * 5000).split("\n")
    assert columns(source) < 110
    assert columns(carets) <= columns(source)


def test_colour_adds_nothing_but_colour() -> None:
    for diagnostic, text, drawn in PICTURES.values():
        coloured = render(diagnostic, text, color=True)
        assert coloured != drawn
        assert re.sub(r"\x1b\[[0-9]+m", "", coloured) == drawn


@given(st.text(max_size=80), st.integers(-5, 90), st.integers(-5, 90))
def test_any_place_in_any_text_is_drawn_without_control_characters(text: str, start: int, end: int) -> None:
    drawn = render(at(start, end, hint=text, replacement=text), text)
    assert all(line.isprintable() for line in drawn.split("\n"))


def test_an_error_shows_all_its_diagnostics() -> None:
    with pytest.raises(QueryError) as caught:
        parse("SELCT a FROM s2;\nSELECT b,\nFROM s2")
    assert str(caught.value) == (
        "error[misspelt_keyword]: SELCT means nothing here\n"
        " --> line 1, column 1\n"
        " 1 | SELCT a FROM s2;\n"
        "   | ^^^^^\n"
        "  hint: write SELECT\n"
        "\n"
        "error[trailing_comma]: nothing follows this comma\n"
        " --> line 2, column 9\n"
        " 2 | SELECT b,\n"
        "   |         ^\n"
        "  hint: delete it"
    )
