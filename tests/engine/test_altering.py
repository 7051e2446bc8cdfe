"""ALTER LAYER: another name, other facts; rows and versions stay as they are."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

import cubeql
from cubeql.errors import QueryError, StoreError
from tests.engine.test_creating import one, rows
from tests.engine.test_views import fault

ROOT = Path(__file__).parents[2]


def test_a_renamed_layer_keeps_its_rows_and_versions(own: cubeql.Session, own_store: Path) -> None:
    with cubeql.connect(own_store) as other:
        before = rows(own, "SELECT * FROM fine ORDER BY cell, time")
        old = rows(own, "SELECT count(*) AS n FROM fine VERSION 0")
        assert rows(other, "SELECT count(*) AS n FROM fine")
        own.query("ALTER LAYER fine RENAME TO eu.Reflectance")
        for session in (own, other):
            assert rows(session, "SELECT * FROM eu.reflectance ORDER BY cell, time") == before
            assert rows(session, "SELECT count(*) AS n FROM eu.reflectance VERSION 0") == old
            assert fault(session, "SELECT red FROM fine") == "unknown_layer"
            assert "eu.Reflectance" in [x.name for x in session.layers]
        assert rows(own, "SHOW VERSIONS eu.reflectance")[0]["what"] == "rename: fine to eu.Reflectance"
    log = DeltaTable(str(own_store / own.store.snapshot("eu.reflectance").table))
    record = log.metadata().configuration["cubeql.layer"]
    assert json.loads(record)["name"] == "eu.Reflectance"


def test_a_renamed_layer_takes_more_rows_and_its_old_name_is_free(own: cubeql.Session) -> None:
    own.query("ALTER LAYER twin RENAME TO temperature")
    own.query("INSERT INTO temperature SELECT cell, time + INTERVAL '20 years' AS time, v FROM temperature")
    own.query("CREATE LAYER twin AS SELECT cell, class FROM classes")
    assert one(own, "SELECT count(*) AS n FROM temperature") == 2 * 307
    assert one(own, "SELECT count(*) AS n FROM twin") == 12
    own.query("DROP LAYER temperature")
    assert fault(own, "SELECT v FROM temperature") == "unknown_layer"


def test_capitals_alone_may_change(own: cubeql.Session) -> None:
    own.query("ALTER LAYER far RENAME TO Far")
    assert "Far" in [x.name for x in own.layers] and one(own, "SELECT count(*) AS n FROM far") > 0


def test_points_and_zones_can_be_renamed(own: cubeql.Session) -> None:
    own.query("ALTER LAYER towers RENAME TO masts")
    own.query("ALTER LAYER parks RENAME TO gardens")
    assert one(own, "SELECT count(*) AS n FROM masts") > 0 and own.layer("gardens").kind == "zones"


def test_a_rename_that_got_half_way_is_whole(own: cubeql.Session, own_store: Path) -> None:
    """The name is right: whoever dies before the record follows has renamed all the same."""
    (own_store / "names" / "fine.json").rename(own_store / "names" / "coarser.json")
    assert own.layer("coarser").name == "coarser"
    assert one(own, "SELECT count(*) AS n FROM coarser") > 0
    own.query("INSERT INTO coarser SELECT cell, time + INTERVAL '20 years' AS time, red FROM coarser LIMIT 1")
    own.query("ALTER LAYER coarser RENAME TO fine")
    assert own.layer("fine").version == 2


def test_a_rename_killed_before_the_old_name_went_is_completed_by_doing_it_again(
    own: cubeql.Session, own_store: Path
) -> None:
    names = own_store / "names"
    text = (names / "fine.json").read_text("utf-8")
    (names / "coarser.json").write_text(text.replace('"fine"', '"coarser"'), "utf-8")
    count = one(own, "SELECT count(*) AS n FROM fine")
    assert one(own, "SELECT count(*) AS n FROM coarser") == count
    own.query("ALTER LAYER fine RENAME TO coarser")
    assert fault(own, "SELECT red FROM fine") == "unknown_layer"
    assert one(own, "SELECT count(*) AS n FROM coarser") == count and own.store.vacuum(timedelta(0)) == []


def test_a_writer_at_work_is_told_and_nothing_is_lost(own: cubeql.Session, own_store: Path) -> None:
    layer = own.layer("twin")
    with pytest.raises(StoreError, match="dropped"), own.store.write(layer, "append", "merge") as write:
        for block in own.store.read_blocks("twin"):
            write.add(block)
        own.query("ALTER LAYER twin RENAME TO other")
    assert one(own, "SELECT count(*) AS n FROM other") == 307
    assert own.store.vacuum(timedelta(0)) == []


def test_facts_are_set_and_taken_away(own: cubeql.Session) -> None:
    own.query("ALTER LAYER fine SET (title 'Clear skies', citation = 'Somebody (2024)')")
    own.query("ALTER LAYER fine SET (licence NULL)")
    found = own.layer("fine")
    assert (found.title, found.citation, found.licence) == ("Clear skies", "Somebody (2024)", None)
    assert own.store.layer("fine", 1).title == "reflectance with clouds"
    assert rows(own, "SHOW VERSIONS fine")[0]["what"] == "alter: licence"
    own.query("ALTER LAYER towers SET (title 'Masts')")
    assert own.layer("towers").title == "Masts"


@pytest.mark.parametrize(
    "text,code",
    [
        ("ALTER LAYER fyne RENAME TO x", "unknown_layer"),
        ("ALTER LAYER bright RENAME TO x", "unknown_layer"),
        ("ALTER LAYER fine RENAME TO twin", "layer_exists"),
        ("ALTER LAYER fine RENAME TO wet", "name_taken"),
        ('ALTER LAYER fine RENAME TO "a/b"', "layer_name"),
        ("ALTER LAYER fine SET (colour 'red')", "unknown_option"),
        ("ALTER LAYER fine SET (title 3)", "bad_fact"),
        ("ALTER LAYER coarse SET (step 'P1D')", "layer_shape"),
        ("ALTER LAYER coarse SET (title 'x', stamp 'end')", "layer_shape"),
        ("ALTER LAYER fine SET (title upper('x'))", "not_a_constant"),
    ],
)
def test_what_is_refused_changes_nothing(own: cubeql.Session, text: str, code: str) -> None:
    before = [(x.name, x.version, x.title, x.time) for x in own.layers]
    with pytest.raises(QueryError) as raised:
        own.query(text)
    assert [d.code for d in raised.value.diagnostics] == [code]
    assert [(x.name, x.version, x.title, x.time) for x in own.layers] == before


SCRIPT = """
import sys, cubeql
from cubeql.errors import QueryError, StoreError
session, done = cubeql.connect(sys.argv[1]), 0
for n in range(12):
    try:
        session.query(f"ALTER LAYER {sys.argv[2]}{n} RENAME TO goal{n}")
        done += 1
    except (QueryError, StoreError):
        pass
