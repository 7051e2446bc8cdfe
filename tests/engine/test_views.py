"""CREATE VIEW, DROP VIEW, SHOW VIEWS: queries kept by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.errors import QueryError, StoreError
from tests.engine.test_creating import one, rows

CROPS = "SELECT cell, class FROM classes FILTER class = 'crop'"


def fault(session: Any, text: str, params: Any = None) -> str:
    with pytest.raises(QueryError) as raised:
        session.query(text, params).to_arrow()
    (found,) = raised.value.diagnostics
    assert found.span is not None
    return found.code


def test_a_view_follows_the_layer_it_reads(own: cubeql.Session) -> None:
    own.query(f"CREATE VIEW maize AS {CROPS}")
    assert one(own, "SELECT count(*) AS n FROM maize") == 5
    own.query("CREATE OR REPLACE LAYER classes AS SELECT cell, class FROM classes FILTER class <> 'crop'")
    assert one(own, "SELECT count(*) AS n FROM maize") == 0
    own.query("DROP LAYER classes")
    with pytest.raises(QueryError, match="view 'MAIZE' cannot be read: there is no layer 'classes'"):
        own.query("SELECT * FROM MAIZE")


def test_other_sessions_see_it_at_once(own: cubeql.Session, own_store: Path) -> None:
    with cubeql.connect(own_store) as other:
        own.query(f"CREATE VIEW maize AS {CROPS}")
        assert one(other, "SELECT count(*) AS n FROM maize") == 5
        other.query("CREATE OR REPLACE VIEW Maize AS SELECT cell FROM classes")
        assert one(own, "SELECT count(*) AS n FROM maize") == 12
        assert "Maize" in [r["view"] for r in rows(own, "SHOW VIEWS")]
        other.query("DROP VIEW maize")
        assert fault(own, "SELECT * FROM maize") == "unknown_layer"


def test_show_and_describe(own: cubeql.Session) -> None:
    assert [r["view"] for r in rows(own, "SHOW VIEWS LIKE 'b%'")] == ["bright", "brightest"]
    own.query("CREATE VIEW tidy AS from fine /* all */ filter red>0.1 select cell,red*100 as share")
    (made,) = rows(own, "SHOW VIEWS LIKE 'tidy'")
    assert made["query"] == "SELECT cell, red * 100 AS share FROM fine FILTER red > 0.1"
    found = rows(own, "DESCRIBE tidy")
    assert [(r["column"], r["type"]) for r in found] == [("cell", "cell"), ("share", "number"), ("query", "view")]
    assert found[0]["note"] == "resolution 7" and found[2]["note"] == made["query"]


@pytest.mark.parametrize(
    "text,code",
    [
        (f"CREATE VIEW bright AS {CROPS}", "name_taken"),
        (f"CREATE OR REPLACE VIEW Fine AS {CROPS}", "name_taken"),
        (f"CREATE LAYER bright AS {CROPS}", "name_taken"),
        (f"CREATE OR REPLACE LAYER bright AS {CROPS}", "name_taken"),
        (f'CREATE VIEW "../x" AS {CROPS}', "layer_name"),
        ("CREATE VIEW made AS SELECT cell, redd FROM fine", "unknown_column"),
        ("CREATE OR REPLACE VIEW bright AS SELECT cell FROM bright", "view_cycle"),
        ("CREATE VIEW made AS SELECT cell FROM MADE", "unknown_layer"),
        ("DROP VIEW fine", "unknown_view"),
        ("DROP LAYER bright", "unknown_layer"),
        ("SELECT cell FROM bright AT '2024-05-01'", "no_versions"),
        ("SHOW BANDS bright", "unknown_layer"),
    ],
)
def test_what_is_refused_changes_nothing(own: cubeql.Session, text: str, code: str) -> None:
    before = rows(own, "SHOW VIEWS"), [x.name for x in own.layers]
    assert fault(own, text) == code
    assert (rows(own, "SHOW VIEWS"), [x.name for x in own.layers]) == before


def test_a_cycle_made_behind_the_back_of_analysis_is_told(own: cubeql.Session) -> None:
    own.store.create_view("a", "SELECT cell FROM b")
    own.store.create_view("b", "SELECT cell FROM c")
    own.store.create_view("c", "SELECT cell FROM a")
    with pytest.raises(QueryError, match="a -> b -> c -> a"):
        own.query("SELECT * FROM a")


def test_views_may_be_nested_but_not_without_end(own: cubeql.Session) -> None:
    own.query(f"CREATE VIEW v0 AS {CROPS}")
    for n in range(1, 32):
        own.store.create_view(f"v{n}", f"SELECT cell, class FROM v{n - 1}")
    assert one(own, "SELECT count(*) AS n FROM v30") == 5
    own.store.create_view("v32", "SELECT * FROM v31")
    with pytest.raises(QueryError, match="inside 32 other views"):
        own.query("SELECT * FROM v32")


def test_names_outside_mean_nothing_inside(own: cubeql.Session) -> None:
    own.query("CREATE VIEW counted AS SELECT count(*) AS n FROM classes")
    text = "WITH classes AS (SELECT cell FROM fine) SELECT n FROM counted"
    assert one(own, text) == 12


def test_a_fault_met_while_it_runs_is_placed_at_the_view(own: cubeql.Session, tmp_path: Path) -> None:
    area = tmp_path / "area.geojson"
    own.query(f"CREATE VIEW inside AS SELECT cell, class FROM classes FILTER cell WITHIN FILE '{area}'")
    text = "SELECT count(*) AS n FROM inside"
    with pytest.raises(QueryError) as raised:
        own.query(text)
    span = raised.value.diagnostics[0].span
    assert span is not None and text[span.start : span.end] == "inside"


def test_warnings_are_given_where_it_is_made(own: cubeql.Session) -> None:
    made = own.query("CREATE VIEW mixed AS SELECT v + red AS x FROM fine JOIN twin")
    assert [w.code for w in made.warnings] == ["unit_unlike"]
    assert own.query("SELECT * FROM mixed").warnings == ()


def test_if_exists(own: cubeql.Session) -> None:
    assert "no view" in str(own.query("DROP VIEW IF EXISTS nothere").message)
    assert "dropped" in str(own.query("DROP VIEW IF EXISTS stale").message)


def test_a_damaged_view_is_named(own: cubeql.Session, own_store: Path) -> None:
    (own_store / "names" / "bright.json").write_text("{}")
    with pytest.raises(StoreError, match=r"bright\.json"):
        own.query("SELECT * FROM bright")
    own.query("SELECT * FROM fine LIMIT 1").to_arrow()
    with pytest.raises(StoreError, match=r"bright\.json"):  # it may have been a layer's name
        own.query(f"CREATE OR REPLACE VIEW bright AS {CROPS}")
    (own_store / "names" / "bright.json").unlink()
    own.query(f"CREATE VIEW bright AS {CROPS}")
    assert one(own, "SELECT count(*) AS n FROM bright") == 5
