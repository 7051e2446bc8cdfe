"""The stress that ``python -m scripts.stress`` puts on a store, in short; and that its judges see what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from cubeql.storage import Store
from scripts.stress import full, kills, writers
from scripts.stress.ground import EVENT_TILES, EVENTS, filled, lay_events
from scripts.stress.ledger import Ledger, known
from scripts.stress.reading import Reader, Torn
from scripts.stress.servers import s3_server
from scripts.stress.state import is_between, state_of

TIME, OTHER = "2001-01-01T00:01:00", "2001-01-01T00:02:00"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path / "store", create=True)
    lay_events(store)
    (tmp_path / "ledger").mkdir()
    return store


def put(store: Store, time: str, value: int, tiles: int = len(EVENT_TILES)) -> None:
    with store.write(EVENTS, "append", "replace") as write:
        for tile in EVENT_TILES[:tiles]:
            write.add(filled(EVENTS, tile, time, value))


CHECKS = ("_summaries", "_arrays", "_blocks")


def told(tmp_path: Path, *facts: tuple[str, int]) -> None:
    with Ledger(tmp_path / "ledger", 0) as ledger:
        for time, value in facts:
            ledger.meant(time, value)
            ledger.told(time, value)


@pytest.mark.parametrize("check", CHECKS)
def test_the_judge_accepts_what_was_told_and_sees_what_is_lost_torn_or_made_up(
    store: Store, tmp_path: Path, check: str
) -> None:
    put(store, TIME, 7)
    told(tmp_path, (TIME, 7))
    reader = Reader(str(tmp_path / "store"), tmp_path / "ledger", 1)
    judge = getattr(reader, check)
    judge(known(tmp_path / "ledger"))
    told(tmp_path, (OTHER, 8))
    with pytest.raises(Torn, match="has the value None"):  # told, and not there
        judge(known(tmp_path / "ledger"))
    put(store, OTHER, 8, tiles=len(EVENT_TILES) - 1)
    with pytest.raises(Torn, match="is torn"):
        judge(known(tmp_path / "ledger"))
    put(store, OTHER, 9)
    with pytest.raises(Torn, match="has the value 9"):
        judge(known(tmp_path / "ledger"))


def test_a_commit_under_way_may_be_seen_or_not(tmp_path: Path) -> None:
    with Ledger(tmp_path, 3) as ledger:
        ledger.meant(TIME, 1)
        before = known(tmp_path)
        assert known(tmp_path).allowed(TIME, before) == {None, 1}
        ledger.told(TIME, 1)
        assert known(tmp_path).allowed(TIME, before) == {None, 1}
        assert known(tmp_path).allowed(TIME, known(tmp_path)) == {1}
        ledger.meant(TIME, 2)
        assert known(tmp_path).allowed(TIME, known(tmp_path)) == {1, 2}


def test_states_tell_whole_times_from_parts(store: Store) -> None:
    before = state_of(store)
    put(store, TIME, 7, tiles=3)
    part = state_of(store)
    put(store, TIME, 7)
    one = state_of(store)
    put(store, OTHER, 8)
    both = state_of(store)
    assert is_between(before, one, both) and is_between(before, before, both)
    assert not is_between(before, part, both)
    assert not is_between(one, before, both), "rows that were there are gone"
    assert not is_between(before, both, one), "more than was asked for"


@pytest.mark.slow
def test_writers_and_readers_at_once_lose_and_tear_nothing(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    found = writers.run(str(tmp_path / "store"), tmp_path / "ledger", 6, 2, 2, seed=3,
                        enough=lambda: bool(known(tmp_path / "ledger").told))  # fmt: skip
    assert not found.faults and not found.failed and not found.unknown
    assert sum(found.writes.values()) > 0 and sum(found.reads.values()) > 0


@pytest.mark.slow
@pytest.mark.s3
def test_writers_and_readers_of_an_s3_server_that_is_killed_lose_and_tear_nothing(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    with s3_server(tmp_path / "server", every_s=3) as (address, restarts):
        found = writers.run(address, tmp_path / "ledger", 10, 2, 2, seed=3, meanwhile=restarts,
                            enough=lambda: restarts.count >= 2 and bool(known(tmp_path / "ledger").told))  # fmt: skip
    assert not found.faults and restarts.count >= 2
    assert sum(found.writes.values()) > 0 and sum(found.reads.values()) > 0


@pytest.mark.slow
def test_killed_work_is_undone_or_done(tmp_path: Path) -> None:
    found = kills.run(tmp_path, 4, seed=4, works=("ingest", "insert", "drop", "create or replace"))
    assert not found.faults and found.kills.total() == 4


@pytest.mark.slow
def test_a_full_disk_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    try:
        with full.small_disk(tmp_path / "disk") as disk:
            found = full.run(tmp_path, disk, 3, works=("insert", "copy to parquet"))
    except RuntimeError as fault:
        pytest.skip(f"the machine's fault: {fault}")
    assert not found.faults and found.found["failed"] >= 2 and found.found["done"] >= 2
