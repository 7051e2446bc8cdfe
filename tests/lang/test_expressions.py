"""Expressions: binding, literals, names, calls, regions."""

from __future__ import annotations

import pytest

from cubeql.lang import nodes as n
from cubeql.lang import parse_query
from cubeql.lang.tables import tables
from tests.lang.reading import expr, name, select


@pytest.mark.parametrize(
    ("bare", "grouped"),
    [
        ("a OR b AND c", "a OR (b AND c)"),
        ("NOT a AND b", "(NOT a) AND b"),
        ("NOT a = b", "NOT (a = b)"),
        ("NOT NOT a", "NOT (NOT a)"),
        ("a = b || c", "a = (b || c)"),
        ("a || b + c", "a || (b + c)"),
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("a / b * c // d % e", "(((a / b) * c) // d) % e"),
        ("-a ^ b", "-(a ^ b)"),
        ("a ^ b ^ c", "a ^ (b ^ c)"),
        ("a ^ -b", "a ^ (-b)"),
        ("a * -b", "a * (-b)"),
        ("- - a", "-(-a)"),
        ("-a::integer", "-(a::integer)"),
        ("a ^ b::integer", "a ^ (b::integer)"),
        ("a::integer::text", "(a::integer)::text"),
        ("a BETWEEN b + 1 AND c AND d", "(a BETWEEN (b + 1) AND c) AND d"),
        ("a NOT BETWEEN b AND c OR d", "(a NOT BETWEEN b AND c) OR d"),
        ("a + 1 IN (1, 2) AND b", "((a + 1) IN (1, 2)) AND b"),
        ("a IS NOT NULL AND b", "(a IS NOT NULL) AND b"),
        ("a IS DISTINCT FROM b OR c", "(a IS DISTINCT FROM b) OR c"),
        ("time BEFORE now() - INTERVAL '3 days' AND b", "(time BEFORE (now() - INTERVAL '3 days')) AND b"),
    ],
)
def test_operators_bind_as_in_sql(bare: str, grouped: str) -> None:
    assert expr(bare) == expr(grouped)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("1", n.Number(1)),
        ("007", n.Number(7)),
        ("1.", n.Number(1.0)),
        (".5", n.Number(0.5)),
        ("1.5e-3", n.Number(0.0015)),
        ("12345678901234567890123", n.Number(12345678901234567890123)),
        ("'it''s'", n.String("it's")),
        ("''", n.String("")),
        ("'-- no comment /*'", n.String("-- no comment /*")),
        ("true", n.Boolean(True)),
        ("FALSE", n.Boolean(False)),
        ("Null", n.Null()),
        ("TIMESTAMP '2024-05-01'", n.TypedString("timestamp", "2024-05-01")),
        ("date '2024-05-01'", n.TypedString("date", "2024-05-01")),
        ("INTERVAL '14 days'", n.TypedString("interval", "14 days")),
        ("$area", n.Parameter("area")),
        ("[1, 'a', []]", n.ListOf((n.Number(1), n.String("a"), n.ListOf(())))),
        ("-3", n.Unary("-", n.Number(3))),
        ("a != 2", n.Binary("<>", name("a"), n.Number(2))),
        ("a IS NOT DISTINCT FROM b", n.Binary("is not distinct from", name("a"), name("b"))),
        ("a IS TRUE", n.Binary("is not distinct from", name("a"), n.Boolean(True))),
        ("a IS NOT FALSE", n.Binary("is distinct from", name("a"), n.Boolean(False))),
        ("a NOT ILIKE 'x%'", n.Like(name("a"), n.String("x%"), negated=True, ignore_case=True)),
        ("CAST(a AS Decimal(10, 2))", n.Cast(name("a"), "decimal(10, 2)")),
        ("a::TIMESTAMP", n.Cast(name("a"), "timestamp")),
        (
            "CASE a WHEN 1 THEN 'x' ELSE b END",
            n.Case(((n.Number(1), n.String("x")),), name("b"), name("a")),
        ),
        (
            "CASE WHEN a THEN 1 WHEN b THEN 2 END",
            n.Case(((name("a"), n.Number(1)), (name("b"), n.Number(2)))),
        ),
    ],
)
def test_values_and_forms(text: str, node: n.Expr) -> None:
    read = expr(text)
    assert read == node
    if isinstance(node, n.Number):
        assert isinstance(read, n.Number)
        assert type(read.value) is type(node.value)


