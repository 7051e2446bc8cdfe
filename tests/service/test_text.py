"""Colours, statements under the cursor, and whether a text is finished."""

from __future__ import annotations

import pytest

from cubeql.service import highlight, is_complete, statement_at
from tests.service.typing import cursor


def _painted(text: str) -> list[tuple[str, str]]:
    return [(text[start:end], kind) for start, end, kind in highlight(text)]


def test_words_are_coloured_by_what_the_parser_takes_them_for() -> None:
    text = "SELECT time, avg(month) FROM first ON TIME -- x\nFILTER date = DATE '2024' AND a > $b + 1.5"
    kinds = dict(_painted(text))
    assert [kinds[w] for w in ("SELECT", "time", "avg", "month", "first", "date", "DATE")] == [
        "keyword", "name", "function", "name", "name", "name", "keyword",
    ]  # fmt: skip
    assert [kinds[w] for w in ("-- x", "'2024'", "$b", "1.5", "+", "(")] == [
        "comment", "text", "parameter", "number", "operator", "operator",
    ]  # fmt: skip


def test_words_of_two_readings_are_keywords() -> None:
    kinds = dict(_painted("SELECT count(*) FILTER (WHERE a) FROM s2 AT RESOLUTION 3"))
    assert {kinds[w] for w in ("FILTER", "WHERE", "AT", "RESOLUTION")} == {"keyword"}


def test_what_is_still_being_typed_is_no_error() -> None:
    assert _painted("SELECT 'op") == [("SELECT", "keyword"), ("'op", "text")]
    assert _painted("/* op\nen") == [("/* op\nen", "comment")]


def test_misspelt_marks_are_errors_and_the_rest_keeps_its_colours() -> None:
    kinds = dict(_painted("SELECT § a == 1 FROM s2 ORDER BY a"))
    assert kinds["§"] == kinds["=="] == "error"
    assert kinds["ORDER"] == kinds["BY"] == kinds["FROM"] == "keyword"


@pytest.mark.parametrize("text", ["(" * 20_000, "-" * 9_999 + "1" + ")" * 20_000, "'" * 20_001, "a b " * 10_000,
                                  "§" * 5_000, "NOT " * 20_000 + "FROM " * 200])  # fmt: skip
def test_long_nonsense_is_coloured(text: str) -> None:
    assert highlight(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT |1; SELECT 2", "SELECT 1"),
        ("SELECT 1;| SELECT 2", "SELECT 1"),
        ("SELECT 1;\n|\nSELECT 2", "SELECT 2"),
        ("SELECT 1; SELECT 2\n\n|", "SELECT 2"),
        ("SELECT ';|'; b", "SELECT ';'"),
        ("-- only a comment|", ""),
        ("|", ""),
    ],
)
def test_the_statement_under_the_cursor(text: str, found: str) -> None:
    plain, offset = cursor(text)
    written, span = statement_at(plain, offset)
    assert written == found == plain[span.start : span.end]


@pytest.mark.parametrize("text", ["a;", "a; -- later", "a; b\n;\n"])
def test_a_text_is_finished_by_a_semicolon(text: str) -> None:
    assert is_complete(text)


@pytest.mark.parametrize("text", ["", "a", "'a;", "a -- ;", "a /* ; */", "a; /* open", '"a;', "a; b"])
def test_a_text_is_not_finished(text: str) -> None:
    assert not is_complete(text)
