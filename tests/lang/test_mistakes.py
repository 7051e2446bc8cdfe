"""What is said about faulty text: by name, at its place, with what would be right."""

from __future__ import annotations

import pytest

from cubeql.errors.catalogue import syntax
from cubeql.errors.catalogue.rows import Fault
from cubeql.lang import parse
from tests.lang.reading import codes, faults, guilty

WITH_EXAMPLE = [row for row in syntax.ROWS if row.example is not None]


@pytest.mark.parametrize("row", WITH_EXAMPLE, ids=lambda row: row.code)
def test_each_row_of_the_catalogue_is_what_its_example_gets(row: Fault) -> None:
    assert row.example is not None
    assert codes(row.example) == [row.code]


@pytest.mark.parametrize("row", WITH_EXAMPLE, ids=lambda row: row.code)
def test_what_is_offered_as_a_replacement_mends_the_fault(row: Fault) -> None:
    assert row.example is not None
    (fault,) = faults(row.example)
    if fault.replacement is None or fault.span is None:
        assert fault.hint or fault.message
        return
    mended = row.example[: fault.span.start] + fault.replacement + row.example[fault.span.end :]
    parse(mended)


@pytest.mark.parametrize(
    ("text", "code", "marked", "replacement"),
    [
        ("SELECT a FROM s2 FILTER x == 3", "double_equals", "==", "="),
        ("SELECT a FROM s2 FILTER x > 1 && y > 2", "ampersand", "&&", "AND"),
        ("SELECT a FROM s2 FILTER time > 2024-05-01", "unquoted_time", "2024-05-01", "'2024-05-01'"),
        (
            "FROM s2 SELECT a FILTER time IN 2024-05/2025-01",
            "unquoted_time",
            "2024-05/2025-01",
            "'2024-05/2025-01'",
        ),
        (
            "SELECT a FROM s2 FILTER time > 2024-05-01T10:30:00Z",
            "unquoted_time",
            "2024-05-01T10:30:00Z",
            "'2024-05-01T10:30:00Z'",
        ),
        ("SELECT a FROM s2 FILTER time IN 2024", "text_needed", "2024", "'2024'"),
        ("SELECT a FROM s2 AT 2015", "text_needed", "2015", "'2015'"),
        ("SELECT a FROM s2 FILTER x = 'open", "unclosed_text", "'", None),
        ("SELECT a FROM s2 FILTER (x = 1 AND (y = 2)", "unclosed_bracket", "(", None),
        ("SELECT a FROM s2 FILTER x = 1) LIMIT 3", "unmatched_bracket", ")", ""),
        ("SELECT f([1, 2) FROM s2", "unmatched_bracket", ")", None),
        ("SELECT a /* open", "unclosed_comment", "/*", None),
        ("SELECT a, b, FROM s2", "trailing_comma", ",", ""),
        ("SELECT f(a,) FROM s2", "trailing_comma", ",", ""),
        ("SELECT a FROM s2 GROUP BY cell, LIMIT 3", "trailing_comma", ",", ""),
        ("FROM s2 SELECT a LIMIT 3 JOIN dem", "clause_order", "JOIN dem", None),
        ("SELECT a FROM s2 GROUP BY a FILTER b", "clause_order", "FILTER b", None),
        ("SELECT a FROM s2 ON TIME EQUAL", "unexpected", "ON", None),
        ("FROM s2 SELECT a SELECT b", "clause_twice", "SELECT b", None),
        ("SELECT a FROM s2 AS x AS y", "clause_twice", "AS y", None),
        ("SELECT a FROM s2 JOIN b ON x ON y", "clause_twice", "ON y", None),
        ("SELECT a FROM s2 FULL OUTER JOIN b", "join_kind", "FULL", None),
        ("SELECT a FROM s2 CROSS JOIN b", "join_kind", "CROSS", None),
        ("SELECT a FROM s2 JOIN b USING (cell, time)", "join_using_columns", "cell", None),
        (
            "SELECT a FROM x UNION DISTINCT FROM y SELECT a",
            "union_without_all",
            "UNION DISTINCT",
            "UNION ALL",
        ),
        ("SELECT a FROM s2 FILTER x IS 5", "is_value", "IS", "="),
        ("SELECT a FROM s2 FILTER x IS NOT 'y'", "is_value", "IS NOT", "<>"),
        ("SELECT a FROM s2 FILTER 0 <= a + 1 < 5", "chained_comparison", "<", None),
        ("SELECT a FROM s2 FILTER name LIKE 'a' = b", "unexpected", "=", None),
        ('SELECT a FROM s2 FILTER time DURING "2024"', "name_as_text", '"2024"', "'2024'"),
        ("SELECT a AS 'b c' FROM s2", "text_as_name", "'b c'", '"b c"'),
        ("SELECT a FROM 's2'", "text_as_name", "'s2'", '"s2"'),
        ("SELECT a FROM 'data/s2.tif'", "file_as_layer", "'data/s2.tif'", None),
        ("SELECT a FROM s2 FILTER cell WITHIN CIRCLE(1, 2)", "region_arguments", "CIRCLE(1, 2)", None),
        ("SELECT a FROM s2 FILTER cell WITHIN 'POINT(1)'", "region_kind", "'POINT(1)'", "POLYGON 'POINT(1)'"),
        ("SELECT a FROM s2 FILTER cell WITHIN munich", "region_kind", "munich", "CELLS munich"),
        ("SELECT a FROM s2 FILTER cell WITHIN st_buffer(x)", "region_expected", "st_buffer", None),
        ("SELECT avg(a) OVER ORDER BY time FROM s2", "over_parentheses", "ORDER", None),
        ("SELECT avg(a) OVER (PARTITION cell) FROM s2", "by_missing", "PARTITION", "PARTITION BY"),
        ("SELECT avg(a) OVER TIME ROWS UNBOUNDED FROM s2", "frame_bound", "UNBOUNDED", None),
        ("SELECT * FROM a JOIN b ON TIME PRECEDING 14 days", "interval_text", "14 days", "'14 days'"),
        ("SELECT * FROM a JOIN b ON TIME AS OF WITHIN 3", "interval_text", "3", None),
        ("SELECT time - 5 days FROM a", "interval_text", "5 days", "INTERVAL '5 days'"),
        ("SELECT a FROM x JOIN b ON time IN ('2024')", "on_time_condition", "ON time", None),
        ("SELECT a FROM x JOIN b ON time DURING '2024'", "on_time_condition", "ON time", None),
        ("SELECT * EXCEPT (a) FROM s2", "star_without", "EXCEPT", None),
        ("SELECT TOP 5 a FROM s2", "top_n", "TOP 5", None),
        ("SELECT a b FROM s2", "name_or_comma", "b", None),
        ("SELECT a FROM s2 s JOIN dem ON s.a = 1", "alias_without_as", "s", "AS s"),
        ("DELETE FROM s2 WHERE a = 1", "no_row_changes", "DELETE", None),
        ("INSERT INTO s2 (a, b) VALUES (1, 2)", "insert_columns", "a", None),
        ("ALTER TABLE s2 RENAME TO s3", "other_word", "TABLE", "LAYER"),
        ("SHOW TABLES", "other_word", "TABLES", "LAYERS"),
        ("SELECT a FROM s2 FILTER it's", "unclosed_text", "'", None),
        ("SELECT a FROM s2 FILTER x = 'it\\'s'", "backslash_in_text", "\\'", "''"),
        ("SELECT a FROM s2 FILTER x = “maize”", "smart_quotes", "“maize”", "'maize'"),
        ("SELECT a FROM s2 FILTER x ≥ 5", "lookalike", "≥", ">="),
        ("SELECT a\u00a0FROM s2 FILTER x\u200b = 5", "invisible_character", "\u200b", ""),
        ("SELECT 10m FROM s2", "number_runs_into_letters", "10m", None),
        ("SELECT a FROM s2 LIMIT 9e999", "number_too_large", "9e999", None),
        ("SELECT a FROM s2 FILTER x = 1 OR", "unexpected_end", "", None),
        ("SELECT a FROM s2 GROUP BY order", "reserved_word", "order", '"order"'),
        ("SELECT CASE WHEN a THEN 1 ELSE 2 AS x FROM s2", "case_without_end", "CASE", None),
        ("SELECT a FROM s2 FILTER a NOT = 5", "not_comparison", "NOT =", "<>"),
        ("COPY s2 TO 'x.csv'", "copy_layer", "s2", "(SELECT * FROM s2)"),
    ],
)
def test_the_guilty_text_is_marked(text: str, code: str, marked: str, replacement: str | None) -> None:
    (fault,) = faults(text)
    assert (fault.code, guilty(text, fault), fault.replacement) == (code, marked, replacement)


