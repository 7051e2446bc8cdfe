"""The audit: every statement once, nothing that lets anybody in, nothing lost, and what is erased is gone."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cubeql.errors import QueryError, diagnose
from cubeql.server import audit, auditfiles
from cubeql.server.audit import Book
from cubeql.server.auditfiles import entries_of, erase, files_in
from cubeql.server.deeds import KINDS, Deed, Origin
from cubeql.server.scrubbing import scrubbed
from tests.server.conftest import Serve
from tests.server.raw import Raw

TOKEN = f"cubeql_{'a1b2c3d4e5f6'}_{'0123456789abcdef' * 4}"


def deed(user: str = "anna", text: str = "SELECT 1", **told: Any) -> Deed:
    return Deed(Origin(user, "a1b2c3d4e5f6", "192.0.2.7"), text, "query", **told)


def entries(folder: Path) -> list[dict[str, Any]]:
    return sorted((e for f in files_in(folder) for e in entries_of(f)), key=lambda e: str(e.get("time")))


def until(so: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.01)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with closing(Book(tmp_path / "audit")) as book:
        yield book


# -------------------------------------------------------------- through the door


def test_every_statement_is_written_down_once(serve: Serve, tmp_path: Path) -> None:
    served = serve(audit={"folder": str(tmp_path / "audit")})
    with closing(served.connect()) as client:
        client.query("SELECT cell, red FROM fine LIMIT 5").to_arrow()
        client.query("CREATE LAYER kept AS SELECT cell, red FROM fine FILTER time IN '2024-05-03'")
        for wrong in ("SELECT nothing FROM fine", f"SELECT '{TOKEN}' AS t FROM absent"):
            with pytest.raises(Exception, match=r"error|there is no"):
                client.query(wrong).to_arrow()
        client.query("DROP LAYER kept")
    served.serving.stop()
    found = entries(tmp_path / "audit")
    # when a statement ended is known better than when it began: they may stand in another order
    place = {(None, "done"): 0, ("query", "done"): 1, ("create layer", "done"): 2, ("query", "failed"): 3,
             ("drop layer", "done"): 4}  # fmt: skip
    in_order = sorted(found, key=lambda e: (place[e.get("kind"), e["outcome"]], e.get("code") or ""))
    came, first, made, *wrong, dropped = in_order
    assert (came["event"], came["user"], came["outcome"], came["peer"]) == ("login", "root", "done", "127.0.0.1")
    assert came["token"] == first["token"] and len(first["token"]) == 12
    version = first["reads"]["fine"]
    assert (first["user"], first["door"], first["peer"], first["event"]) == ("root", "flight", "127.0.0.1", "statement")
    assert (first["kind"], first["outcome"], first["rows"], first["code"]) == ("query", "done", 5, None)
    assert first["text"] == "SELECT cell, red FROM fine LIMIT 5" and first["reads"] == {"fine": version}
    assert first["bytes"] > 0 and first["tiles"] > 0 and first["seconds"] > 0 and isinstance(version, int)
    assert abs(datetime.fromisoformat(first["time"]) - datetime.now(UTC)) < timedelta(minutes=10)
    assert (made["kind"], made["reads"], made["writes"]) == ("create layer", {"fine": version}, {"kept": 0})
    assert [(e["kind"], e["outcome"], e["code"]) for e in wrong] == [
        ("query", "failed", "unknown_column"), ("query", "failed", "unknown_layer")
    ]  # fmt: skip
    assert (dropped["kind"], dropped["writes"]) == ("drop layer", {"kept": None})
    assert TOKEN[20:] not in "".join(f.read_text() for f in files_in(tmp_path / "audit"))


def test_a_text_that_cannot_be_read_is_written_down_too(serve: Serve, tmp_path: Path) -> None:
    served = serve(audit={"folder": str(tmp_path / "audit")})
    with closing(Raw(served.address, served.keeper)) as one, pytest.raises(pa.ArrowInvalid):
        one.query("SELEC")
    served.serving.stop()
    (found,) = (e for e in entries(tmp_path / "audit") if e["event"] == "statement")
    assert (found["kind"], found["outcome"], found["text"]) == ("unread", "failed", "SELEC") and found["code"]


def test_without_a_folder_nothing_is_written(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(serve().connect()) as client:
        client.query("SHOW LAYERS").to_arrow()
    assert not list(tmp_path.rglob("*.jsonl"))


# -------------------------------------------------------------- lines


def test_values_of_parameters_are_told_by_their_types(book: Book, tmp_path: Path) -> None:
    from cubeql.server.deeds import kinds_of

    book.deed(deed(params=kinds_of({"who": "Anna Secret", "n": 3}) | kinds_of([1.5, None])))
    assert book.flush()
    (found,) = entries(tmp_path / "audit")
    assert found["params"] == {"who": "str", "n": "int", "1": "float", "2": "NoneType"}


@pytest.mark.parametrize("text", [
    TOKEN, f"x{TOKEN}y", TOKEN.upper(), f"SELECT '{TOKEN}'", "Authorization: Bearer abcdefghijklmnop",
    "basic YW5uYTpzZWNyZXQ6cGFzc3dvcmQ=", f"cubeql_login_{'f' * 40}",
])  # fmt: skip
def test_what_lets_anybody_in_is_not_kept(text: str) -> None:
    kept = scrubbed(text)
    for secret in ("0123456789abcdef", "0123456789ABCDEF", "abcdefghijklmnop", "YW5uYTp", "ffffffff"):
        assert secret not in kept
    assert "***" in kept


def test_texts_can_be_left_out_and_long_ones_are_cut(tmp_path: Path) -> None:
    with closing(Book(tmp_path / "a", texts=False)) as book:
        book.deed(deed(text="SELECT secret"))
    assert "text" not in entries(tmp_path / "a")[0]
    with closing(Book(tmp_path / "b")) as book:
        book.deed(deed(text="x" * 1_000_000))
        book.deed(deed(text="line\nbreak \u2028 \ud800 \0 \"quote\""))
    long, strange = entries(tmp_path / "b")
    assert len(long["text"]) < 21_000 and "1,000,000 characters" in long["text"]
    assert "break" in strange["text"]


def test_what_was_wrong_is_told_by_its_code(book: Book, tmp_path: Path) -> None:
    book.deed(deed(outcome="failed", error=QueryError([diagnose("cancelled")])))
    book.deed(deed(outcome="failed", error=OSError("/srv/secret")))
    assert book.flush()
    assert [e["code"] for e in entries(tmp_path / "audit")] == ["cancelled", "OSError"]


def test_logins_that_fail_are_counted_when_they_are_many(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    with closing(Book(tmp_path / "audit", now=lambda: now)) as book:
        for _ in range(500):
            book.login_failed("192.0.2.7", f"anna{TOKEN}")
        now += timedelta(minutes=1)
        book.login_failed("192.0.2.8")
    found = [e for e in entries(tmp_path / "audit") if e["event"] == "login"]
    assert sum(e["count"] for e in found) == 501 and len(found) == 62
    assert {e["outcome"] for e in found} == {"refused"} and TOKEN not in str(found)


# -------------------------------------------------------------- files


def test_files_are_of_nobody_elses_business(book: Book, tmp_path: Path) -> None:
    assert (tmp_path / "audit").stat().st_mode & 0o777 == 0o700
    assert {f.stat().st_mode & 0o777 for f in files_in(tmp_path / "audit")} == {0o600}


def test_files_begin_anew_by_size_and_day_and_go_when_they_are_old(tmp_path: Path) -> None:
    now, folder = datetime(2026, 1, 1, 23, 59, tzinfo=UTC), tmp_path / "audit"
    with closing(Book(folder, keep_days=2, rotate_bytes=2000, now=lambda: now)) as book:
        for _ in range(30):
            book.deed(deed())
            assert book.flush()
        assert 3 < len(files_in(folder)) < 15 and all(f.stat().st_size < 3000 for f in files_in(folder))
        now += timedelta(minutes=2)
        book.deed(deed(user="bert"))
        assert book.flush() and len(entries(folder)) == 31
        now += timedelta(days=2)
        book.deed(deed(user="carl"))
        assert book.flush()
    assert [e["user"] for e in entries(folder)] == ["bert", "carl"]


def test_with_no_limit_of_days_nothing_goes(tmp_path: Path) -> None:
    for now in (datetime(2020, 1, 1, tzinfo=UTC), datetime(2023, 1, 1, tzinfo=UTC)):
        with closing(Book(tmp_path, keep_days=0, now=lambda now=now: now)) as book:
            book.deed(deed())
    assert len(entries(tmp_path)) == 2


def test_half_lines_are_passed_over(book: Book, tmp_path: Path) -> None:
    book.deed(deed())
    assert book.flush()
    half = tmp_path / "audit/audit-20260101T000000Z-00000000.jsonl"
    half.write_bytes(b'{"user":"x","text":"whole"}\n[1]\nnonsense\n{"user":"anna","text":"ha')
    assert [e["user"] for e in entries_of(half)] == ["x"]
    assert erase(tmp_path / "audit", "nobody").lines == 0
    assert erase(tmp_path / "audit", "anna").lines == 2
    assert b"anna" not in half.read_bytes() and [e["user"] for e in entries(tmp_path / "audit")] == ["x"]


def _write_for_ever(folder: str) -> None:
    book, count = Book(Path(folder)), 0
    while True:
        book.deed(deed(user=f"u{os.getpid()}", rows=count))
        count += 1
        book.flush()


def test_servers_share_a_folder_and_a_killed_one_loses_no_line_that_was_written(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    several = [context.Process(target=_write_for_ever, args=(str(tmp_path),), daemon=True) for _ in range(2)]
    for one in several:
        one.start()
    until(lambda: tmp_path.is_dir() and len({e["user"] for e in entries(tmp_path)}) == 2, 60)
    before = entries(tmp_path)
    for one in several:
        assert one.pid is not None
        os.kill(one.pid, signal.SIGKILL)
        one.join()
    after = entries(tmp_path)
    for user in {e["user"] for e in after}:
        rows = [e["rows"] for f in files_in(tmp_path) for e in entries_of(f) if e["user"] == user]
        assert rows == list(range(len(rows)))
    assert len(after) >= len(before)
    with closing(Book(tmp_path)) as book:
        book.deed(deed(user="later"))
    assert len(entries(tmp_path)) == len(after) + 1


def test_a_full_disk_holds_statements_up_and_loses_nothing(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_WAITING", 50)
    monkeypatch.setattr(audit, "_AGAIN_S", 0.01)
    there = threading.Event()
    plain = auditfiles.Pen.write

    def full(pen: auditfiles.Pen, lines: bytes) -> None:
        if not there.is_set():
            raise OSError(28, "No space left on device")
        plain(pen, lines)

    monkeypatch.setattr(auditfiles.Pen, "write", full)
    for number in range(60):
        assert book.full == (number >= 50)
        book.deed(deed(rows=number))
    assert not book.flush(0.05)
    there.set()
    assert book.flush() and not book.full
    assert [e["rows"] for f in files_in(tmp_path / "audit") for e in entries_of(f)] == list(range(60))


def test_while_much_waits_for_the_disk_no_statement_begins(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(audit={"folder": str(tmp_path / "audit")})
    with closing(served.connect()) as client:
        client.query("SHOW LAYERS").to_arrow()
        monkeypatch.setattr(audit, "MOST_WAITING", 0)
        with pytest.raises(Exception, match="written down"):
            client.query("SHOW LAYERS")
        monkeypatch.undo()
        client.query("SHOW LAYERS").to_arrow()


# -------------------------------------------------------------- erased


def test_what_is_erased_is_gone_while_the_server_goes_on(book: Book, tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    book.deed(deed("Anna"))
    book.deed(deed("bert", "SELECT * FROM anna.ndvi", reads={"anna.ndvi": 3, "dem": 1}))
    book.deed(Deed(Origin("root"), "GRANT READ ON dem TO anna", "grant", writes={"dem": None}))
    book.deed(deed("bert", "SELECT 'anna' FROM joanna.x JOIN hanna"))
    book.login_failed("192.0.2.7", "anna")
    assert book.flush()
    erased = erase(folder, "anna")
    assert (erased.files, erased.lines, erased.mentions) == (1, 2, 2)
    book.deed(deed("carl"))
    assert book.flush()
    users = [e["user"] for e in entries(folder)]
    assert sorted(users) == ["bert", "bert", "carl", "root"]
    texts = {e["text"] for e in entries(folder)}
    assert texts == {"SELECT * FROM erased.ndvi", "GRANT READ ON dem TO erased", "SELECT 1",
                     "SELECT 'anna' FROM joanna.x JOIN hanna"}  # fmt: skip
    assert {"erased.ndvi": 3, "dem": 1} in [e["reads"] for e in entries(folder)]
    assert {f.stat().st_mode & 0o777 for f in files_in(folder)} == {0o600}
    again = erase(folder, "ANNA")
    assert again.lines == again.mentions == 0 and not list(folder.glob(".*"))


def test_nothing_of_others_is_lost_while_one_is_erased_again_and_again(book: Book, tmp_path: Path) -> None:
    stop, counted = threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            book.deed(deed("anna"))
            book.deed(deed("bert", rows=counted[0]))
            counted[0] += 1
            book.flush()

    writer = threading.Thread(target=write)
    writer.start()
    erased = 0
    try:
        for _ in range(25):
            erased += erase(tmp_path / "audit", "anna").lines
    finally:
        stop.set()
        writer.join()
    assert book.flush()
    erased += erase(tmp_path / "audit", "anna").lines
    assert sorted(e["rows"] for e in entries(tmp_path / "audit")) == list(range(counted[0])) and erased == counted[0]


def test_an_erasing_that_was_cut_off_leaves_files_as_they_were(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.deed(deed("anna"))
    assert book.flush()
    folder = tmp_path / "audit"
    before = [f.read_bytes() for f in files_in(folder)]
    (folder / ".erasing-left").write_text("of a killed one")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(5, "broken")))
    with pytest.raises(Exception, match="cannot be erased"):
        erase(folder, "anna")
    assert [f.read_bytes() for f in files_in(folder)] == before
    monkeypatch.undo()
    assert erase(folder, "anna").lines == 1 and not list(folder.glob(".*"))


def test_every_line_is_json_of_one_line(book: Book, tmp_path: Path) -> None:
    book.deed(deed(text="a\nb\r\nc\u2028d\x00"))
    assert book.flush()
    for file in files_in(tmp_path / "audit"):
        for line in file.read_bytes().split(b"\n")[:-1]:
            assert isinstance(json.loads(line), dict)


# -------------------------------------------------------------- documented


def test_the_page_names_every_key_of_a_line(book: Book, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/audit.md").read_text()
    told = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    book.deed(deed())
    book.login_failed("192.0.2.7")
    assert book.flush()
    assert {key for entry in entries(tmp_path / "audit") for key in entry} == told
    (kinds,) = [line for line in page.splitlines() if line.startswith("| `kind`")]
    assert set(re.findall(r"`([a-z ]+)`", kinds)) - {"kind"} == set(KINDS)
