"""The one form of a text."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.errors import QueryError
from cubeql.lang import format_text, parse, print_expr, print_statement
from cubeql.lang.tokens import tokenize
from tests.lang.reading import TWELVE, TWELVE_TEXT, expr

PICTURES = [
    (
        "from s2 join dem using MIN filter a>1 and b<2 where c select distinct a as x,AVG(b)group by a"
        " limit 3",
        """\
SELECT DISTINCT a AS x, avg(b)
FROM s2
JOIN dem USING min
FILTER a > 1 AND b < 2
FILTER c
GROUP BY a
LIMIT 3
""",
    ),
    (
        "-- the head\n\nselect a, -- first\n b -- second\n, c from s2 -- the layer\n -- why\n"
        " filter x -- of it\n and y; -- the end",
        """\
-- the head
SELECT
    a,  -- first
    b,  -- second
    c
FROM s2  -- the layer
-- why
FILTER x  -- of it
    AND y;  -- the end
""",
    ),
    (
        "with a as (select x from s2 /* in */), b as (select y from dem)"
        " select * from (select z from a) as q join b",
        """\
WITH a AS (
    SELECT x
    FROM s2  /* in */
),
b AS (
    SELECT y
    FROM dem
)
SELECT *
FROM (
    SELECT z
    FROM a
) AS q
JOIN b
""",
    ),
    (
        "(select a from x order by a) union all select b from y limit 3",
        """\
(
    SELECT a
    FROM x
    ORDER BY a
)
UNION ALL
SELECT b
FROM y
LIMIT 3
""",
    ),
    (
        "select case when elevation < 100 then 'low' when elevation < 1000 then 'middle' else 'high' end"
        " as height,"
        " count(*) filter (where ndvi>0.5), avg(x) over time range '30 days' preceding from s2",
        """\
SELECT
    CASE
        WHEN elevation < 100 THEN 'low'
        WHEN elevation < 1000 THEN 'middle'
        ELSE 'high'
    END AS height,
    count(*) FILTER (WHERE ndvi > 0.5),
    avg(x) OVER TIME RANGE '30 days' PRECEDING
FROM s2
""",
    ),
    (
        "select a from s2 filter class in (" + ", ".join(f"'class {i}'" for i in range(9)) + ") and b or c",
        """\
SELECT a
FROM s2
FILTER class IN (
        'class 0',
        'class 1',
        'class 2',
        'class 3',
        'class 4',
        'class 5',
        'class 6',
        'class 7',
        'class 8'
    )
        AND b
    OR c
""",
    ),
    ("show layers ; drop view if exists \"a b\"", 'SHOW LAYERS;\n\nDROP VIEW IF EXISTS "a b";\n'),
    ("create or replace layer c.x with(unit 'K',step='P1D')as from s2 select cell,a", """\
CREATE OR REPLACE LAYER c.x WITH (unit 'K', step 'P1D') AS
SELECT cell, a
FROM s2
"""),
    ("-- nothing but this\n/* and that */", "-- nothing but this\n/* and that */\n"),
    ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "formatted"), PICTURES)
def test_pictures(text: str, formatted: str) -> None:
    assert format_text(text) == formatted
    assert format_text(formatted) == formatted


def test_formatting_the_twelve_keeps_meaning_and_comments() -> None:
    formatted = format_text(TWELVE_TEXT)
    assert parse(formatted) == parse(TWELVE_TEXT)
    assert comments(formatted) == comments(TWELVE_TEXT)
    assert format_text(formatted) == formatted


def test_lines_keep_to_the_width_where_they_can() -> None:
    items = ", ".join(f"avg(column_{i}) AS mean_{i}" for i in range(20))
    conditions = " AND ".join(f"column_{i} > {i}" for i in range(20))
    formatted = format_text(f"SELECT {items} FROM s2 FILTER {conditions}")
    assert max(map(len, formatted.splitlines())) <= 100


def test_faulty_text_is_not_formatted() -> None:
    with pytest.raises(QueryError):
        format_text("SELECT a,, FROM s2")


def comments(text: str) -> Counter[str]:
    lexed = tokenize(text)
    assert not lexed.faults
    return Counter(text[span.start : span.end].rstrip() for span in lexed.comments)


COMMENTS = st.sampled_from(["-- a\n", "/* b */", "/* c\n   d */", "\n-- e\n", "\n", "--\n"])


@given(st.sampled_from(TWELVE), st.data())
def test_comments_anywhere_are_kept_once_and_stay_where_formatting_put_them(text: str, data: st.DataObject) -> None:
    tokens = tokenize(text).tokens
    places = data.draw(st.lists(st.integers(0, len(tokens) - 1), min_size=1, max_size=4, unique=True))
    commented = text
    for place in sorted(places, reverse=True):
        at = tokens[place].start
        if tokens[place].type in ("FILTER_WHERE", "AT_RESOLUTION"):
            continue
        commented = commented[:at] + " " + data.draw(COMMENTS) + " " + commented[at:]
    formatted = format_text(commented)
    assert comments(formatted) == comments(commented)
    assert parse(formatted) == parse(text)
    assert format_text(formatted) == formatted


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("AVG( ndvi )", "avg(ndvi)"),
        ("cell( 4 )", "CELL(4)"),
        ("((a+b))*c", "(a + b) * c"),
        ("-(-a)", "-(-a)"),
        ("a::double", "CAST(a AS double)"),
        ("x is true", "x IS NOT DISTINCT FROM TRUE"),
        ("anomaly(precip,'1991/2020',by month)", "anomaly(precip, '1991/2020', BY month)"),
        ("list(distinct a order by b)", "list(DISTINCT a ORDER BY b)"),
        ("sum(a)filter(where b)over(partition by c)", "sum(a) FILTER (WHERE b) OVER (PARTITION BY c)"),
        ("cell within bbox(1,2,3,4)", "cell WITHIN BBOX(1, 2, 3, 4)"),
        ("\"Order\".\"plain\"", '"Order".plain'),
        ("1e3", "1000.0"),
    ],
)  # fmt: skip
def test_expressions_are_printed_on_one_line(text: str, printed: str) -> None:
    assert print_expr(expr(text)) == printed


def test_statements_are_printed_on_one_line() -> None:
    (statement,) = parse("FROM s2 -- x\n FILTER a > 1 SELECT cell, avg(a) GROUP BY cell").statements
    assert print_statement(statement) == "SELECT cell, avg(a) FROM s2 FILTER a > 1 GROUP BY cell"


def test_a_condition_on_time_after_on_is_not_read_as_on_time() -> None:
    text = 'SELECT * FROM a JOIN b ON "time" = b.x'
    assert print_statement(parse(text).statements[0]) == text