def test_question_marks_are_numbered_through_the_statement() -> None:
    query = select("SELECT ? FROM s2 FILTER a = ? LIMIT ?")
    numbers = (query.items[0].expr, query.filters[0], query.limit)
    assert numbers == (
        n.Parameter("1", True),
        n.Binary("=", name("a"), n.Parameter("2", True)),
        n.Parameter("3", True),
    )


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("time DURING '2024-05/2024-09'", n.TimeTest(name("time"), "during", n.String("2024-05/2024-09"))),
        ("time NOT DURING $p", n.TimeTest(name("time"), "during", n.Parameter("p"), negated=True)),
        ("time IN '2024'", n.TimeTest(name("time"), "in", n.String("2024"))),
        ("time NOT IN '2024'", n.TimeTest(name("time"), "in", n.String("2024"), negated=True)),
        ("time IN ('2024')", n.InList(name("time"), (n.String("2024"),))),
        ("scl NOT IN (4, $p)", n.InList(name("scl"), (n.Number(4), n.Parameter("p")), negated=True)),
        ("time BEFORE '2024'", n.TimeTest(name("time"), "before", n.String("2024"))),
        ("s.time AFTER b.time", n.TimeTest(name("s", "time"), "after", name("b", "time"))),
    ],
)
def test_times_and_lists(text: str, node: n.Expr) -> None:
    assert expr(text) == node


def test_membership_in_a_query() -> None:
    inner = parse_query("SELECT cell FROM m")
    assert expr("cell IN (FROM m SELECT cell)") == n.InQuery(name("cell"), inner)
    assert expr("cell NOT IN ((SELECT cell FROM m))") == n.InQuery(name("cell"), inner, negated=True)


# ------------------------------------------------------------------ names

WORDS = sorted(set(tables().keywords) - tables().reserved)


@pytest.mark.parametrize("word", [*WORDS, "month", "class", "area", "mean", "max", "time", "cell", "version"])
def test_words_of_the_language_name_columns_layers_and_aliases(word: str) -> None:
    query = select(
        f"SELECT {word}, a.{word}, f({word}) AS {word} FROM {word} AS {word} FILTER {word} > 1 AND NOT {word}"
    )
    assert query.items[0].expr == name(word)
    assert query.items[1].expr == name("a", word)
    assert query.items[2] == n.SelectItem(n.Call("f", (name(word),)), word)
    assert query.source == n.LayerSource((word,), alias=word)


@pytest.mark.parametrize("word", sorted(tables().reserved))
def test_reserved_words_are_names_in_double_quotes(word: str) -> None:
    assert expr(f'"{word}"') == name(word)


def test_quoted_names_keep_everything() -> None:
    assert expr('"leaf ""area"" index".x') == name('leaf "area" index', "x")
    assert expr("Höhe_ü") == name("Höhe_ü")


def test_keywords_in_any_case() -> None:
    assert select("sElEcT a FrOm s2 fIlTeR a iS nOt NuLl") == select("SELECT a FROM s2 FILTER a IS NOT NULL")


def test_comments_and_blanks_divide_and_mean_nothing() -> None:
    spaced = "SELECT/**/a--x\n\tFROM\r\n/* 'it * / */s2 -- end"
    assert select(spaced) == select("SELECT a FROM s2")


# ------------------------------------------------------------------ calls

