"""What a short question asks of the engine in a session that has asked before, counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.engine import tilekeys
from cubeql.engine.running import Running
from cubeql.engine.statements import call
from cubeql.grid.ground import GroundShape
from tests.engine.test_creating import rows
from tests.session.test_caches import Counting

PLACE = "SELECT time, red FROM fine FILTER cell WITHIN POINT(11.49, 48.17) ORDER BY time"
POLYGON = """SELECT time, avg(red) AS r FROM fine FILTER cell WITHIN CIRCLE(11.55, 48.16, '3 km')
             GROUP BY time ORDER BY time"""
JOINED = """SELECT time, red, t2m FROM fine JOIN coarse ON TIME DURING
            FILTER cell WITHIN POINT(11.49, 48.17) ORDER BY time"""
MONTHS = "SELECT month(time) AS m, CELL(2) AS c, avg(red) AS r FROM fine GROUP BY month(time), CELL(2) ORDER BY m, c"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What statements execute."""
    texts: list[str] = []
    monkeypatch.setattr(call, "Running", lambda cursor, *given: Running(Counting(cursor, texts), *given))
    return texts


@pytest.mark.parametrize("text", [PLACE, POLYGON, JOINED, MONTHS], ids=["place", "polygon", "joined", "months"])
def test_a_short_question_asks_the_engine_once(own: cubeql.Session, asked: list[str], text: str) -> None:
    first = rows(own, text)
    asked.clear()
    assert rows(own, text) == first
    asked.clear()
    assert rows(own, text) == first
    assert len(asked) == 1


@pytest.mark.parametrize("text", [PLACE, POLYGON, JOINED], ids=["place", "polygon", "joined"])
def test_few_cells_are_taken_by_their_slots(own: cubeql.Session, asked: list[str], text: str) -> None:
    rows(own, text)
    arrays = asked[-1].count("unnest(") - asked[-1].count('unnest("below")')  # which are tiles, not cells
    slots = asked[-1].count("unnest(list_select(")
    assert arrays == slots > 0


def test_a_region_without_whole_tiles_asks_for_no_summaries(own: cubeql.Session, asked: list[str]) -> None:
    assert "summaries" in own.explain(POLYGON).text
    rows(own, POLYGON)
    assert "UNION ALL" not in asked[-1]


def test_keys_are_of_the_files_of_a_version(own: cubeql.Session) -> None:
    text = "SELECT count(*) AS n FROM twin FILTER cell WITHIN POINT(11.55, 48.16)"
    before, version = [rows(own, text) for _ in range(3)][-1], own.store.snapshot("twin").version
    own.query("INSERT INTO twin SELECT cell, time + INTERVAL '900 days' AS time, v FROM twin")
    assert rows(own, text)[0]["n"] == 2 * before[0]["n"] > 0
    assert rows(own, text.replace("twin", f"twin VERSION {version}")) == before


def test_many_keys_are_read_where_they_lie(
    own: cubeql.Session, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tilekeys, "_MOST_ROWS", 0)
    for _ in range(3):
        asked.clear()
        rows(own, PLACE)
    assert len(asked) == 2


def test_keys_in_memory_tell_what_files_do(own_store: Path) -> None:
    layers = ("sparse", "pent", "fine", "forecast", "finer")
    found = []
    with cubeql.connect(own_store) as session:
        for _ in range(3):
            found.append([_stats(session, name) for name in layers])
    assert found[0] == found[1] == found[2]


def _stats(session: cubeql.Session, layer: str) -> tuple[Any, Any]:
    text = f"SELECT count(*) AS n FROM {layer} FILTER cell WITHIN BBOX(0, 40, 30, 60) AND cell IS NOT NULL"
    result = session.query(text)
    return result.to_arrow().to_pylist(), {k: v for k, v in result.stats.items() if not k.endswith("seconds")}


def test_covers_and_masks_of_a_region_are_made_once(own: cubeql.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    before = rows(own, POLYGON)
    for method in ("cover_ranges", "mask"):
        monkeypatch.setattr(GroundShape, method, lambda *_: pytest.fail("made again"))
    assert rows(own, POLYGON) == before
    assert rows(own, POLYGON.replace("avg(red)", "max(nir)"))
