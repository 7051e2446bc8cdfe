"""Queries over files of which some lack a band that the layer got later: as if it had always been there, and NULL.

Each answer is held against the same layer compacted, where every file has every band, and some against plain counts.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.catalog import Band
from cubeql.storage import Store
from tests.engine.test_creating import one, rows
from tests.storage.making import BASE_TILES, block, layer, put
from tests.support import product

T, N, C = (
    Band("t", "float32"),
    Band("n", "int16"),
    Band("c", "int16", kind="categorical", classes=tuple(zip(range(1, 6), "abcde", strict=True))),
)
TILES = [*[int(t) for t in BASE_TILES if int(t) % 2][:3], int(BASE_TILES[4])]

QUERIES = [
    "SELECT count(*) AS x, count(t) AS t, count(c) AS c, mode(c) AS s FROM {}",
    "SELECT cell, time, c FROM {}",
    "SELECT cell, c FROM {} FILTER time IN '2024-05-01'",
    "SELECT cell, time, t, c FROM {} FILTER c IS NULL",
    "SELECT time, count(*) AS n FROM {} FILTER c = 'a' GROUP BY time",
    "SELECT time, count(*) AS n FROM {} FILTER c IN (4, 5) AND t > 275 GROUP BY time",
    "SELECT time, min(c) AS a, max(c) AS b, count(c) AS n, count(*) AS all_ FROM {} GROUP BY time",
    "SELECT cell, count(c) AS n, count(*) AS rows_ FROM {} GROUP BY CELL(0)",
    "SELECT cell, max(t) AS t, max(c) AS c FROM {} GROUP BY CELL(2)",
    "SELECT c, count(*) AS n, round(area(), 3) AS km2 FROM {} GROUP BY c",
    "SELECT cell, latest(c) AS c, latest(t) AS t FROM {} GROUP BY cell",
    "SELECT cell, c, t FROM {} AT '2024-06-01'",
    "FROM {} AS a JOIN {} AS b ON TIME AS OF SELECT a.cell, a.time, a.c, b.t, b.c AS d",
    "FROM {} AS a JOIN {} AS b ON TIME NEAREST VALID SELECT a.cell, a.time, b.c",
    "FROM {} AS a LEFT JOIN {} AS b ON TIME EQUAL SELECT count(*) AS n, count(b.c) AS c",
    "SELECT time, t, c FROM {} FILTER cell WITHIN DISK('{tile}', 0) AND t < 285",
]


def grown(store: Store, first: tuple[Band, ...]) -> None:
    """Rows of some bands, then of one more, and older rows that gain it."""
    before = layer("grown", resolution=4, bands=first)
    for day in (1, 2):
        made = [block(before, t, f"2024-05-{day:02d}", seed=day) for t in TILES]
        put(store, before, *made, mode="append" if day > 1 else "create", buffer_bytes=made[0].nbytes * 2)
    after = replace(before, bands=(*first, C))
    more = [block(after, t, "2024-05-03", seed=3) for t in TILES]
    again = [block(after, TILES[0], "2024-05-02", seed=4)]
    put(store, after, *more, *again, mode="append", on_conflict="merge", add_bands=True)


@pytest.fixture(scope="module", params=[(T,), (N, T)], ids=["one band", "two bands"])
def sessions(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Sessions on the layer as it grew, with and without rules, and on it compacted."""
    folder = tmp_path_factory.mktemp("grown")
    grown(Store.open(folder / "as it is", create=True), request.param)
    shutil.copytree(folder / "as it is", folder / "compacted")
    compacted = Store.open(folder / "compacted")
    compacted.compact("grown")
    assert set(compacted.snapshot("grown").files["lacks"].to_pylist()) == {""}
    made = [
        cubeql.connect(folder / n, **how)
        for n, how in (("as it is", {}), ("as it is", {"rules": ()}), ("compacted", {}))
    ]
    product.keep_arrays(made[0])  # but of files that lack a band
    assert set(made[0].store.snapshot("grown").files["lacks"].to_pylist()) == {"", "c"}
    yield made
    for session in made:
        session.close()


@pytest.mark.parametrize("query", QUERIES)
def test_a_layer_that_grew_answers_as_one_that_always_had_the_band(sessions: Any, query: str) -> None:
    from cubeql.values.cells import format_cell

    text = query.replace("{tile}", format_cell(TILES[0])).replace("{}", "grown")
    answers = [sorted(map(repr, rows(session, text))) for session in sessions]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]


def test_rows_are_counted_whatever_bands_they_have(sessions: Any) -> None:
    with_, all_ = (one(sessions[0], f"SELECT count({x}) AS n FROM grown") for x in ("c", "*"))
    blocks = list(sessions[0].store.read_blocks("grown"))
    valid = [[v for _, v in b.bands.values()] for b in blocks]
    footprint = sum(int(v[0].sum() if len(v) == 1 else (sum(x.astype(int) for x in v) > 0).sum()) for v in valid)
    assert all_ == footprint
    assert with_ == sum(int(b.bands["c"][1].sum()) for b in blocks) < all_


def test_explain_and_describe_and_show_work_on_it(sessions: Any) -> None:
    explained = [
        s.explain("SELECT max(c) AS c FROM grown FILTER c = 'b' GROUP BY CELL(2)", analyze=True) for s in sessions
    ]
    assert all(e.text for e in explained)
    assert [r["column"] for r in rows(sessions[0], "DESCRIBE grown")].count("c") == 1
    assert [rows(s, "SHOW TIMES grown") for s in sessions[:2]] == [rows(sessions[2], "SHOW TIMES grown")] * 2


def test_files_without_the_band_are_not_read_for_its_values(sessions: Any) -> None:
    result = sessions[0].query("SELECT cell, c FROM grown FILTER c = 'b'")
    result.to_arrow()
    assert result.stats["files_kept"] < result.stats["files_all"]


def test_statements_insert_and_copy_a_layer_that_grew(sessions: Any, tmp_path: Path) -> None:
    shutil.copytree(sessions[0].store.address.path, tmp_path / "own")
    with cubeql.connect(tmp_path / "own") as own:
        count = one(own, "SELECT count(*) AS n FROM grown")
        bands = ", ".join(b.name for b in own.layer("grown").bands)
        own.query(f"INSERT OR REPLACE INTO grown SELECT cell, time, {bands} FROM grown FILTER time IN '2024-05-01'")
        own.query(f"INSERT INTO grown SELECT cell, time + INTERVAL '1 year' AS time, {bands} FROM grown")
        assert one(own, "SELECT count(*) AS n FROM grown") == 2 * count
        own.query("CREATE LAYER copied AS SELECT cell, time, t, c FROM grown")
        assert one(own, "SELECT count(c) AS n FROM copied") == one(own, "SELECT count(c) AS n FROM grown")
