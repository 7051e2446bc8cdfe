"""A store on S3: what it says when it is refused, and that lost answers and dying servers lose and double nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
import pytest

from cubeql.errors import StoreError
from cubeql.storage import Store, delta, s3objects
from cubeql.storage.addresses import parse_address
from cubeql.values.cells import BASE_TILES
from tests.storage.making import block, layer, paths, plain, put, stored
from tests.storage.test_kills import BIG, ROOT, ROWS
from tests.support.s3 import READER, SECRETS, UNKNOWN, WRITER, WRONG_SECRET, Key, S3Place
from tests.support.tollgate import Tollgate

RAIN = layer()


@pytest.fixture
def there(s3: S3Place) -> str:
    """The address of a store with one layer."""
    store = Store.open(s3.address("store"), create=True)
    put(store, RAIN, block(RAIN))
    return str(store.address)


@pytest.fixture
def gate(s3: S3Place) -> Iterator[Tollgate]:
    with Tollgate(s3.server.ports["s3"]) as gate:
        yield gate


def refused(act: Callable[[], object]) -> str:
    """What a store says that refuses, with its traceback; never a secret."""
    with pytest.raises(StoreError) as raised:
        act()
    told = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
    for secret in SECRETS:
        assert secret not in told
    return str(raised.value)


def test_nothing_is_made_where_there_is_something_else(s3: S3Place) -> None:
    assert Store.is_free(s3.address("store"))
    assert "there is nothing in it" in refused(lambda: Store.open(s3.address("store")))
    s3.put("other/scene.tif", b"1")
    assert "a folder that holds scene.tif" in refused(lambda: Store.open(s3.address("other"), create=True))
    s3.put("table/_delta_log/0.json", b"1")
    assert "it is one Delta table" in refused(lambda: Store.open(s3.address("table"), create=True))
    Store.open(s3.address("store"), create=True)
    Store.open(s3.address("store"), create=True)
    assert s3.keys("store") == ["store/cubeql-store.json"] and not Store.is_free(s3.address("store"))


@pytest.mark.parametrize("ignored", ["create", "swap"])
def test_a_service_that_ignores_conditions_is_refused(
    s3: S3Place, monkeypatch: pytest.MonkeyPatch, ignored: str
) -> None:
    put_object = obstore.put

    def put_always(bucket: Any, name: str, content: Any, mode: Any = None, **how: Any) -> Any:
        heeded = mode is None or (mode == "create") != (ignored == "create")
        return put_object(bucket, name, content, mode=mode if heeded else None, **how)

    monkeypatch.setattr(obstore, "put", put_always)
    told = refused(lambda: Store.open(s3.address("store"), create=True))
    assert f"the service does not heed {'If-None-Match' if ignored == 'create' else 'If-Match'}" in told
    assert s3.keys() == []


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (WRONG_SECRET, "the secret is not that of key writerkey0001 (SignatureDoesNotMatch)"),
        (UNKNOWN, "key nobodyskey001 is not known there (InvalidAccessKeyId)"),
        (None, "no key was found, and nobody may read it without one (AccessDenied)"),
    ],
)
def test_a_key_that_is_no_good_is_told(s3: S3Place, there: str, key: Key | None, reason: str) -> None:
    s3.use(key)
    assert refused(lambda: Store.open(there)) == f"{there}/cubeql-store.json: cannot be read: {reason}"


def test_a_key_that_turns_bad_is_told_wherever_it_is_used(s3: S3Place, there: str) -> None:
    s3.use(READER)
    store = Store.open(there)
    assert stored(store) == plain([block(RAIN)])
    assert store.layer_names() == ("rain",)
    reason = "key readerkey0001 may not write it (AccessDenied)"
    for act in (
        lambda: put(store, RAIN, block(RAIN, seed=2), mode="replace"),
        lambda: put(store, layer("snow"), block(RAIN)),
        lambda: store.create_view("dry", "SELECT 1"),
        lambda: store.drop("rain"),
        lambda: store.rename("rain", "snow"),
    ):
        assert reason in refused(act)
    s3.use(WRITER)
    fresh = Store.open(there)
    assert stored(fresh) == plain([block(RAIN)]) and fresh.layer_names() == ("rain",) and fresh.view_names() == ()


def test_a_log_that_may_not_be_read_is_told_without_secrets(s3: S3Place, there: str) -> None:
    s3.use(WRONG_SECRET)
    store = Store(s3objects.S3Objects(parse_address(there)))
    assert "SignatureDoesNotMatch" in refused(lambda: store._tables.load("layers/rain"))


def test_a_bucket_that_is_not_there_is_told(s3: S3Place) -> None:
    for create in (True, False):
        told = refused(lambda: Store.open("s3://nobucket/store", create=create))  # noqa: B023
        assert told == "s3://nobucket/store/cubeql-store.json: cannot be read: there is no such bucket (NoSuchBucket)"


def test_a_service_that_is_not_there_is_told(s3: S3Place, there: str) -> None:
    s3.use(WRITER, endpoint="http://127.0.0.1:9")
    assert refused(lambda: Store.open(there)).endswith("cannot be read: http://127.0.0.1:9 does not answer")


def test_nothing_is_left_of_a_write_that_fails(s3: S3Place, there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(there)
    before = s3.keys()
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        for mode in ("append", "replace"):
            with pytest.raises(ZeroDivisionError), store.write(RAIN, mode, "merge", buffer_bytes=1) as write:
                write.add(block(RAIN, seed=5))
                raise ZeroDivisionError
        with pytest.raises(ZeroDivisionError), store.write(layer("snow"), "create", buffer_bytes=1) as write:
            write.add(block(layer("snow")))
            raise ZeroDivisionError
        assert list(Path(folder).iterdir()) == []
    assert s3.keys() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_local_disk_is_told_with_its_place(s3: S3Place, there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(there)
    before = s3.keys()
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: Path("/dev/full").open("wb"))  # noqa: SIM115
    told = refused(lambda: put(store, RAIN, block(RAIN, time="2024-06-01"), mode="append"))
    assert f"made in {tempfile.gettempdir()}: the file cannot be written: No space left on device" in told
    assert s3.keys() == before and stored(store) == plain([block(RAIN)])


# ------------------------------------------------------------------ lost answers


def losing_answers(monkeypatch: pytest.MonkeyPatch, of: str) -> list[str]:
    """From now on the first answer to a PUT of each object whose name holds a text is lost; the names of those."""
    lost: list[str] = []
    put_object = obstore.put

    def put_and_lose(bucket: Any, name: str, content: Any, **how: Any) -> Any:
        found = put_object(bucket, name, content, **how)
        if of in name and name not in lost:
            lost.append(name)
            raise obstore.exceptions.GenericError("HTTP error: error sending request: connection reset")
        return found

    monkeypatch.setattr(obstore, "put", put_and_lose)
    return lost


def test_a_commit_whose_answer_was_lost_is_ones_own(s3: S3Place, there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = losing_answers(monkeypatch, "_delta_log/")
    store = Store.open(there)
    with store.write(RAIN, "append") as write:
        write.add(block(RAIN, time="2024-06-01"))
    assert (write.version, len(lost)) == (1, 1)
    put(store, layer("snow"), block(RAIN))
    assert [v.version for v in store.history("rain")] == [1, 0]
    assert len(stored(store)) == 2 and len(stored(store, "snow")) == 1
    assert store.layer_names() == ("rain", "snow")


def test_a_name_whose_answer_was_lost_is_ones_own(s3: S3Place, there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(there)
    lost = losing_answers(monkeypatch, "names/")
    put(store, layer("snow"), block(RAIN))
    store.create_view("dry", "SELECT 1")
    assert sorted(lost) == ["names/dry.json", "names/snow.json"]
    assert (store.layer_names(), store.view("dry")) == (("rain", "snow"), "SELECT 1")
    lost.clear()
    store.create_view("dry", "SELECT 2", replace=True)
    store.drop("rain")
    assert len(lost) == 2
    assert (store.layer_names(), store.view("dry")) == (("snow",), "SELECT 2")


def test_of_two_commits_without_an_answer_only_ones_own_counts(
    s3: S3Place, there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request was lost, not the answer, and another wrote the version: what is there is not what was sent."""
    store, other = Store.open(there), Store.open(there)
    put_object, overtaken = obstore.put, []

    def lose_the_request(bucket: Any, name: str, content: Any, **how: Any) -> Any:
        if "_delta_log" in name and not overtaken:
            overtaken.append(name)
            put(other, RAIN, block(RAIN, time="2024-07-01"), mode="append")
            raise obstore.exceptions.GenericError("HTTP error: error sending request: timed out")
        return put_object(bucket, name, content, **how)

    monkeypatch.setattr(obstore, "put", lose_the_request)
    put(store, RAIN, block(RAIN, time="2024-06-01"), mode="append")
    assert len(stored(store)) == 3 and [v.version for v in store.history("rain")] == [2, 1, 0]


