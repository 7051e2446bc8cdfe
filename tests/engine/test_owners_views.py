"""Views that carry their owner's rights, and hide what lies beneath."""

from __future__ import annotations

import pytest

import cubeql
from cubeql.catalog.rights import Who
from cubeql.errors import QueryError

VIEW = "CREATE OR REPLACE VIEW open WITH (rights = 'owner') AS SELECT cell, time, red AS v FROM fine FILTER red > 0"


def test_a_view_is_read_with_its_owners_rights_and_hides_what_lies_beneath(own: cubeql.Session) -> None:
    own.query(VIEW)
    own.query("GRANT READ ON open TO anna")
    with own.for_user(Who("anna", writes=True)) as anna:
        count = "SELECT count(*) AS n FROM open"
        result = anna.query(count)
        assert result.to_arrow().to_pylist() == own.query(count).to_arrow().to_pylist()
        told = [str(anna.query(text).to_arrow().to_pylist()) for text in (
            f"EXPLAIN {count}", f"EXPLAIN ANALYZE {count}", "DESCRIBE open", "SHOW VIEWS", "SHOW LAYERS")]
        table = anna.query("SELECT * FROM open LIMIT 1").to_arrow()
        told += [str(table.schema.metadata), str([f.metadata for f in table.schema]), str(anna.query(count).stats)]
        assert "view open (cell, time, v)" in told[0]
        assert not [text for text in told if "fine" in text or "red" in text]
        anna.query("CREATE LAYER anna.kept AS SELECT cell, max(v) AS v FROM open GROUP BY cell")
        assert anna.layer("anna.kept").provenance.sources == ("open",)
        own.query("DROP LAYER fine")
        with pytest.raises(QueryError) as raised:
            anna.query(count)
        assert [d.code for d in raised.value.diagnostics] == ["view_fault"] and "fine" not in str(raised.value)


def test_nobody_lends_what_he_may_not_read(own: cubeql.Session) -> None:
    text = "CREATE VIEW anna.v WITH (rights 'owner') AS SELECT cell, class FROM classes"
    with own.for_user(Who("anna", writes=True)) as anna, own.for_user(Who("ben")) as ben:
        for session in (anna, own):  # who keeps the store makes it for her, with her rights
            with pytest.raises(QueryError, match="unknown_layer"):
                session.query(text)
        own.query("GRANT READ ON classes TO anna")
        anna.query(text)
        anna.query("GRANT READ ON anna.v TO ben")
        assert ben.query("SELECT count(*) AS n FROM anna.v").to_arrow()["n"][0].as_py() > 0
        own.query("REVOKE READ ON classes FROM anna")
        with pytest.raises(QueryError, match="view_fault"):
            ben.query("SELECT count(*) AS n FROM anna.v")
        with pytest.raises(QueryError, match="bad_fact"):
            anna.query("CREATE VIEW anna.w WITH (rights 'mine') AS SELECT cell FROM anna.v")


def test_an_owners_view_may_stand_on_another_and_shows_the_outer_one_alone(own: cubeql.Session) -> None:
    own.query(VIEW)
    own.query("CREATE VIEW outer_ WITH (rights = 'owner') AS SELECT cell, max(v) AS top FROM open GROUP BY cell")
    own.query("CREATE VIEW plain AS SELECT cell, v FROM open")
    for name in ("outer_", "plain"):
        own.query(f"GRANT READ ON {name} TO anna")
    count = "SELECT count(*) AS n FROM outer_"
    with own.for_user(Who("anna", writes=True)) as anna:
        assert anna.query(count).to_arrow() == own.query(count).to_arrow()
        told = str(anna.query(f"EXPLAIN {count}").to_arrow().to_pylist())
        assert "view outer_ (cell, top)" in told and "open" not in told and "fine" not in told
        with pytest.raises(QueryError, match="there is no layer 'open'"):  # one without rights lends none
            anna.query("SELECT * FROM plain")
        own.query("REVOKE READ ON outer_ FROM anna")
        with pytest.raises(QueryError, match="unknown_layer"):
            anna.query(count)


def test_a_cycle_of_owners_views_ends_and_names_none_beneath(own: cubeql.Session) -> None:
    own.query("CREATE VIEW one WITH (rights = 'owner') AS SELECT cell FROM classes")
    own.query("CREATE VIEW two WITH (rights = 'owner') AS SELECT cell FROM one")
    own.query("GRANT READ ON two TO anna")
    with pytest.raises(QueryError, match="view_cycle"):
        own.query("CREATE OR REPLACE VIEW one WITH (rights = 'owner') AS SELECT cell FROM two")
    own.store.create_view("one", "SELECT cell FROM two", True, True)  # as two who change them at once can
    with own.for_user(Who("anna")) as anna, pytest.raises(QueryError) as raised:
        anna.query("SELECT * FROM two")
    (fault,) = raised.value.diagnostics
    assert fault.code == "view_fault" and "one" not in str(raised.value).replace("one in", "")