@pytest.mark.parametrize(
    ("text", "found", "right"),
    [
        ("SELCT a FROM s2", "SELCT", "SELECT"),
        ("SELECT a FORM s2", "FORM", "FROM"),
        ("SELECT a FROM s2 WEHRE x", "WEHRE", "WHERE"),
        ("SELECT a FROM s2 FLITER x", "FLITER", "FILTER"),
        ("SELECT a FROM s2 GROPU BY cell", "GROPU", "GROUP"),
        ("SELECT a FROM s2 ORDER YB cell", "YB", None),
        ("SELECT a FROM s2 JION dem", "JION", "JOIN"),
        ("SELECT DISTINT a FROM s2", "DISTINT", "DISTINCT"),
        ("SELECT * FROM a JOIN b ON TIME NEARST 2", "NEARST", "NEAREST"),
        ("SELECT avg(a) OVER TIME ROWS 3 PRECEEDING FROM s2", "PRECEEDING", "PRECEDING"),
        ("SELECT a FROM s2 ORDER BY a DSEC", "DSEC", "DESC"),
        ("EXPLAIN ANALYSE SELECT a FROM s2", "ANALYSE", "ANALYZE"),
        ("SHOW LAYER", "LAYER", "LAYERS"),
        ("SELECT a FROM s2 FILTER cell WITIN POINT(1, 2)", "WITIN", "WITHIN"),
    ],
)
def test_misspelt_keywords_are_recognised(text: str, found: str, right: str | None) -> None:
    fault = faults(text)[0]
    if right is None:
        assert fault.code == "by_missing"
        return
    assert (fault.code, guilty(text, fault), fault.replacement) == ("misspelt_keyword", found, right)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT a FROM", "the statement ends where a layer or a query in parentheses was expected"),
        ("SELECT a FROM s2 LIMIT x", "found x where a number or a parameter was expected"),
        ("SELECT a FROM s2 FILTER a > AND b", "found AND where an expression was expected"),
        ("DROP s2", "found s2 where CELLS, LAYER or VIEW was expected"),
        ("SELECT a b c FROM s2", "found b where an operator, AS, FROM or a comma was expected"),
        ("SELECT a FROM s2 FILTER a 5", "found 5 where an operator, another clause or the end was expected"),
        ("SELECT f(a b) FROM s2", "found b where an operator, ORDER BY, a closing ) or a comma was expected"),
        ("CREATE LAYER a.b SELECT a FROM s2", "AS is missing before SELECT"),
        ("SET x 5", "= is missing before 5"),
    ],
)
def test_what_was_expected_is_said_in_plain_words(text: str, message: str) -> None:
    assert [fault.message for fault in faults(text)] == [message]