def test_an_answer_cut_off_by_the_network_is_asked_for_again(s3: S3Place, there: str, gate: Tollgate) -> None:
    store = Store.open(there)
    s3.use(WRITER, endpoint=gate.endpoint)
    distant = Store.open(there)
    with distant.write(RAIN, "append", buffer_bytes=1) as write:
        write.add(block(RAIN, time="2024-06-01"))
        cutter = threading.Thread(target=lambda: (gate.held.wait(30), gate.cut(), gate.open()))
        gate.shut()
        cutter.start()
    cutter.join()
    assert len(stored(store)) == 2 and [v.version for v in store.history("rain")] == [1, 0]


# ------------------------------------------------------------------ a server that dies


def test_a_server_that_dies_again_and_again_keeps_whole_writes(
    s3: S3Place, there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in mid-upload and in mid-commit: a write that was told is there, another is there whole or not at all."""
    store = Store.open(there)
    put_object, moments = obstore.put, iter(["data/", "_delta_log/", "data/", "_delta_log/"])
    wanted: list[str | None] = [next(moments)]
    killed = threading.Event()

    def put_under_fire(bucket: Any, name: str, content: Any, **how: Any) -> Any:
        if wanted[0] is not None and wanted[0] in name:
            wanted[0] = None
            killer = threading.Thread(target=lambda: (s3.server.kill(), s3.server.start(), killed.set()))
            killer.start()
        return put_object(bucket, name, content, **how)

    monkeypatch.setattr(obstore, "put", put_under_fire)
    told = []
    for turn in range(4):
        rows = [block(RAIN, int(tile), f"2025-01-{turn + 1:02d}") for tile in BASE_TILES[30:36]]
        try:
            put(store, RAIN, *rows, mode="append", buffer_bytes=1)
            told.append(turn)
        except StoreError as error:
            assert "cannot be" in str(error)
        assert killed.wait(60)
        killed.clear()
        wanted[0] = next(moments, None)
    rows_a_day = Counter(time for _, time in stored(Store.open(there)))
    assert sorted(rows_a_day.values()) in ([1] + [6] * n for n in range(len(told), 5)), "whole writes, and all told"


def writer(there: str) -> subprocess.Popen[str]:
    """A process that appends whole writes of ``ROWS`` rows until it is killed, and says so after each."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.storage.test_kills", there], cwd=ROOT, text=True, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_a_killed_writer_leaves_whole_commits_and_vacuum_the_rest(s3: S3Place) -> None:
    store = Store.open(s3.address("store"), create=True)
    put(store, BIG)
    told = 0
    for more in (1, 2, 3):
        process = writer(str(store.address))
        assert process.stdout is not None
        for _ in range(more):
            told = int(process.stdout.readline())
        process.kill()
        last = process.stdout.read().split()
        process.wait()
        told = int(last[-1]) if last else told
        rows = stored(store)
        assert len(rows) in (told * ROWS, (told + 1) * ROWS)
        store.vacuum(timedelta(0), remove=True)
        assert stored(store) == rows
        kept = {path.removeprefix(s3.address() + "/") for path in paths(store)}
        assert {key for key in s3.keys("store") if key.endswith(".parquet")} == kept