OVERFLOWS = "day(time) + 9223372036854775804"
LATE = f"CASE WHEN day(time) > 9 THEN {OVERFLOWS} ELSE 1 END"
LEAVING_OUT = {
    "rows": "SELECT cell, time, red FROM fine FILTER day(time) < 3",
    "cells": "SELECT cell, time, red FROM fine FILTER round(red * 100) * 0 + day(time) < 3",
    "both": "SELECT cell, time, red FROM fine FILTER red > 0.1 AND day(time) < 3",
    "union": "SELECT cell, time, red FROM fine FILTER day(time) < 3 "
             "UNION ALL SELECT cell, time, red FROM fine FILTER day(time) < 2",
    "groups": "SELECT cell, time, max(red) AS red FROM fine FILTER round(red * 100) * 0 + day(time) < 3 "
              "GROUP BY cell, time",
    "beneath": f"SELECT cell, {OVERFLOWS} AS x, time, red FROM (SELECT cell, time, red FROM fine "
               "FILTER round(red * 100) * 0 + day(time) < 3) AS q",
}  # fmt: skip
FAILING = {
    "filter": f"SELECT count(*) AS n FROM early FILTER {OVERFLOWS} > 0",
    "choice": f"SELECT count(*) AS n FROM early FILTER {LATE} > 0",
    "with more": f"SELECT count(*) AS n FROM early FILTER {LATE} > 0 AND red > 0 AND time >= '2024-01-01'",
    "items": f"SELECT max({OVERFLOWS}) AS m, count(*) FILTER (WHERE {OVERFLOWS} > 0) AS n FROM early",
    "subquery": f"SELECT count(*) AS n FROM (SELECT * FROM early) AS q FILTER {LATE} > 0",
    "named": f"WITH w AS (SELECT cell, {OVERFLOWS} AS z FROM early) SELECT count(*) AS n FROM w FILTER z > 5",
    "keys": f"FROM early GROUP BY {OVERFLOWS} AS z HAVING z > 5 SELECT z, count(*) AS n",
    "join": f"SELECT count(*) AS n FROM twin JOIN early AS k FILTER {LATE.replace('time', 'k.time')} > 0",
    "on": f"SELECT count(*) AS n FROM twin JOIN early AS k ON {LATE.replace('time', 'k.time')} > 0",
    "in": f"FROM twin FILTER cell IN (SELECT cell FROM early FILTER {LATE} > 0) SELECT count(*) AS n",
    "view": f"SELECT count(*) AS n FROM anna.mine FILTER {LATE} > 0",
    "order": f"SELECT {OVERFLOWS} AS z FROM early ORDER BY z LIMIT 1",
}


@pytest.mark.parametrize("view", LEAVING_OUT)
def test_what_a_view_leaves_out_is_not_computed_with(own: cubeql.Session, view: str) -> None:
    """A statement that fails on rows which the view leaves out would tell that they are there, and what they hold."""
    own.query(f"CREATE VIEW early WITH (rights = 'owner') AS {LEAVING_OUT[view]}")
    for name in ("early", "twin"):
        own.query(f"GRANT READ ON {name} TO anna")
    with own.for_user(Who("anna", writes=True)) as anna:
        anna.query("CREATE VIEW anna.mine AS SELECT cell, time, red FROM early")
        for text in FAILING.values():
            found, small = (anna.query(t).to_arrow() for t in (text, text.replace("9223372036854775804", "5")))
            assert found.num_rows == small.num_rows > 0, text
            assert "n" not in found.column_names or found["n"] == small["n"], text
        if view == "beneath":
            assert anna.query("SELECT count(*) AS n FROM early FILTER x > 5").to_arrow()["n"][0].as_py() > 0


@pytest.mark.parametrize("name", ["choice", "subquery", "items", "order"])
def test_without_a_view_these_statements_fail(own: cubeql.Session, name: str) -> None:
    with pytest.raises(QueryError, match="value_out_of_range"):
        own.query(FAILING[name].replace("early", "fine")).to_arrow()


def test_what_cannot_fail_prunes_beneath_an_owners_view(own: cubeql.Session) -> None:
    own.query(VIEW)
    own.query("GRANT READ ON open TO anna")
    with own.for_user(Who("anna")) as anna:
        for condition in ("time = '2024-05-01'", "v > 0.2 AND time IN '2024-05'", "v * 2 + 1 > 1.4", "v IS NOT NULL"):
            text = f"SELECT count(*) AS n FROM open FILTER {condition}"
            assert "LIMIT" not in anna.compile(text).sql
            assert "LIMIT" in anna.compile(f"{text} AND {OVERFLOWS} > 0").sql


def test_a_fault_that_a_view_meets_while_it_runs_tells_nothing(own: cubeql.Session) -> None:
    own.query(f"CREATE VIEW late WITH (rights = 'owner') AS SELECT cell, {OVERFLOWS} AS x FROM fine")
    own.query("GRANT READ ON late TO anna")
    with own.for_user(Who("anna", writes=True)) as anna:
        for text in ("SELECT max(x) AS m FROM late", "SELECT * FROM late",
                     "EXPLAIN ANALYZE SELECT max(x) AS m FROM late",
                     "CREATE LAYER anna.kept AS SELECT cell, max(x) AS m FROM late GROUP BY cell"):  # fmt: skip
            with pytest.raises(QueryError) as raised:
                anna.query(text).to_arrow()
            assert [d.code for d in raised.value.diagnostics] == ["view_fails"]
            assert not [word for word in ("fine", "day", "9223", "Overflow", "INT64") if word in str(raised.value)]