def test_all_sure_faults_of_one_statement_are_told_together() -> None:
    text = "SELCT a, b, FROM s2 s WEHRE x == 3 && y ≥ 2 GROPU BY cell ORDER a LIMIT 5 LIMIT 6"
    assert codes(text) == [
        "misspelt_keyword",
        "trailing_comma",
        "alias_without_as",
        "misspelt_keyword",
        "double_equals",
        "ampersand",
        "lookalike",
        "misspelt_keyword",
        "by_missing",
        "clause_twice",
    ]


def test_faults_of_all_statements_of_a_script_are_told_in_order() -> None:
    text = "SELECT 1; SHOW LAYERS;\nSELCT a FROM s2; SELECT a FROM s2;\n SELECT a, FROM s2"
    assert codes(text) == ["select_without_from", "misspelt_keyword", "trailing_comma"]
    assert [guilty(text, fault) for fault in faults(text)] == ["SELECT", "SELCT", ","]


def test_one_unclosed_quote_is_not_told_twice() -> None:
    assert codes("SELECT 'a FROM s2; SELECT b FROM s2") == ["unclosed_text"]


def test_a_statement_with_very_many_faults_tells_the_first_ones() -> None:
    told = codes("SELECT a == 1;" * 1000)
    assert told[-1] == "too_many_faults"
    assert len(told) < 100