# ------------------------------------------------------------------ the log


def test_a_long_log_is_read_through_its_checkpoints(
    s3: S3Place, there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta, "CHECKPOINT_EVERY", 4)
    store = Store.open(there)
    for day in range(1, 10):
        put(store, RAIN, block(RAIN, time=f"2025-02-{day:02d}"), mode="append")
    log = [key.rpartition("/")[2] for key in s3.keys("store") if "_delta_log" in key]
    assert f"{4:020d}.checkpoint.parquet" in log and f"{8:020d}.checkpoint.parquet" in log
    fresh = Store.open(there)
    assert len(stored(fresh)) == 10 and len(stored(fresh, version=5)) == 6
    assert fresh.vacuum(timedelta(0)) == []


def test_vacuum_finds_what_nothing_refers_to(s3: S3Place, there: str) -> None:
    store = Store.open(there)
    store.create_view("dry", "SELECT 1")
    put(store, layer("snow"), block(RAIN))
    store.drop("snow")
    before = s3.keys()
    table = store.snapshot("rain").table
    left = {f"{table}/data/000/2024/1.parquet", "layers/ice-01/_delta_log/0.json", "cells/some-01.parquet"}
    for name in left:
        s3.put(f"store/{name}", b"12345")
    assert {leftover.name for leftover in store.vacuum(timedelta(0))} == left
    store.vacuum(timedelta(0), remove=True)
    assert s3.keys() == before
    assert (store.layer_names(), store.view_names(), stored(store)) == (("rain",), ("dry",), plain([block(RAIN)]))


