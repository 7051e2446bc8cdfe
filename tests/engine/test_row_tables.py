"""Keys and summaries that were read stay in memory, of the files that they were read of and of no others."""

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


def test_conditions_are_asked_of_memory(own: cubeql.Session) -> None:
    least = rows(own, "SELECT min(v) AS least FROM twin")[0]["least"]
    settled = f"{MEAN} FILTER v > {least - 1}"
    before = rows(own, settled)
    assert rows(own, settled) == before
    for file in _files(own):
        file.unlink()
    assert rows(own, settled) == before


@pytest.mark.parametrize(
    "text",
    [
        "FROM cover FILTER height > 100 SELECT count(*) AS n, sum(height) AS s",
        "FROM cover FILTER height > 100 GROUP BY time SELECT time, sum(height) AS s ORDER BY time",
        "FROM cover FILTER height > 100 GROUP BY month(time) AS m SELECT m, max(height) AS s, count(*) AS n ORDER BY m",
        "FROM cover FILTER height > 100 GROUP BY CELL(5) AS c SELECT c, avg(height) AS s ORDER BY c",
        "FROM cover FILTER kind = 2 SELECT count(*) AS n, min(height) AS s",
        "FROM cover FILTER kind = 2 GROUP BY CELL(2) AS c SELECT c, count(*) AS n ORDER BY c",
        "FROM cover SELECT count(*) FILTER (WHERE height > 100) AS n, sum(height) FILTER (WHERE kind = 2) AS s",
        "FROM cover FILTER height > 100 AND time DURING '2024' SELECT time, cell, height ORDER BY time, cell",
        "FROM cover GROUP BY kind SELECT kind, count(*) AS n ORDER BY kind",
        "FROM cover FILTER time IN '2024-05' SELECT sum(height) AS s, count(kind) AS n",
        "FROM forecast FILTER wind > 6 GROUP BY horizon SELECT horizon, count(*) AS n, sum(wind) AS s ORDER BY horizon",
        "FROM fine JOIN twin ON TIME AS OF FILTER v > 280 SELECT count(*) AS n, sum(v) AS s",
        "FROM sparse FILTER a > 0 SELECT count(*) AS n",
        "FROM twin FILTER v > 1000000 GROUP BY time SELECT time, count(*) AS n",
        "FROM twin FILTER v > 1000000 SELECT count(*) AS n, sum(v) AS s",
    ],
)
def test_asking_again_gives_the_same(own_store: Path, text: str) -> None:
    with cubeql.connect(own_store, rules=()) as plain, cubeql.connect(own_store) as session:
        wanted = _told(plain, text)
        for _ in range(4):
            assert _told(session, text) == wanted


def _told(session: cubeql.Session, text: str) -> list[list[object]]:
    """The rows; floats as far as sums in another order are equal."""
    return [[f"{v:.9g}" if isinstance(v, float) else v for v in row.values()] for row in rows(session, text)]
