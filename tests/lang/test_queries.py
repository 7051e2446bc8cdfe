"""Queries: clauses in both orders, sources, joins, set operations."""

from __future__ import annotations

import itertools

import pytest

from cubeql.lang import nodes as n
from cubeql.lang import parse_query
from tests.lang.reading import TWELVE, expr, name, select


@pytest.mark.parametrize("text", TWELVE, ids=range(1, 13))
def test_each_of_the_twelve_statements_is_read(text: str) -> None:
    assert isinstance(parse_query(text), n.Select)


def test_twelve_statements_are_twelve() -> None:
    assert len(TWELVE) == 12


CLAUSES = (
    "SELECT cell, max(precip) AS wettest",
    "FILTER elevation < 110",
    "GROUP BY cell",
    "HAVING count(*) > 3",
    "ORDER BY cell",
    "LIMIT 5",
)


@pytest.mark.parametrize("joins", ["", " JOIN dem USING min LEFT JOIN soil AT '2015'"], ids=["bare", "joined"])
def test_clauses_after_from_may_stand_in_any_order(joins: str) -> None:
    select_clause, *others = CLAUSES
    sql_order = parse_query(f"{select_clause} FROM rain{joins} " + " ".join(others))
    for order in itertools.permutations(CLAUSES):
        assert parse_query(f"FROM rain{joins} " + " ".join(order)) == sql_order


def test_where_is_filter_and_several_filters_stay_several() -> None:
    query = select("SELECT a FROM s2 WHERE a > 1 FILTER b > 2")
    assert query.filters == (expr("a > 1"), expr("b > 2"))


def test_clauses_land_in_their_fields() -> None:
    query = select(
        "SELECT DISTINCT a AS x, s2.*, count(*) FROM s2 AT RESOLUTION 7 GROUP BY cell, year(time) AS y"
        " HAVING h QUALIFY q ORDER BY a DESC NULLS LAST, b ASC LIMIT 1 OFFSET 2 SAMPLE 3.5 PERCENT"
    )
    assert query.distinct
    assert query.items == (
        n.SelectItem(name("a"), "x"),
        n.SelectItem(n.Star(("s2",))),
        n.SelectItem(n.Call("count", (n.Star(),))),
    )
    assert query.resolution == n.Number(7)
    assert query.group_by == (n.GroupKey(name("cell")), n.GroupKey(n.Call("year", (name("time"),)), "y"))
    assert (query.having, query.qualify) == (name("h"), name("q"))
    assert query.order_by == (n.SortKey(name("a"), True, "last"), n.SortKey(name("b")))
    assert (query.limit, query.offset, query.sample) == (n.Number(1), n.Number(2), n.Number(3.5))


def test_at_resolution_is_a_clause_and_at_a_time_freezes_the_layer() -> None:
    query = select("SELECT * FROM soil AT '2015' AS s AT /* of the query */ RESOLUTION $r JOIN dem AT $when")
    assert query.source == n.LayerSource(("soil",), at=n.String("2015"), alias="s")
    assert query.resolution == n.Parameter("r")
    assert query.joins == (n.Join(n.LayerSource(("dem",), at=n.Parameter("when"))),)


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ("s2", n.LayerSource(("s2",))),
        ("esa.s2", n.LayerSource(("esa", "s2"))),
        ("s2 AS a", n.LayerSource(("s2",), alias="a")),
        ("s2 VERSION 3", n.LayerSource(("s2",), version=n.Number(3))),
        ("s2 VERSION AT '2024-01-01'", n.LayerSource(("s2",), version_at=n.String("2024-01-01"))),
        ("s2 AS a AT '2015'", n.LayerSource(("s2",), at=n.String("2015"), alias="a")),
        (
            "s2 AT TIMESTAMP '2015-01-01' VERSION $v AS a",
            n.LayerSource(("s2",), n.TypedString("timestamp", "2015-01-01"), n.Parameter("v"), alias="a"),
        ),
    ],
)
def test_sources(written: str, source: n.Source) -> None:
    assert select(f"SELECT * FROM {written}").source == source
    assert select(f"SELECT * FROM dem JOIN {written}").joins == (n.Join(source),)


def test_query_as_source() -> None:
    inner = parse_query("SELECT a FROM s2")
    assert select("SELECT * FROM (FROM s2 SELECT a) AS q").source == n.QuerySource(inner, "q")
    assert select("SELECT * FROM dem JOIN (SELECT a FROM s2)").joins == (n.Join(n.QuerySource(inner)),)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("JOIN", "inner"),
        ("INNER JOIN", "inner"),
        ("LEFT JOIN", "left"),
        ("LEFT OUTER JOIN", "left"),
        ("semi join", "semi"),
        ("ANTI JOIN", "anti"),
    ],
)
def test_join_kinds(written: str, kind: str) -> None:
    assert select(f"SELECT * FROM a {written} b").joins[0].kind == kind


INTERVAL = n.String("2 days")