def test_an_object_that_was_taken_can_be_made_again(s3: S3Place, there: str) -> None:
    store, other = Store.open(there), Store.open(there)
    for turn in range(3):
        store.drop("rain")
        assert other.layer("rain") is None and other.layer_names() == () and other.kind_of("rain") is None
        put(other, RAIN, block(RAIN, seed=turn))
        assert stored(store) == plain([block(RAIN, seed=turn)])


# ------------------------------------------------------------------ few requests


class Requests:
    """How often ``obstore`` is asked for what."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        for what in ("get", "head", "put", "list", "delete", "get_range"):
            monkeypatch.setattr(obstore, what, self._counted(what, getattr(obstore, what)))

    def _counted(self, what: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **how: Any) -> Any:
            self.asked.append(what)
            return act(*args, **how)

        return counted

    def take(self) -> list[str]:
        asked, self.asked = self.asked, []
        return asked


def test_an_unchanged_layer_costs_a_name_and_a_look_at_its_log(there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(there)
    first = store.snapshot("rain")
    counter = Requests(monkeypatch)
    assert store.snapshot("rain") is first
    assert counter.take() == ["get", "head"]
    names = store.layer_names()
    counter.take()
    assert store.layer_names() == names
    assert counter.take() == ["list"]
    assert store.snapshots() == [("rain", first)]
    assert counter.take() == ["list", "head"]


def test_files_are_named_as_duckdb_reads_them(s3: S3Place, there: str) -> None:
    store = Store.open(there)
    (path,) = paths(store)
    assert path.startswith(f"{there}/layers/rain-") and path.removeprefix(s3.address() + "/") in s3.keys("store")
    assert not str(store.cache_folder).startswith("s3:") and store.cache_folder.is_dir()
