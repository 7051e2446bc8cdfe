"""Layers whose arrays do not fit in memory: their tiles meet range by range, and nobody can tell by the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cubeql
from cubeql.catalog import Band, Layer, TimeAxis
from cubeql.engine import meeting, ranges
from cubeql.engine.ranges import Ranges
from cubeql.errors import QueryCancelled, QueryError, StoreError
from cubeql.plan.walking import layers_of
from cubeql.storage import Store, TileBlock
from cubeql.values.cells import BASE_TILES, descendant_range, is_pentagon, parent
from tests.support import product
from tests.support.answers import differences

CELLS = 7**5
_FIRST, _STEP = np.datetime64("2024-01-10", "us"), np.timedelta64(31, "D")
TILES = BASE_TILES[~is_pentagon(BASE_TILES)][:12].tolist()


def values(seed: int) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    return random.integers(0, 100, CELLS).astype(np.int16), random.random(CELLS) < 0.9


def made(folder: Path, tiles: list[int], months: dict[str, tuple[int | None, ...]], portions: int = 1) -> Path:
    store = Store.open(folder, create=True)
    for name, found in months.items():
        layer = Layer(name, 5, (Band("v", "int16"),), None if None in found else TimeAxis())
        for portion in np.array_split(np.array(tiles), portions):
            with store.write(layer, "append" if store.layer(name) is not None else "create") as write:
                for number, tile in enumerate(portion.tolist()):
                    for month in found:
                        time = None if month is None else _FIRST + month * _STEP
                        write.add(TileBlock(tile, time, None, (), {"v": values(number * 40 + (month or 13))}))
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    months: dict[str, tuple[int | None, ...]] = {"a": (1, 2, 3), "b": (1, 2, 3), "c": (2,), "ground": (None,)}
    return made(tmp_path_factory.mktemp("ranges") / "store", TILES, months, portions=3)


@pytest.fixture(params=[1, 2])
def session(store: Path, request: pytest.FixtureRequest) -> Iterator[cubeql.Session]:
    with cubeql.connect(store, threads=request.param) as opened:
        yield opened
        assert not [r for r in opened._running if r.connections.open or not r._closed]


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> list[meeting.Meeting]:
    """Every tile is a range of its own; what meets is noted."""
    found: list[meeting.Meeting] = []
    prepare = meeting.Meeting.prepare
    monkeypatch.setattr(ranges, "FEWEST_BYTES", -1)
    monkeypatch.setattr(ranges, "FITS", 0.0)
    monkeypatch.setattr(ranges, "SHARE", 0.0)
    monkeypatch.setattr(meeting.Meeting, "prepare", lambda self: (found.append(self), prepare(self))[1])
    return found


JOIN = "FROM a JOIN b SELECT count(*) AS n, sum(a.v * b.v) AS s"
STREAM = "FROM a JOIN b SELECT cell, time, a.v, b.v AS w"
STATEMENTS = (
    JOIN,
    "FROM a JOIN b FILTER a.v > 40 GROUP BY CELL(3), time SELECT CELL(3) AS c, time, sum(b.v) AS s ORDER BY c, time",
    "FROM a JOIN b JOIN ground FILTER ground.v > 50 GROUP BY time SELECT time, sum(a.v - b.v) AS s ORDER BY time",
    "FROM a LEFT JOIN c GROUP BY time SELECT time, count(*) AS n, count(c.v) AS m, sum(c.v) AS s ORDER BY time",
    "FROM a SEMI JOIN c ON c.v > 50 GROUP BY time SELECT time, count(*) AS n, sum(a.v) AS s ORDER BY time",
    "FROM a ANTI JOIN c ON c.v > 50 GROUP BY time SELECT time, count(*) AS n, sum(a.v) AS s ORDER BY time",
    "FROM a JOIN b ON TIME AS OF VALID GROUP BY time SELECT time, count(*) AS n, sum(b.v) AS s ORDER BY time",
    "FROM a JOIN c ON TIME NEAREST SELECT count(*) AS n, sum(a.v * c.v) AS s",
    "FROM a JOIN b FILTER a.v > b.v SELECT cell, time, a.v, b.v AS w ORDER BY a.v DESC, cell, time LIMIT 50",
    "FROM a JOIN b GROUP BY time SELECT time, area() AS s ORDER BY time",
    "SELECT count(*) AS n, sum(x.v * y.v) AS s FROM (FROM a JOIN ground SELECT cell, time, a.v) AS x "
    "JOIN (FROM b JOIN c SELECT cell, time, b.v) AS y",
)


@pytest.mark.parametrize("text", STATEMENTS)
def test_the_answer_is_that_of_one_range(
    store: Path, text: str, met: list[meeting.Meeting], monkeypatch: pytest.MonkeyPatch
) -> None:
    with cubeql.connect(store) as session:
        cut = product.query(session, text)
        assert [len(m.ranges.first) for m in met] == [12] * (2 if "AS y" in text else 1)
        monkeypatch.setattr(ranges, "FITS", 1.0)
        whole = product.query(session, text)
    assert len(met) == (2 if "AS y" in text else 1)
    assert not differences(whole, cut, 1e-12)


def test_keys_of_few_values_are_asked_as_they_are(
    store: Path, met: list[meeting.Meeting], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cubeql.engine.knowing.FEWEST_CELLS", 0)
    monkeypatch.setattr("cubeql.engine.knowing.FEWER", 0)
    text = "FROM a JOIN ground GROUP BY a.v // 10 AS x, ground.v // 50 AS y SELECT x, y, count(*) AS n ORDER BY x, y"
    with cubeql.connect(store) as session:
        cut = product.query(session, text)
        assert len(met) == 1
        monkeypatch.setattr(ranges, "FITS", 1.0)
        assert "ENUM" in session.explain(text).sql
        assert not differences(product.query(session, text), cut)


def test_each_range_reads_its_own_rows(session: cubeql.Session, met: list[meeting.Meeting]) -> None:
    product.query(session, JOIN)
    one = met[0]
    assert one.met == [3] * 12
    with session.engine.database.cursor() as cursor:
        scans = [(a.scan, one.ranges.ends(4, a.scan.tile)) for a in layers_of(one.cells)]
        parts = [meeting._part(cursor, s, one.works[s.name], *ends) for s, ends in scans]
        read = [cursor.execute(f"SELECT count(*), count(DISTINCT tile) FROM ({p.query})").fetchone() for p in parts]
    assert read == [(3, 1), (3, 1)]
    assert [p.query.count(".parquet") for p in parts] == [1, 1]  # of three files each


def test_explain_tells_the_ranges(session: cubeql.Session, met: list[meeting.Meeting]) -> None:
    assert any("tiles meet in 12 ranges" in line for line in session.explain(JOIN).plan)
    told = session.explain(JOIN, analyze=True)
    assert any("tiles meet in 12 ranges" in line for line in told.plan)
    assert told.actual["rows"] == 1
    assert len(met) == 2


def test_what_fits_meets_at_once(session: cubeql.Session) -> None:
    assert not any("ranges" in line for line in session.explain(JOIN).plan)


def test_cancel_stops_what_meets(session: cubeql.Session, met: list[meeting.Meeting]) -> None:
    rows = iter(session.query(STREAM))
    next(rows)
    session.cancel()
    with pytest.raises(QueryCancelled):
        list(rows)
    assert not met[0].running.connections.open


def test_cancel_while_a_range_is_made(
    session: cubeql.Session, met: list[meeting.Meeting], monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = "(SELECT sum(x.range + y.range) FROM range(1000000) AS x, range(1000000) AS y) > 0"
    begun = threading.Event()
    text = meeting.Meeting._text

    def slow(self: meeting.Meeting, cursor: Any, number: int) -> str:
        if number < 3:
            return text(self, cursor, number)
        begun.set()
        return f"SELECT * FROM ({text(self, cursor, number)}) WHERE {endless}"

    monkeypatch.setattr(meeting.Meeting, "_text", slow)
    raised: list[BaseException] = []

    def work() -> None:
        try:
            session.query(JOIN).to_arrow()
        except QueryError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(20)
    began = time.monotonic()
    session.cancel()
    thread.join(20)
    assert isinstance(raised[0], QueryCancelled)
    assert time.monotonic() - began < 10


def test_who_stops_reading_leaves_nothing(session: cubeql.Session, met: list[meeting.Meeting]) -> None:
    for _ in range(5):
        with session.query(STREAM) as result:
            next(iter(result))
    assert [m.running.connections.open for m in met] == [[]] * 5
    assert all(m.running._closed for m in met)
    assert product.query(session, JOIN).rows


def test_a_file_that_goes_away_is_told(tmp_path: Path, met: list[meeting.Meeting]) -> None:
    folder = made(tmp_path / "store", TILES, {"a": (1, 2), "b": (1, 2)}, portions=4)
    with cubeql.connect(folder) as session:
        rows = iter(session.query(STREAM))
        next(rows)
        for file in folder.glob("layers/b-*/data/**/*.parquet"):
            file.unlink()
        with pytest.raises(StoreError, match="cannot be read"):
            list(rows)
        assert not met[0].running.connections.open


def test_what_does_not_fit_meets_within_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path / "store", TILES, {"a": tuple(range(96)), "b": tuple(range(96))})
    with cubeql.connect(folder, memory_limit="60MB", threads=2) as session:
        assert product.query(session, "FROM a JOIN b SELECT count(*) AS n").rows
        monkeypatch.setattr(ranges, "FITS", 1e9)
        with pytest.raises(QueryError, match="more memory"):
            product.query(session, "FROM a JOIN b SELECT count(*) AS n")


@pytest.mark.parametrize("resolution", [0, 1, 2, 3])
def test_ranges_take_each_tile_once(resolution: int) -> None:
    cut = Ranges(tuple(sorted(TILES)[::4]), 0, 1)
    ends = [cut.ends(n, resolution) for n in range(3)]
    assert [low for low, _ in ends[1:]] == [high + 1 for _, high in ends[:-1]]
    assert (ends[0][0], ends[-1][1]) == (0, 2**63 - 1)
    low, high = descendant_range(sorted(TILES)[5], resolution)
    assert ends[1][0] <= low <= high <= ends[1][1]


def test_a_coarser_tile_belongs_to_every_range_that_it_reaches() -> None:
    fine = [descendant_range(sorted(TILES)[n], 2)[0] for n in (0, 0, 3)]
    fine[1] += 7 << 36  # another child of the first
    cut = Ranges(tuple(sorted(fine)), 2, 1)
    first = parent(fine[0], 0)
    assert cut.ends(0, 0)[1] >= first
    assert cut.ends(1, 0)[0] <= first