X = name("x")
FRAME = n.Frame("range", ("preceding", n.String("30 days")), ("current", None))


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("COUNT(*)", n.Call("count", (n.Star(),))),
        ("area()", n.Call("area")),
        ("CELL(4)", n.Call("cell", (n.Number(4),))),
        ("count(DISTINCT x)", n.Call("count", (X,), distinct=True)),
        ("list(x ORDER BY time DESC)", n.Call("list", (X,), order_by=(n.SortKey(name("time"), True),))),
        ("avg(x) FILTER (WHERE x > 0)", n.Call("avg", (X,), filter=n.Binary(">", X, n.Number(0)))),
        ("anomaly(x, '1991/2020', BY Month)", n.Call("anomaly", (X, n.String("1991/2020")), by="month")),
        ("lag(x) OVER TIME", n.Call("lag", (X,), over=n.Over(time=True))),
        (
            "avg(x) OVER TIME RANGE '30 days' PRECEDING",
            n.Call("avg", (X,), over=n.Over(frame=FRAME, time=True)),
        ),
        ("rank() OVER ()", n.Call("rank", over=n.Over())),
        (
            "sum(x) FILTER (WHERE a) OVER"
            " (PARTITION BY cell, b ORDER BY time ROWS BETWEEN 2 PRECEDING AND UNBOUNDED FOLLOWING)",
            n.Call(
                "sum",
                (X,),
                filter=name("a"),
                over=n.Over(
                    (name("cell"), name("b")),
                    (n.SortKey(name("time")),),
                    n.Frame("rows", ("preceding", n.Number(2)), ("unbounded", None)),
                ),
            ),
        ),
        ("disk(avg(x), 2)", n.Call("disk", (n.Call("avg", (X,)), n.Number(2)))),
        ("date(x)", n.Call("date", (X,))),
        ("left(x, 2)", n.Call("left", (X, n.Number(2)))),
    ],
)
def test_calls(text: str, node: n.Call) -> None:
    assert expr(text) == node


def test_filter_behind_an_aggregate_and_filter_of_the_query_are_told_apart() -> None:
    query = select("FROM s2 SELECT count(*) FILTER /* of it */ (WHERE a > 1) FILTER (b > 2)")
    assert query.items[0].expr == n.Call("count", (n.Star(),), filter=expr("a > 1"))
    assert query.filters == (expr("b > 2"),)


# ------------------------------------------------------------------ regions

HEX = n.String("8928308280fffff")
NUMBERS = tuple(n.Number(i) for i in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("BBOX(1, 2, 3, 4)", n.Region("bbox", NUMBERS)),
        ("POLYGON 'POLYGON((1 2))'", n.Region("polygon", (n.String("POLYGON((1 2))"),))),
        ("GEOJSON '{}'", n.Region("geojson", (n.String("{}"),))),
        ("FILE 'aoi.gpkg'", n.Region("file", (n.String("aoi.gpkg"),))),
        ("FILE $f", n.Region("file", (n.Parameter("f"),))),
        ("CELL '8928308280fffff'", n.Region("cell", (HEX,))),
        ("DISK('8928308280fffff', 2)", n.Region("disk", (HEX, n.Number(2)))),
        ("CIRCLE(1, 2, '10 km')", n.Region("circle", (*NUMBERS[:2], n.String("10 km")))),
        ("point(1, 2)", n.Region("point", NUMBERS[:2])),
        (
            "ZONE(counties, c.name, 'Ebersberg')",
            n.Region("zone", (name("counties"), name("c", "name"), n.String("Ebersberg"))),
        ),
        ("CELLS forests.old", n.Region("cells", (name("forests", "old"),))),
        ("$area", n.Region("parameter", (n.Parameter("area"),))),
    ],
)
def test_regions(text: str, region: n.Region) -> None:
    assert expr(f"cell WITHIN {text}") == n.Within(name("cell"), region)
    assert expr(f"cell NOT WITHIN {text}") == n.Within(name("cell"), region, negated=True)


def test_longitudes_may_be_negative_in_a_region() -> None:
    region = expr("cell WITHIN BBOX(-11.5, 48, +12, 49)")
    assert isinstance(region, n.Within)
    assert region.region.args[0] == n.Unary("-", n.Number(11.5))
