"""A session on S3: the same answers, what they cost the network, and every way in which S3 may say no or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.errors import QueryCancelled, QueryTimeout, StoreError
from tests.support.s3 import READER, SECRETS, UNKNOWN, WRITER, WRONG_SECRET, Key, S3Place
from tests.support.tollgate import Tollgate

SCAN = "SELECT count(*) AS n, min(red) AS low, max(red) AS high FROM fine FILTER red > -1000"


@pytest.fixture
def far(s3: S3Place, cube_store: Path) -> str:
    """The address of a copy of the tiny cube on S3."""
    return s3.upload(cube_store, "store")


@pytest.fixture
def gate(s3: S3Place) -> Iterator[Tollgate]:
    with Tollgate(s3.server.ports["s3"]) as gate:
        yield gate


@pytest.fixture
def answer(cube: Any) -> Any:
    return cube.query(SCAN).to_arrow().to_pylist()


def test_first_query_asks_the_network_and_the_next_does_not(far: str, answer: Any) -> None:
    with cubeql.connect(far) as session:
        first = session.query(SCAN)
        assert first.to_arrow().to_pylist() == answer
        again = session.query(SCAN)
        assert again.to_arrow().to_pylist() == answer
    assert first.stats["requests"] > 0
    assert 0 < first.stats["bytes_network"] <= first.stats["bytes_all"] * 2
    # The name of the layer is looked up twice, and its log is asked for a newer version; no file is read.
    assert 0 < again.stats["requests"] <= 3
    assert again.stats["bytes_network"] < 1_000


def test_explain_analyze_shows_what_was_asked_of_the_network(far: str, cube: Any) -> None:
    with cubeql.connect(far) as session:
        found = session.explain(SCAN, analyze=True)
        assert found.actual["requests"] > 0
        assert found.actual["bytes_network"] > found.bytes_to_read / 2
        assert f"requests {found.actual['requests']:g}" in found.text
        assert "requests" not in session.explain(SCAN).text
    assert "requests" not in cube.explain(SCAN, analyze=True).actual


def test_statements_of_every_kind_work_on_s3(far: str) -> None:
    with cubeql.connect(far) as session:
        session.query("CREATE LAYER green AS SELECT cell, time, nir - red AS v FROM fine").close()
        session.query("CREATE VIEW clear AS SELECT cell, red FROM fine FILTER red > 0.1").close()
        session.query("CREATE CELLS some AS SELECT cell FROM clear").close()
        counts = "SELECT count(*) AS n FROM green FILTER cell WITHIN CELLS some"
        before = session.query(counts).to_arrow().to_pylist()
        session.query("ALTER LAYER green RENAME TO greener").close()
    with cubeql.connect(far) as other:
        assert other.query(counts.replace("green", "greener")).to_arrow().to_pylist() == before
        assert {"greener", "fine"} <= set(other.store.layer_names())
        assert other.query("SHOW TIMES fine").to_arrow().num_rows > 1
        other.query("DROP LAYER greener").close()
        assert "greener" not in other.store.layer_names()


@pytest.mark.parametrize(("key", "reason"), [
    (WRONG_SECRET, f"the secret is not that of key {WRITER.id}"), (UNKNOWN, f"key {UNKNOWN.id} is not known there"),
    (None, "no key was found"), (Key(WRITER.id, WRITER.secret, "stale-token"), "cannot be read"),
])  # fmt: skip
def test_key_that_is_refused(s3: S3Place, far: str, key: Key | None, reason: str) -> None:
    s3.use(key)
    with pytest.raises(StoreError, match=reason) as caught:
        cubeql.connect(far)
    _holds_no_secret("".join(traceback.format_exception(caught.value)))


def _holds_no_secret(text: str) -> None:
    assert not any(secret in text for secret in (*SECRETS, "stale-token"))


def test_reader_reads_and_is_refused_what_writes(s3: S3Place, far: str, answer: Any) -> None:
    s3.use(READER)
    before = s3.keys("store")
    with cubeql.connect(far) as session:
        assert session.query(SCAN).to_arrow().to_pylist() == answer
        for statement in (
            "CREATE LAYER mine AS SELECT cell, red FROM fine FILTER time IN '2024-05-03'",
            "CREATE VIEW mine AS SELECT cell, red FROM fine", "DROP LAYER fine",
        ):  # fmt: skip
            with pytest.raises(StoreError, match=f"key {READER.id} may not write it") as caught:
                session.query(statement).close()
            _holds_no_secret("".join(traceback.format_exception(caught.value)))
        assert session.query(SCAN).to_arrow().to_pylist() == answer
    assert s3.keys("store") == before


def test_server_killed_in_mid_query_and_started_again(s3: S3Place, far: str, gate: Tollgate, answer: Any) -> None:
    s3.use(WRITER, gate.endpoint)
    with cubeql.connect(far) as session:
        session.layers  # noqa: B018 - the catalog is known; what is cut is the scan
        gate.shut()
        ended = threading.Thread(target=lambda: (gate.held.wait(), s3.server.kill(), gate.open(), gate.cut()))
        ended.start()
        with pytest.raises(StoreError, match="does not answer") as caught:
            session.query(SCAN).to_arrow()
        ended.join()
        _holds_no_secret("".join(traceback.format_exception(caught.value)))
        s3.server.start()
        assert session.query(SCAN).to_arrow().to_pylist() == answer


@pytest.mark.parametrize("how", ["timeout", "cancel"])
def test_statement_on_a_server_that_hangs_is_stopped(
    s3: S3Place, far: str, gate: Tollgate, answer: Any, how: str
) -> None:
    s3.use(WRITER, gate.endpoint)
    with cubeql.connect(far) as session:
        gate.shut()
        if how == "cancel":
            threading.Thread(target=lambda: (gate.held.wait(), session.cancel())).start()
        with pytest.raises(QueryTimeout if how == "timeout" else QueryCancelled):
            session.query(SCAN, timeout_s=0.3 if how == "timeout" else None).to_arrow()
        assert gate.is_shut
        gate.open()
        assert session.query(SCAN).to_arrow().to_pylist() == answer


# ------------------------------------------------------------------ the command line


def _cli(s3: S3Place, *arguments: str, key: Key | None = WRITER, endpoint: str | None = None) -> Any:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    command = [sys.executable, "-m", "cubeql", *arguments]
    done = subprocess.run(
        command, env=environment | s3.environment(key, endpoint), capture_output=True, text=True, timeout=120
    )
    _holds_no_secret(done.stdout + done.stderr)
    return done


def test_command_line_says_what_is_wrong_and_leaves_with_3(s3: S3Place, far: str, answer: Any) -> None:
    done = _cli(s3, "--store", far, "--format", "json", "-c", SCAN, "--stats")
    assert done.returncode == 0
    assert json.loads(done.stdout) == answer
    assert json.loads(done.stderr.splitlines()[-1])["requests"] > 0
    for key, reason in ((WRONG_SECRET, "the secret is not that of"), (UNKNOWN, "is not known there")):
        refused = _cli(s3, "--store", far, "-c", SCAN, key=key)
        assert (refused.returncode, refused.stdout) == (3, "")
        assert reason in refused.stderr
    missing = _cli(s3, "--store", "s3://nobucket/store", "-c", SCAN)
    assert missing.returncode == 3
    assert "there is no such bucket" in missing.stderr


def test_command_line_leaves_a_server_that_hangs(s3: S3Place, far: str, gate: Tollgate) -> None:
    gate.shut_after = 2_000  # the store opens, and then nothing more is heard
    done = _cli(s3, "--store", far, "--timeout", "0.5", "-c", SCAN, endpoint=gate.endpoint)
    assert gate.is_shut
    assert done.returncode == 4


def test_doctor_tells_of_the_extension_and_the_store(s3: S3Place, far: str) -> None:
    done = _cli(s3, "doctor", "--store", far)
    assert "the httpfs extension of its package loads" in done.stdout
    assert f"{far} opens" in done.stdout