@pytest.mark.parametrize(
    ("written", "match"),
    [
        ("EQUAL", n.TimeMatch("equal")),
        ("ANY", n.TimeMatch("any")),
        ("DURING", n.TimeMatch("during")),
        ("SAME DEKAD", n.TimeMatch("same", unit="dekad")),
        ("AS OF", n.TimeMatch("as_of")),
        ("AS OF VALID WITHIN '2 days'", n.TimeMatch("as_of", interval=INTERVAL, valid=True)),
        ("NEXT WITHIN INTERVAL '2 days'", n.TimeMatch("next", interval=n.TypedString("interval", "2 days"))),
        ("NEAREST", n.TimeMatch("nearest")),
        ("NEAREST 3", n.TimeMatch("nearest", count=n.Number(3))),
        (
            "NEAREST VALID 2 WITHIN '2 days'",
            n.TimeMatch("nearest", count=n.Number(2), interval=INTERVAL, valid=True),
        ),
        ("PRECEDING '2 days'", n.TimeMatch("preceding", interval=INTERVAL)),
        ("FOLLOWING $w", n.TimeMatch("following", interval=n.Parameter("w"))),
        ("AROUND '2 days'", n.TimeMatch("around", interval=INTERVAL)),
    ],
)
def test_time_matches(written: str, match: n.TimeMatch) -> None:
    assert select(f"SELECT * FROM a JOIN b ON TIME {written} FILTER x").joins == (
        n.Join(n.LayerSource(("b",)), time=match),
    )


def test_join_takes_a_time_match_a_condition_and_methods_in_any_order() -> None:
    parts = ["ON TIME SAME DAY", "ON f.horizon = 24", 'USING (t max, "two words" mode)']
    joins = {
        select("SELECT * FROM a LEFT JOIN b AS f " + " ".join(order)).joins for order in itertools.permutations(parts)
    }
    assert joins == {
        (
            n.Join(
                n.LayerSource(("b",), alias="f"),
                "left",
                n.TimeMatch("same", unit="day"),
                expr("f.horizon = 24"),
                (n.Using("max", "t"), n.Using("mode", "two words")),
            ),
        )
    }


def test_using_one_method_for_all_bands() -> None:
    assert select("SELECT * FROM a JOIN b USING Area_Mean").joins[0].using == (n.Using("area_mean"),)


# ------------------------------------------------------------------ queries of queries


def of(layer: str) -> n.Select:
    return n.Select((n.SelectItem(name("a")),), n.LayerSource((layer,)))


def test_set_operations_group_as_in_sql() -> None:
    a, b, c = of("x"), of("y"), of("z")
    texts = ("SELECT a FROM x", "SELECT a FROM y", "SELECT a FROM z")
    assert parse_query("{} UNION ALL {} EXCEPT {}".format(*texts)) == n.SetOperation(
        "except", n.SetOperation("union all", a, b), c
    )
    assert parse_query("{} UNION ALL {} INTERSECT {}".format(*texts)) == n.SetOperation(
        "union all", a, n.SetOperation("intersect", b, c)
    )
    assert parse_query("{} UNION ALL ({} EXCEPT {})".format(*texts)) == n.SetOperation(
        "union all", a, n.SetOperation("except", b, c)
    )


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM x UNION ALL SELECT a FROM y ORDER BY a LIMIT 3 OFFSET 1",
        "FROM x SELECT a UNION ALL FROM y ORDER BY a OFFSET 1 LIMIT 3 SELECT a",
        "(SELECT a FROM x) UNION ALL (SELECT a FROM y) ORDER BY a LIMIT 3 OFFSET 1",
        "((SELECT a FROM x UNION ALL SELECT a FROM y) ORDER BY a OFFSET 1 LIMIT 3)",
    ],
)
def test_order_and_limit_behind_a_set_operation_belong_to_the_whole(text: str) -> None:
    assert parse_query(text) == n.SetOperation(
        "union all", of("x"), of("y"), (n.SortKey(name("a")),), n.Number(3), n.Number(1)
    )


def test_order_and_limit_in_parentheses_belong_to_one_query() -> None:
    query = parse_query("(SELECT a FROM x LIMIT 1) EXCEPT (SELECT a FROM y ORDER BY a)")
    assert isinstance(query, n.SetOperation)
    assert query.left == parse_query("SELECT a FROM x LIMIT 1")
    assert query.right == parse_query("SELECT a FROM y ORDER BY a")
    assert not query.order_by


def test_limit_behind_the_last_operand_of_an_inner_intersect_is_lifted_to_the_top() -> None:
    query = parse_query("SELECT a FROM x UNION ALL SELECT a FROM y INTERSECT SELECT a FROM z LIMIT 2")
    assert query == n.SetOperation(
        "union all", of("x"), n.SetOperation("intersect", of("y"), of("z")), limit=n.Number(2)
    )


def test_with_names_queries_of_a_select_and_of_a_set_operation() -> None:
    cte = n.Cte("m", of("x"))
    assert select("WITH m AS (SELECT a FROM x) SELECT a FROM m").ctes == (cte,)
    query = parse_query("WITH m AS (SELECT a FROM x) SELECT a FROM m UNION ALL SELECT a FROM y")
    assert isinstance(query, n.SetOperation)
    assert query.ctes == (cte,)


def test_parentheses_around_a_query_mean_nothing() -> None:
    assert parse_query("((SELECT a FROM x))") == of("x")
    assert parse_query("(SELECT a FROM x) LIMIT 2") == parse_query("SELECT a FROM x LIMIT 2")