print(done)
"""


def test_of_two_processes_that_want_a_name_one_gets_it(own: cubeql.Session, own_store: Path) -> None:
    for n in range(12):
        for name in ("a", "b"):
            own.query(f"CREATE LAYER {name}{n} AS SELECT cell, class FROM classes LIMIT {n + 1}")
    args = [[sys.executable, "-c", SCRIPT, str(own_store), name] for name in ("a", "b")]
    running = [subprocess.Popen(a, cwd=ROOT, stdout=subprocess.PIPE, text=True) for a in args]
    assert sum(int(p.communicate()[0]) for p in running) == 12
    assert all(one(own, f"SELECT count(*) AS n FROM goal{n}") == n + 1 for n in range(12))
    left = [x.name for x in own.layers if x.name[0] in "ab" and x.name[1:].isdigit()]
    assert len(left) == 12


def test_a_damaged_layer_is_listed_and_can_be_dropped(own: cubeql.Session, own_store: Path) -> None:
    log = own_store / own.store.snapshot("fine").table / "_delta_log" / f"{0:020d}.json"
    log.write_text("{")
    with cubeql.connect(own_store) as session:
        listed = {row["layer"]: row["kind"] for row in rows(session, "SHOW LAYERS")}
        assert listed["fine"] == "unreadable" and listed["twin"] == "grid"
        assert "fine" not in [x.name for x in session.layers] and "twin" in [x.name for x in session.layers]
        with pytest.raises(StoreError, match="log cannot be read"):
            session.query("SELECT red FROM fine")
        assert fault(session, "SELECT v FROM twin FILTER cell WITHIN nowhere WHERE name = 'a'") != ""
        session.query("DROP LAYER fine")
        assert "fine" not in [row["layer"] for row in rows(session, "SHOW LAYERS")]
        assert not log.exists()
