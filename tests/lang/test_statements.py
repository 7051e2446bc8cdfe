"""Statements other than bare queries, scripts, and what splits them."""

from __future__ import annotations

import pytest

from cubeql.errors import QueryError
from cubeql.lang import nodes as n
from cubeql.lang import parse, parse_query, parse_statement, split_statements

QUERY = "SELECT a FROM s2"
NODE = n.Select((n.SelectItem(n.Name(("a",))),), n.LayerSource(("s2",)))


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        (QUERY, n.QueryStatement(NODE)),
        (f"EXPLAIN {QUERY}", n.Explain(NODE)),
        (f"explain analyze {QUERY}", n.Explain(NODE, analyze=True)),
        ("SHOW LAYERS", n.Show("layers")),
        ("SHOW LAYERS LIKE 's%'", n.Show("layers", like="s%")),
        ("SHOW BANDS esa.s2", n.Show("bands", ("esa", "s2"))),
        ("SHOW TIMES s2", n.Show("times", ("s2",))),
        ("SHOW VERSIONS s2", n.Show("versions", ("s2",))),
        ("SHOW FUNCTIONS", n.Show("functions")),
        ("SHOW CELLS", n.Show("cells")),
        ("SHOW VIEWS", n.Show("views")),
        ("SHOW SETTINGS", n.Show("settings")),
        ("SHOW ATTACHED", n.Show("attached")),
        ("ATTACH 'flight://h:1' AS lrz", n.Attach(n.String("flight://h:1"), "lrz")),
        (
            "attach $where as lrz with (wait 5)",
            n.Attach(n.Parameter("where"), "lrz", (n.Option("wait", n.Number(5)),)),
        ),
        ("DETACH lrz", n.Detach("lrz")),
        ("DESCRIBE esa.s2", n.Describe(("esa", "s2"))),
        (f"DESCRIBE {QUERY}", n.Describe(query=NODE)),
        ("DESCRIBE FROM s2 SELECT a", n.Describe(query=NODE)),
        (f"CREATE LAYER x AS {QUERY}", n.Create("layer", ("x",), NODE)),
        (f"CREATE OR REPLACE VIEW x AS {QUERY}", n.Create("view", ("x",), NODE, replace=True)),
        (f"CREATE CELLS x AS {QUERY}", n.Create("cells", ("x",), NODE)),
        (
            f"CREATE LAYER c.x WITH (unit 'K', Step = 'P1D', left true) AS {QUERY}",
            n.Create(
                "layer",
                ("c", "x"),
                NODE,
                options=(
                    n.Option("unit", n.String("K")),
                    n.Option("step", n.String("P1D")),
                    n.Option("left", n.Boolean(True)),
                ),
            ),
        ),
        (f"INSERT INTO x {QUERY}", n.Insert(("x",), NODE)),
        (f"INSERT OR REPLACE INTO x ({QUERY})", n.Insert(("x",), NODE, replace=True)),
        ("DROP LAYER x", n.Drop("layer", ("x",))),
        ("DROP VIEW IF EXISTS x", n.Drop("view", ("x",), if_exists=True)),
        ("DROP CELLS x", n.Drop("cells", ("x",))),
        ("ALTER LAYER x RENAME TO c.y", n.Alter(("x",), rename_to=("c", "y"))),
        ("ALTER LAYER x SET (title 'X')", n.Alter(("x",), options=(n.Option("title", n.String("X")),))),
        ("CREATE VIEW v AS RASTER 'a.tif'", n.CreateRaster(("v",), n.String("a.tif"))),
        (
            "CREATE OR REPLACE VIEW c.v AS RASTER ['a.tif', $b] WITH (resolution 7)",
            n.CreateRaster(
                ("c", "v"), n.ListOf((n.String("a.tif"), n.Parameter("b"))), True,
                (n.Option("resolution", n.Number(7)),),
            ),
        ),
        (
            "ALTER LAYER x ALTER BAND nir SET (unit '1')",
            n.Alter(("x",), options=(n.Option("unit", n.String("1")),), column="nir"),
        ),
        (
            "ALTER LAYER x ALTER ATTRIBUTE band SET (unit NULL)",
            n.Alter(("x",), options=(n.Option("unit", n.Null()),), column="band", column_kind="attribute"),
        ),
        ("ALTER LAYER x ROLLBACK TO VERSION 3", n.Rollback(("x",), version=n.Number(3))),
        ("ALTER LAYER c.x ROLLBACK TO VERSION $v", n.Rollback(("c", "x"), version=n.Parameter("v"))),
        ("ALTER LAYER x ROLLBACK TO VERSION AT '2026'", n.Rollback(("x",), version_at=n.String("2026"))),
        (f"COPY ({QUERY}) TO 'o.tif'", n.Copy(NODE, n.String("o.tif"))),
        (
            f"COPY ({QUERY}) TO $path WITH (crs 'EPSG:25832', size -1)",
            n.Copy(
                NODE,
                n.Parameter("path"),
                (n.Option("crs", n.String("EPSG:25832")), n.Option("size", n.Unary("-", n.Number(1)))),
            ),
        ),
        ("GRANT READ ON s2 TO anna", n.Grant("read", ("s2",), "anna")),
        ("GRANT WRITE ON s2 TO 'anna@x.org'", n.Grant("write", ("s2",), "anna@x.org")),
        ("REVOKE READ ON s2 FROM anna", n.Grant("read", ("s2",), "anna", revoke=True)),
        ("SET Timeout = '30 s'", n.SetOption("timeout", n.String("30 s"))),
    ],
)
def test_each_statement_makes_its_node(text: str, statement: n.Statement) -> None:
    assert parse_statement(text) == statement
    assert parse_statement(text + " ;\n") == statement


def test_scripts_hold_statements_in_order_and_skip_empty_ones() -> None:
    script = parse(f";; {QUERY}; -- a ; in a comment\n SHOW LAYERS ;; /* ; */")
    assert script.statements == (n.QueryStatement(NODE), n.Show("layers"))
    assert parse(" -- nothing\n").statements == ()


def test_splitting_knows_texts_and_comments_and_keeps_places() -> None:
    text = "SELECT ';' FROM a; -- b;\nSELECT \"x;\" FROM b /* ; */ ;;\n broken ' ; "
    pieces = split_statements(text)
    assert [piece for piece, _ in pieces] == ["SELECT ';' FROM a", 'SELECT "x;" FROM b', "broken ' ; "]
    assert all(text[span.start : span.end] == piece for piece, span in pieces)


@pytest.mark.parametrize(
    ("read", "text", "code"),
    [
        (parse_statement, "", "no_statement"),
        (parse_statement, "SHOW LAYERS; SHOW CELLS", "several_statements"),
        (parse_query, "SHOW LAYERS", "query_expected"),
    ],
)
def test_one_statement_is_asked_for(read: object, text: str, code: str) -> None:
    assert callable(read)
    with pytest.raises(QueryError) as caught:
        read(text)
    assert [fault.code for fault in caught.value.diagnostics] == [code]
