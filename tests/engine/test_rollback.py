"""ALTER LAYER … ROLLBACK: the rows, bands and facts of an earlier version, and all of history with them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import cubeql
from tests.engine.test_creating import one, rows
from tests.engine.test_views import fault
from tests.storage.making import busy

ALL = "SELECT * FROM paired{} ORDER BY cell, time"


def state(session: cubeql.Session, name: str = "paired", version: int | None = None) -> tuple[Any, ...]:
    """All rows of a layer at a version, and what is known of it."""
    at = "" if version is None else f" VERSION {version}"
    layer = session.store.snapshot(name, version).layer
    facts = (layer.title, layer.licence, tuple((b.name, b.storage, b.unit) for b in layer.bands))
    return rows(session, ALL.format(at).replace("paired", name)), facts


def change_often(session: cubeql.Session) -> list[tuple[Any, ...]]:
    """Commits of every kind; the state after each."""
    session.query("CREATE LAYER paired AS SELECT * FROM twin")
    states = [state(session)]
    for text in (
        "INSERT INTO paired SELECT cell, time + INTERVAL '20 years' AS time, v FROM paired",
        "ALTER LAYER paired SET (title 'changed')",
        "INSERT OR REPLACE INTO paired SELECT cell, time, v + 1 AS v FROM paired FILTER year(time) < 2030",
        "CREATE OR REPLACE LAYER paired AS SELECT cell, time, red AS r, nir AS n FROM fine",
    ):
        session.query(text)
        states.append(state(session))
    assert [s.version for s in session.store.history("paired")] == [4, 3, 2, 1, 0]
    assert all(a != b for a, b in pairwise(states))
    return states


def test_every_version_comes_back_whole_and_stays(own: cubeql.Session) -> None:
    states = change_often(own)
    for made, wanted in enumerate([0, 3, 1, 4, 2, 0], start=5):
        result = own.query(f"ALTER LAYER paired ROLLBACK TO VERSION {wanted}")
        assert result.message == f"layer paired: version {made} is as version {wanted} was"
        assert state(own) == states[wanted]
        states.append(states[wanted])
        for version, then in enumerate(states):
            assert state(own, version=version) == then, f"version {version} changed"


def test_rows_are_added_to_what_a_rollback_left(own: cubeql.Session) -> None:
    (before, _), *_ = change_often(own)
    own.query("ALTER LAYER paired ROLLBACK TO VERSION 0")
    own.query("INSERT INTO paired SELECT cell, time + INTERVAL '40 years' AS time, v FROM paired")
    assert len(state(own)[0]) == 2 * len(before)


def test_an_instant_names_the_version_too(own: cubeql.Session) -> None:
    states = change_often(own)
    times = [v["time"] for v in reversed(rows(own, "SHOW VERSIONS paired"))]
    own.query("ALTER LAYER paired ROLLBACK TO VERSION AT $t", {"t": times[1]})
    assert state(own) == states[1]
    assert fault(own, "ALTER LAYER paired ROLLBACK TO VERSION AT '1990-01-01'") == "before_first_version"


def test_where_nothing_changes_no_version_is_made(own: cubeql.Session) -> None:
    change_often(own)
    said = own.query("ALTER LAYER paired ROLLBACK TO VERSION 4").message
    assert said == "layer paired is as it was at version 4 already"
    own.query("ALTER LAYER paired ROLLBACK TO VERSION 1")
    own.query("ALTER LAYER paired ROLLBACK TO VERSION 1")
    assert own.store.snapshot("paired").version == 5


def test_the_name_of_now_stays(own: cubeql.Session) -> None:
    states = change_often(own)
    own.query("ALTER LAYER paired RENAME TO couple")
    own.query("ALTER LAYER couple ROLLBACK TO VERSION 0")
    assert state(own, "couple") == states[0] and own.layer("couple").name == "couple"
    assert state(own, "couple", 3) == states[3]
    assert fault(own, "ALTER LAYER paired ROLLBACK TO VERSION 0") == "unknown_layer"


def test_a_layer_made_anew_has_none_of_the_versions_before(own: cubeql.Session) -> None:
    change_often(own)
    own.query("DROP LAYER paired")
    own.query("CREATE LAYER paired AS SELECT cell, max(red) AS red FROM fine GROUP BY cell")
    assert fault(own, "ALTER LAYER paired ROLLBACK TO VERSION 1") == "unknown_version"
    assert [v["version"] for v in rows(own, "SHOW VERSIONS paired")] == [0]


@pytest.mark.parametrize("name", ["towers", "parks"])
def test_points_and_zones_go_back_too(own: cubeql.Session, name: str) -> None:
    before = own.store.read_rows(name)
    last = own.store.snapshot(name).version
    with own.store.write_rows(own.layer(name), "append") as write:
        given = [c for c in before.column_names if c not in ("cell", "zone", "xmin", "ymin", "xmax", "ymax")]
        write.add(before.select(given))
    assert own.store.read_rows(name).num_rows == 2 * before.num_rows
    own.query(f"ALTER LAYER {name} ROLLBACK TO VERSION {last}")
    assert own.store.read_rows(name).equals(before)


def test_what_versions_added_and_removed_adds_up(own: cubeql.Session) -> None:
    change_often(own)
    own.query("ALTER LAYER paired ROLLBACK TO VERSION 3")
    shown = rows(own, "SHOW VERSIONS paired")
    assert [v["what"].partition(":")[0] for v in shown] == [
        "rollback", "replace", "append", "alter", "append", "create",
    ]  # fmt: skip
    for version in range(len(shown)):
        files = own.store.snapshot("paired", version).files
        kept = [v for v in shown if v["version"] <= version]
        for what, count in (("files", files.num_rows), ("rows", files["rows"]), ("bytes", files["bytes"])):
            there = count if isinstance(count, int) else sum(count.to_pylist())
            assert there == sum(v[f"{what}_added"] - v[f"{what}_removed"] for v in kept), (what, version)


def test_a_commit_in_between_is_undone_and_kept_in_history(own: cubeql.Session, own_store: Path) -> None:
    states = change_often(own)
    text = "ALTER LAYER paired SET (title '{}')"
    others = ["first", "second"]
    slow = busy(own.store, *[lambda: own.query(text.format(others.pop()))] * 2)
    assert slow.rollback("paired", 0) == 7
    assert state(own) == states[0] and not others
    assert own.store.snapshot("paired", 6).layer.title == "first"


def test_files_behave_as_statistics_say_after_a_rollback(own: cubeql.Session) -> None:
    """Pruning reads what the log says of a file: a rollback must say the same again."""
    own.query("CREATE LAYER paired AS SELECT * FROM twin")
    before = own.store.snapshot("paired").files
    own.query("CREATE OR REPLACE LAYER paired AS SELECT cell, time, v FROM paired FILTER v > 1e9")
    assert one(own, "SELECT count(*) AS n FROM paired") == 0
    own.query("ALTER LAYER paired ROLLBACK TO VERSION 0")
    assert own.store.snapshot("paired").files.sort_by("path").equals(before.sort_by("path"))
