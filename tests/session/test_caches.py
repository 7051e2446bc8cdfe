"""What a session remembers is never older than the store: each change is made by another session on the same folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql import QueryError
from cubeql.catalog.rights import Who
from cubeql.engine.running import Running
from cubeql.engine.statements import call
from cubeql.lang import parse_statement, parser
from cubeql.session import Session

COUNT = "SELECT count(*) AS n, count(DISTINCT cell) AS cells FROM mine"


@pytest.fixture
def other(own_store: Path, own: cubeql.Session) -> Iterator[cubeql.Session]:
    """Somebody else's session on the store, with an engine and caches of its own; both know a layer, a view, a set."""
    with cubeql.connect(own_store) as session:
        session.query("CREATE LAYER mine AS SELECT cell, time, red FROM fine").to_arrow()
        session.query("CREATE VIEW seen AS SELECT cell, red FROM mine").to_arrow()
        session.query("CREATE CELLS some AS SELECT cell FROM classes GROUP BY cell ORDER BY cell LIMIT 3").to_arrow()
        yield session


def told(session: Session, text: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = session.query(text).to_arrow().to_pylist()
    return rows


CHANGES = {
    "rows": ("INSERT INTO mine SELECT cell, time + INTERVAL '90 days' AS time, red FROM fine", COUNT),
    "other rows of the name": (
        "DROP LAYER mine; CREATE LAYER mine AS SELECT cell, time, red FROM fine FILTER red > 0.2",
        COUNT,
    ),
    "an earlier version": (
        "INSERT INTO mine SELECT cell, time + INTERVAL '90 days' AS time, red FROM fine;"
        "ALTER LAYER mine ROLLBACK TO VERSION 1",
        "SHOW VERSIONS mine",
    ),
    "a unit": ("ALTER LAYER mine ALTER BAND red SET (unit 'K')", "DESCRIBE mine"),
    "a title": ("ALTER LAYER mine SET (title 'Ours')", "SHOW LAYERS"),
    "a view": (
        "CREATE OR REPLACE VIEW seen AS SELECT cell, red + 1 AS red FROM mine",
        "SELECT max(red) AS m FROM seen",
    ),
    "a set of cells": (
        "CREATE OR REPLACE CELLS some AS SELECT cell FROM classes GROUP BY cell ORDER BY cell LIMIT 1",
        "SELECT count(*) AS n FROM classes FILTER cell WITHIN CELLS some",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_another_session_changes_is_seen_at_once(own: Session, other: Session, what: str) -> None:
    change, question = CHANGES[what]
    before = told(own, question)
    assert told(own, question) == before  # of all caches
    for text in change.split(";"):
        other.query(text).to_arrow()
    after = told(own, question)
    assert after != before and after == told(other, question)


def test_a_name_that_went_elsewhere_is_unknown_at_once(own: Session, other: Session) -> None:
    assert told(own, COUNT)
    other.query("ALTER LAYER mine RENAME TO theirs").to_arrow()
    with pytest.raises(QueryError, match="no layer 'mine'"):
        told(own, COUNT)
    assert told(own, COUNT.replace("mine", "theirs"))


def test_zones_that_another_session_writes_anew_hold_other_cells(own: Session, other: Session, tmp_path: Path) -> None:
    question = "SELECT count(*) AS n FROM fine JOIN parks"
    assert told(own, question)[0]["n"]
    (tmp_path / "far.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "far"}, "geometry":'
        ' {"type": "Polygon", "coordinates": [[[100, -40], [101, -40], [101, -39], [100, -40]]]}}]}'
    )
    other.query("DROP LAYER parks").to_arrow()
    other.ingest(tmp_path / "far.geojson", "parks")
    assert told(own, question) == [{"n": 0}]


def test_rights_that_another_session_gives_and_takes_count_at_once(own: Session, other: Session) -> None:
    other.query("CREATE LAYER anna.hers AS SELECT cell, time, red FROM fine").to_arrow()
    with own.for_user(Who("bert")) as bert:
        for _ in range(2):
            with pytest.raises(QueryError):
                told(bert, "SELECT count(*) AS n FROM anna.hers")
            other.query("GRANT READ ON anna.hers TO bert").to_arrow()
            assert told(bert, "SELECT count(*) AS n FROM anna.hers")
            other.query("REVOKE READ ON anna.hers FROM bert").to_arrow()


def test_files_that_were_put_in_order_elsewhere_are_found(own: Session, other: Session) -> None:
    before = told(own, COUNT)
    other.query("INSERT INTO mine SELECT cell, time + INTERVAL '90 days' AS time, red FROM fine").to_arrow()
    assert told(own, COUNT) != before
    before = told(own, COUNT)
    other.compact("mine")
    other.vacuum("mine", keep_versions=1)
    assert told(own, COUNT) == before


def test_texts_are_read_once_and_few_are_kept() -> None:
    text = "SELECT red FROM fine -- kept"
    assert parse_statement(text) is parse_statement(text)
    for n in range(parser.KEPT):
        parse_statement(f"SELECT {n} FROM fine")
    assert parser._parsed.cache_info().currsize == parser.KEPT
    long = f"SELECT red FROM fine -- {'x' * parser.KEPT_CHARACTERS}"
    assert parse_statement(long) is not parse_statement(long)


class Counting:
    """A connection of the engine that tells what it is asked."""

    def __init__(self, connection: Any, told: list[str]) -> None:
        self._connection, self._told = connection, told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, text: str, *values: Any) -> Any:
        """Note the text, and run it."""
        self._told.append(text)
        return self._connection.execute(text, *values)


WORK = {
    "SELECT count(*) AS n FROM classes": ("WITH",),
    "FROM fine FILTER cell WITHIN POINT(25.0, 46.5) SELECT time, red": ("WITH",),
    "SHOW LAYERS": (),
}


@pytest.mark.parametrize("text", WORK)
def test_a_short_question_asks_little_of_the_engine(cube: Session, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):  # summaries and keys are kept in memory from then on
        told(cube, text)
    asked: list[str] = []
    monkeypatch.setattr(call, "Running", lambda cursor, *given: Running(Counting(cursor, asked), *given))
    told(cube, text)
    assert [a.startswith(w) for a, w in zip(asked, WORK[text], strict=True)] == [True] * len(WORK[text]), asked
