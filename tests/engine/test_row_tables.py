"""Summaries that were read stay in memory, of the files that they were read of and of no others."""

from __future__ import annotations

from pathlib import Path

import pytest

import cubeql
from cubeql.engine import rowtables
from tests.engine.test_creating import rows

MEAN = "SELECT avg(v) AS mean, count(v) AS n FROM twin"


def _files(session: cubeql.Session) -> list[Path]:
    return [Path(p) for p in session.store.snapshot("twin").files["path"].to_pylist()]


def test_summaries_that_are_asked_for_again_are_kept(own: cubeql.Session) -> None:
    assert "summaries" in own.explain(MEAN).text
    before = rows(own, MEAN)
    assert rows(own, MEAN) == before
    for file in _files(own):
        file.unlink()
    assert rows(own, MEAN) == before
    with pytest.raises(cubeql.CubeQLError):
        rows(own, f"{MEAN} FILTER v > 1")


def test_each_version_has_its_own_summaries(own: cubeql.Session) -> None:
    before, version = rows(own, MEAN), own.store.snapshot("twin").version
    own.query("INSERT OR REPLACE INTO twin SELECT cell, time, v + 1 AS v FROM twin")
    after = rows(own, MEAN)
    assert after[0]["n"] == before[0]["n"]
    assert after[0]["mean"] == pytest.approx(before[0]["mean"] + 1)
    assert rows(own, MEAN.replace("twin", f"twin VERSION {version}")) == before


def test_large_summaries_are_read_where_they_lie(own: cubeql.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowtables, "_MOST_ROWS", 0)
    rows(own, MEAN)
    for file in _files(own):
        file.unlink()
    with pytest.raises(cubeql.CubeQLError):
        rows(own, MEAN)
