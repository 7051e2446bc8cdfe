"""CREATE LAYER AS, DROP and VERSION."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.errors import QueryError, StoreError


def rows(session: Any, text: str) -> list[dict[str, Any]]:
    return list(session.query(text).to_arrow().to_pylist())


def one(session: Any, text: str) -> Any:
    (row,) = rows(session, text)
    (value,) = row.values()
    return value


KINDS = """SELECT cell, avg(red) AS mean_red, count(*) AS n, max(red) > 0.2 AS bright, mode(class) AS class
           FROM fine JOIN classes GROUP BY cell"""


def test_a_created_layer_holds_the_querys_rows(own: cubeql.Session) -> None:
    result = own.query(f"CREATE LAYER made WITH (title 'Made {{0}}', licence 'CC0-1.0', citation 'x') AS {KINDS}")
    assert result.message is not None and "made" in result.message and len(result.to_arrow().schema) == 0
    wanted = rows(own, f"WITH q AS ({KINDS}) SELECT cell, mean_red, n, bright, class FROM q ORDER BY cell")
    found = rows(own, "SELECT cell, mean_red, n, bright, class FROM made ORDER BY cell")
    assert [{**r, "bright": int(r["bright"])} for r in wanted] == found
    layer = own.layer("made")
    assert (layer.title, layer.licence, layer.resolution, layer.time) == ("Made {0}", "CC0-1.0", 7, None)
    assert layer.band("mean_red").unit == "1" and layer.band("class").kind == "categorical"
    assert one(own, "SELECT count(*) AS n FROM made FILTER class = 'crop'") > 0


def test_with_time_and_on_a_coarser_grid(own: cubeql.Session) -> None:
    query = """SELECT CELL(5) AS cell, date_trunc('month', time) AS time, avg(red) AS r
               FROM fine GROUP BY CELL(5), date_trunc('month', time)"""
    own.query(f"CREATE LAYER by_month AS {query}")
    assert own.layer("by_month").resolution == 5 and own.layer("by_month").time is not None
    order = "ORDER BY cell, time"
    wanted = rows(own, f"WITH q AS ({query}) SELECT * FROM q {order}")
    assert rows(own, f"SELECT cell, time, r FROM by_month {order}") == wanted
    assert one(own, "SELECT count(*) AS n FROM coarse JOIN by_month") > 0
    assert one(own, "SELECT count(*) AS n FROM fine JOIN by_month ON TIME SAME MONTH FILTER r > 0") > 0
    assert one(own, "SELECT count(*) AS n FROM by_month JOIN finer") > 0


def test_nulls_stay_nulls(own: cubeql.Session) -> None:
    own.query("CREATE LAYER gaps AS SELECT cell, red, nir FROM fine FILTER time IN '2024-01'")
    for name in ("red", "nir"):
        text = f"SELECT count(*) AS n FROM {{}} FILTER {name} IS NULL"
        wanted = one(own, text.format("fine") + " AND time IN '2024-01'")
        assert one(own, text.format("gaps")) == wanted > 0


def test_an_empty_layer(own: cubeql.Session) -> None:
    own.query("CREATE LAYER empty AS SELECT cell, time, red FROM fine FILTER red > 100")
    assert rows(own, "SELECT * FROM empty") == []
    assert one(own, "SELECT count(*) AS n FROM fine LEFT JOIN empty FILTER empty.red IS NULL") > 0


def test_replacing_a_layer_from_itself_and_reading_old_versions(own: cubeql.Session) -> None:
    before = one(own, "SELECT sum(t2m) AS s FROM coarse")
    own.query("CREATE OR REPLACE LAYER coarse AS SELECT cell, time, t2m * 2 AS t2m FROM coarse")
    assert one(own, "SELECT sum(t2m) AS s FROM coarse") == pytest.approx(2 * before)
    assert one(own, "SELECT sum(t2m) AS s FROM coarse VERSION 1") == pytest.approx(before)
    both = "SELECT sum(n.t2m) / sum(o.t2m) AS s FROM coarse AS n JOIN coarse VERSION 1 AS o"
    assert one(own, both) == pytest.approx(2)
    assert rows(own, "SHOW VERSIONS coarse")[0]["version"] == 2
    with pytest.raises(QueryError, match="version 9"):
        own.query("SELECT t2m FROM coarse VERSION 9")


def test_an_old_version_has_its_own_bands_and_resolution(own: cubeql.Session) -> None:
    own.query("CREATE OR REPLACE LAYER classes AS SELECT CELL(5) AS cell, count(*) AS n FROM classes GROUP BY CELL(5)")
    assert own.layer("classes").resolution == 5
    assert one(own, "SELECT count(class) AS n FROM classes VERSION 0") == 12
    with pytest.raises(QueryError, match="class"):
        own.query("SELECT class FROM classes")


def test_or_replace_makes_what_is_not_there(own: cubeql.Session) -> None:
    own.query("CREATE OR REPLACE LAYER fresh AS SELECT cell, class FROM classes")
    assert one(own, "SELECT count(*) AS n FROM fresh") == 12


@pytest.mark.parametrize(
    "query,says",
    [
        ("SELECT cell, red FROM fine", "more than once"),
        ("SELECT cell, time, t FROM forecast", "more than once"),
        ("SELECT red FROM fine", "column of cells"),
        ("SELECT cell FROM fine GROUP BY cell", "band"),
        ("SELECT cell, season(time) AS s FROM fine", "text"),
        ("SELECT cell, list(red) AS s FROM fine GROUP BY cell", "list"),
        ("SELECT cell, CELL(5) AS parent, class FROM classes", "cells"),
        ("SELECT cell, avg(red) FROM fine GROUP BY cell", "AS"),
        ("SELECT cell, class AS slot FROM classes", "slot"),
        ("SELECT cell, class AS \"a b\" FROM classes", "a b"),
        ("SELECT cell, exp(1000) - exp(1000) AS x FROM classes", "NaN"),
        ("SELECT cell, nothere FROM classes", "nothere"),
    ],
)
def test_what_is_no_layer_is_refused_and_changes_nothing(own: cubeql.Session, query: str, says: str) -> None:
    for text in (f"CREATE LAYER made AS {query}", f"CREATE OR REPLACE LAYER rain AS {query}"):
        before = one(own, "SELECT sum(precip) AS s FROM rain")
        with pytest.raises((QueryError, StoreError), match=says):
            own.query(text)
        assert "made" not in [layer.name for layer in own.layers]
        # fractions may be added up in another order
        assert one(own, "SELECT sum(precip) AS s FROM rain") == pytest.approx(before, rel=1e-12)
        assert len(rows(own, "SHOW VERSIONS rain")) == 2


@pytest.mark.parametrize(
    "text,code",
    [
        ("CREATE LAYER rain AS SELECT cell, class FROM classes", "layer_exists"),
        ("CREATE LAYER made WITH (colour 'red') AS SELECT cell, class FROM classes", "unknown_option"),
        ("CREATE LAYER made WITH (title upper('x')) AS SELECT cell, class FROM classes", "not_a_constant"),
        ('CREATE LAYER "../made" AS SELECT cell, class FROM classes', "layer_name"),
        ('CREATE LAYER "a.b.c" AS SELECT cell, class FROM classes', "layer_name"),
        ("DROP LAYER rein", "unknown_layer"),
        ("CREATE OR REPLACE LAYER crops AS SELECT cell, class FROM classes", "name_taken"),
    ],
)
def test_faults_have_codes_and_places(own: cubeql.Session, text: str, code: str) -> None:
    with pytest.raises(QueryError) as raised:
        own.query(text)
    assert [d.code for d in raised.value.diagnostics] == [code]
    assert raised.value.diagnostics[0].span is not None


def test_drop(own: cubeql.Session, own_store: Path) -> None:
    assert "dropped" in str(own.query("DROP LAYER rain").message)
    assert "no layer" in str(own.query("DROP LAYER IF EXISTS rain").message)
    with pytest.raises(QueryError):
        own.query("SELECT * FROM rain")
    own.query("CREATE LAYER rain AS SELECT cell, class FROM classes")
    assert one(own, "SELECT count(*) AS n FROM rain") == 12


def test_another_session_sees_it(own: cubeql.Session, own_store: Path) -> None:
    with cubeql.connect(own_store) as other:
        own.query("CREATE LAYER made AS SELECT cell, class FROM classes")
        assert one(other, "SELECT count(*) AS n FROM made") == 12
        own.query("CREATE OR REPLACE LAYER made AS SELECT cell, class FROM classes FILTER class = 'crop'")
        assert one(other, "SELECT count(*) AS n FROM made") == 5


def test_a_reader_keeps_what_it_began_with(own: cubeql.Session) -> None:
    result = own.query("SELECT cell, class FROM classes")
    own.query("CREATE OR REPLACE LAYER classes AS SELECT cell, class FROM classes FILTER class = 'crop'")
    assert result.to_arrow().num_rows == 12
