"""CREATE CELLS, DROP CELLS, SHOW CELLS: places kept by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import cubeql
from cubeql.errors import QueryError, StoreError
from tests.engine.test_creating import one, rows
from tests.engine.test_views import fault

CROP = "SELECT cell FROM classes FILTER class = 'crop'"


def test_a_set_holds_each_cell_of_the_query_once(own: cubeql.Session) -> None:
    made = own.query("CREATE CELLS seen AS SELECT cell FROM fine")
    wanted = rows(own, "SELECT DISTINCT cell FROM fine ORDER BY cell")
    assert rows(own, "SELECT cell FROM seen ORDER BY cell") == wanted
    assert made.stats["cells"] == len(wanted) and f"{len(wanted)} of resolution 7" in str(made.message)


def test_it_stays_when_the_layer_changes(own: cubeql.Session) -> None:
    own.query(f"CREATE CELLS maize AS {CROP}")
    own.query("DROP LAYER classes")
    assert one(own, "SELECT count(*) AS n FROM maize") == 5
    assert one(own, "SELECT count(DISTINCT CELL(6)) AS n FROM fine FILTER cell WITHIN CELLS maize") == 5


def test_cells_of_groups_find_the_rows_they_were_made_of(own: cubeql.Session) -> None:
    """Belonging goes by index, as groups do: not a row more, not a row less."""
    own.query("CREATE CELLS busy AS FROM fine GROUP BY CELL(5) HAVING avg(red) > 0.125 SELECT CELL(5)")
    text = "WITH g AS (FROM fine GROUP BY CELL(5) HAVING avg(red) > 0.125 SELECT CELL(5), count(*) AS n)"
    wanted = one(own, f"{text} SELECT sum(n) AS n FROM g")
    assert one(own, "SELECT count(*) AS n FROM fine FILTER cell WITHIN CELLS busy") == wanted > 0


@pytest.mark.parametrize(
    "operator,together",
    [("EXCEPT", set.difference), ("INTERSECT", set.intersection), ("UNION ALL", set.union)],
)
def test_sets_make_sets(own: cubeql.Session, operator: str, together: Callable[..., set[int]]) -> None:
    own.query("CREATE CELLS crop AS SELECT cell FROM classes FILTER class IN ('crop', 'forest')")
    own.query(f"CREATE CELLS made AS FROM crop SELECT cell {operator} FROM wet SELECT cell")
    crop, wet, made = ({r["cell"] for r in rows(own, f"FROM {name} SELECT cell")} for name in ("crop", "wet", "made"))
    assert made == together(crop, wet) and crop & wet and wet - crop


def test_a_set_made_of_itself(own: cubeql.Session) -> None:
    own.query("CREATE OR REPLACE CELLS wet AS SELECT cell FROM wet ORDER BY cell LIMIT 2")
    assert rows(own, "SHOW CELLS LIKE 'wet'") == [{"cells": "wet", "resolution": 6, "count": 2}]


def test_no_cells_are_a_set_too(own: cubeql.Session) -> None:
    own.query("CREATE CELLS none AS SELECT cell FROM fine FILTER red > 100")
    assert rows(own, "SELECT cell FROM none") == []
    assert one(own, "SELECT count(*) AS n FROM fine FILTER cell WITHIN CELLS none") == 0


def test_show_and_describe(own: cubeql.Session) -> None:
    found = {r["cells"]: (r["resolution"], r["count"]) for r in rows(own, "SHOW CELLS LIKE '%s%'")}
    assert found == {"coast": (4, 7), "spots": (9, 4), "sevens": (7, 28)}
    assert [tuple(r.values()) for r in rows(own, "DESCRIBE coast")] == [
        ("cell", "cell", None, "resolution 4"), ("count", "cells", None, "7"),
    ]  # fmt: skip


def test_other_sessions_see_it_at_once(own: cubeql.Session, own_store: Path) -> None:
    with cubeql.connect(own_store) as other:
        own.query(f"CREATE CELLS maize AS {CROP}")
        assert one(other, "SELECT count(*) AS n FROM maize") == 5
        own.query("CREATE OR REPLACE CELLS maize AS SELECT cell FROM fine FILTER red > 0.2")
        assert one(other, "SELECT count(*) AS n FROM maize") > 5
        own.query("DROP CELLS MAIZE")
        assert fault(other, "SELECT cell FROM fine FILTER cell WITHIN CELLS maize") == "unknown_cells"


def test_explain_names_it_and_says_that_it_prunes(own: cubeql.Session) -> None:
    said = own.explain("FROM wet JOIN fine FILTER fine.cell WITHIN CELLS half SELECT count(*) AS n").text
    assert "cells wet: 4 of resolution 6" in said and "CELLS half" in said


def test_a_driving_set_prunes_the_tiles_of_what_it_meets(own: cubeql.Session) -> None:
    near = own.query("FROM wet JOIN pentfine SELECT count(*) AS n")
    assert near.to_arrow().to_pylist() == [{"n": 0}] and near.stats["tiles_kept"] == 0 < near.stats["tiles_all"]


@pytest.mark.parametrize(
    "text,code",
    [
        (f"CREATE CELLS wet AS {CROP}", "name_taken"),
        (f"CREATE OR REPLACE CELLS fine AS {CROP}", "name_taken"),
        (f"CREATE OR REPLACE CELLS bright AS {CROP}", "name_taken"),
        (f"CREATE OR REPLACE VIEW wet AS {CROP}", "name_taken"),
        ("CREATE OR REPLACE LAYER wet AS SELECT cell, class FROM classes", "name_taken"),
        (f'CREATE CELLS "a b" AS {CROP}', "layer_name"),
        ("CREATE CELLS made AS SELECT cell, class FROM classes", "cells_shape"),
        ("CREATE CELLS made AS SELECT class FROM classes", "cells_shape"),
        ("CREATE CELLS made AS SELECT cell FROM fine UNION ALL SELECT cell FROM classes", "cells_shape"),
        ("CREATE CELLS made AS SELECT nullif(cell, cell) AS cell FROM classes", "cells_shape"),
        ("DROP CELLS fine", "unknown_cells"),
        ("DROP VIEW wet", "unknown_view"),
    ],
)
def test_what_is_refused_changes_nothing(own: cubeql.Session, text: str, code: str) -> None:
    before = rows(own, "SHOW CELLS"), rows(own, "SHOW VIEWS"), [x.name for x in own.layers]
    with pytest.raises(QueryError) as raised:
        own.query(text)
    assert [d.code for d in raised.value.diagnostics] == [code]
    assert (rows(own, "SHOW CELLS"), rows(own, "SHOW VIEWS"), [x.name for x in own.layers]) == before


def test_a_cancelled_statement_keeps_the_old_set(own: cubeql.Session) -> None:
    before = rows(own, "SELECT cell FROM wet ORDER BY cell")
    with pytest.raises(QueryError):
        own.query("CREATE OR REPLACE CELLS wet AS SELECT cell FROM fine", timeout_s=1e-9)
    assert rows(own, "SELECT cell FROM wet ORDER BY cell") == before


def test_a_damaged_set_is_named(own: cubeql.Session, own_store: Path) -> None:
    (place,) = (own_store / "cells").glob("wet-*.parquet")
    place.write_bytes(b"PAR1")
    with pytest.raises(StoreError, match=place.name):
        own.query("SELECT red FROM fine FILTER cell WITHIN CELLS wet")
    own.query("DROP CELLS wet")
    assert "no cells" in str(own.query("DROP CELLS IF EXISTS wet").message)
