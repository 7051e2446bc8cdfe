"""Any text gives a tree or a QueryError: none is too long, too deep or too strange."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.errors import QueryError, Span
from cubeql.lang import format_text, parse, parse_statement, print_statement, split_statements
from cubeql.lang.parser import MAX_CHARACTERS
from tests.lang.reading import TWELVE, codes

WORDS = """
    SELECT FROM JOIN FILTER WHERE GROUP BY ORDER HAVING LIMIT ON TIME AS OF NEAREST VALID
    USING WITHIN BBOX POINT AND OR
    NOT IN IS NULL BETWEEN LIKE CASE WHEN THEN ELSE END CAST OVER PARTITION ROWS PRECEDING
    UNION ALL WITH CREATE LAYER INSERT INTO SHOW DESCRIBE COPY TO GRANT SET INTERVAL TIMESTAMP
    DISTINCT AT RESOLUTION VERSION
    ( ) [ ] , ; . * + - / // % ^ || = == <> != < <= > >= :: ? $p 1 2.5 1e9 'text' "name" a ndvi s2 cell time
    ' " -- /* */ \\ && ! ** # ` : @ ~ 2024-05-01 10km 8928308280fffff ‘ “ − ≥ 😀 名
"""
PIECES = [*WORDS.split(), "\u200b", "\x00", "\n", "\t", "\ufeff", "\u0301"]
HOSTILE = [
    "'",
    '"',
    "/*",
    "(",
    "1",
    "1.",
    "a.",
    "at ",
    "filter ",
    "\\'",
    "2024-05-",
    "a\n",
    "((a,",
    "a, ",
    "-",
]


def reads(text: str) -> None:
    """Read a text; what is said about it must lie in it."""
    try:
        script = parse(text)
    except QueryError as error:
        str(error)
        for fault in error.diagnostics:
            assert fault.span is not None
            assert 0 <= fault.span.start <= fault.span.end <= len(text)
    else:
        assert parse(format_text(text)) == script


@given(st.text(max_size=60))
def test_random_characters_raise_nothing_but_a_query_error(text: str) -> None:
    reads(text)


@given(st.lists(st.sampled_from(PIECES), max_size=25), st.sampled_from([" ", ""]))
def test_random_words_raise_nothing_but_a_query_error(pieces: list[str], between: str) -> None:
    reads(between.join(pieces))


@given(st.sampled_from(TWELVE), st.data())
def test_mutated_statements_raise_nothing_but_a_query_error(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + data.draw(st.sampled_from([*PIECES, " ", ""])) + text[end:]
    reads(text)


@given(st.text(alphabet="a;'\"-/*\n ", max_size=40))
def test_split_pieces_are_where_they_say(text: str) -> None:
    end = 0
    for piece, span in split_statements(text):
        assert text[span.start : span.end] == piece
        assert span.start >= end
        end = span.end


DEEP = {
    "sums": lambda n: "1 + " * n + "1",
    "signs": lambda n: "- " * n + "1",
    "nots": lambda n: "NOT " * n + "a",
    "powers": lambda n: "a ^ " * n + "a",
    "ands": lambda n: "a AND " * n + "a",
    "calls": lambda n: "f(" * n + "a" + ")" * n,
    "casts": lambda n: "a" + "::integer" * n,
    "cases": lambda n: "CASE WHEN a THEN " * n + "1" + " END" * n,
    "lists": lambda n: "[" * n + "]" * n,
    "windows": lambda n: "sum(a) OVER (ORDER BY " * n + "a" + ")" * n,
    "queries": lambda n: "a IN (SELECT " * n + "a" + " FROM s2)" * n,
}


def deepest(shape: str) -> int:
    """How many levels of a shape are read."""
    low, high = 1, 3000
    while high - low > 1:
        middle = (low + high) // 2
        try:
            parse(f"SELECT {DEEP[shape](middle)} FROM s2")
            low = middle
        except QueryError:
            high = middle
    return low


@pytest.mark.parametrize("shape", DEEP)
def test_the_deepest_tree_allowed_can_be_printed_compared_and_hashed(shape: str) -> None:
    depth = deepest(shape)
    assert depth >= {"sums": 190, "ands": 190, "queries": 20}.get(shape, 35)
    text = f"SELECT {DEEP[shape](depth)} FROM s2"
    statement = parse_statement(text)
    assert parse_statement(print_statement(statement)) == statement
    assert hash(statement) == hash(parse_statement(format_text(text)))


@pytest.mark.parametrize("shape", DEEP)
def test_deeper_trees_are_refused(shape: str) -> None:
    assert codes(f"SELECT {DEEP[shape](3000)} FROM s2") == ["nested_too_deep"]


@pytest.mark.parametrize(
    "nested",
    [
        "SELECT * FROM " + "(SELECT * FROM " * 900 + "s2" + ")" * 900,
        "SELECT a FROM s2 UNION ALL " * 900 + "SELECT a FROM s2",
    ],
    ids=["sources", "set operations"],
)
def test_deeply_nested_queries_are_refused(nested: str) -> None:
    assert codes(nested) == ["nested_too_deep"]


def test_parentheses_alone_are_no_depth() -> None:
    text = f"SELECT {'(' * 5000}a{')' * 5000} FROM s2"
    assert parse(text) == parse("SELECT a FROM s2")


def test_long_lists_are_read() -> None:
    numbers = ", ".join(map(str, range(5_000)))
    statement = parse_statement(f"SELECT a FROM s2 FILTER a IN ({numbers})")
    assert parse_statement(print_statement(statement)) == statement


def test_a_text_too_long_is_refused_unread() -> None:
    with pytest.raises(QueryError) as caught:
        parse("SELECT a FROM s2 " + " " * MAX_CHARACTERS)
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.span) == ("text_too_long", Span(0, 0))


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_repetitions_are_refused_in_time(piece: str) -> None:
    codes("SELECT " + piece * (20_000 // len(piece)))
