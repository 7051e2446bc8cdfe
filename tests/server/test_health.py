"""Health and figures: true, quick, and nobody's secrets."""

from __future__ import annotations

import builtins
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cubeql.errors import ConfigError, StoreError
from cubeql.server.auditfiles import entries_of, files_in
from cubeql.server.health import Probe
from tests.server.conftest import Serve, Served
from tests.server.raw import Raw

PAGE = Path(__file__).parents[2] / "docs/reference/metrics.md"


def ask(served: Served, path: str, method: str = "GET") -> tuple[int, str]:
    assert served.serving.health is not None
    url = f"http://127.0.0.1:{served.serving.health.port}{path}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def figures(served: Served) -> dict[str, float]:
    lines = [line for line in ask(served, "/metrics")[1].splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@pytest.fixture
def well(serve: Serve) -> Served:
    return serve(metrics={"address": "127.0.0.1:0"})


def test_figures_are_those_of_what_was_done(well: Served) -> None:
    with closing(well.connect()) as client:
        rows = client.query("SELECT cell, red FROM fine LIMIT 50").to_arrow()
        client.query("SHOW LAYERS").to_arrow()
        with pytest.raises(Exception, match="nothing"):
            client.query("SELECT nothing FROM fine")
    found = figures(well)
    assert found['cubeql_statements_total{kind="query",outcome="done"}'] == 1
    assert found['cubeql_statements_total{kind="show",outcome="done"}'] == 1
    assert found['cubeql_statements_total{kind="query",outcome="failed"}'] == 1
    assert found['cubeql_statement_seconds_count{kind="query"}'] == 2
    assert found["cubeql_rows_sent_total"] >= rows.num_rows == 50 and found["cubeql_sent_bytes_total"] > 0
    assert found["cubeql_tile_rows_read_total"] > 0 and found["cubeql_guests"] == 1
    assert found["cubeql_statements_running"] == found["cubeql_streams_open"] == found["cubeql_draining"] == 0
    assert found["process_resident_memory_bytes"] > 1e6


def test_tokens_that_are_refused_are_counted_and_written_down(serve: Serve, tmp_path: Path) -> None:
    served = serve(metrics={"address": "127.0.0.1:0"}, audit={"folder": str(tmp_path / "audit")})
    for token in ("", "wrong", f"cubeql_{'0' * 12}_{'1' * 64}"):
        with closing(Raw(served.address, token)) as one, pytest.raises(Exception, match="token"):
            one.query("SHOW LAYERS")
    assert figures(served)["cubeql_logins_refused_total"] >= 2
    served.serving.stop()
    lines = [e for f in files_in(tmp_path / "audit") for e in entries_of(f)]
    assert len(lines) >= 2 and {(e["event"], e["outcome"]) for e in lines} == {("login", "refused")}
    assert "1" * 20 not in str(lines)


def test_the_page_names_every_figure_and_no_other(well: Served) -> None:
    with closing(well.connect()) as client:
        client.query("SHOW LAYERS").to_arrow()
    assert ask(well, "/ready")[0] == 200  # by which the memory of the engine is known
    text = ask(well, "/metrics")[1]
    served = dict(re.findall(r"^# TYPE (cubeql_\w+(?<!_created)) (\w+)$", text, re.MULTILINE))
    told = dict(re.findall(r"^\| `(cubeql_\w+)` \| (\w+) \|", PAGE.read_text(), re.MULTILINE))
    assert served == told
    for name, kind in served.items():
        assert name.endswith("_total") == (kind == "counter")
    labels = set(re.findall(r"[{,](\w+)=", "".join(x for x in text.splitlines(True) if x.startswith("cubeql_"))))
    assert labels == {"kind", "outcome", "le", "version"}


def test_nothing_of_the_store_and_its_users_is_told(well: Served) -> None:
    token = well.token("annemarie", "keeper")
    with closing(well.connect(token)) as client:
        client.query("SELECT red FROM fine LIMIT 1").to_arrow()
    paths = ("/metrics", "/ready", "/health", "/", "/../etc/passwd", "/metrics/x")
    told = "".join(ask(well, path)[1] for path in paths)
    for secret in ("annemarie", token, "fine", str(well.house.store.address), "Traceback", "Python"):
        assert secret not in told


def test_ready_and_health_are_two_things(well: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(well, "/health") == (200, "ok\n") and ask(well, "/ready") == (200, "ready\n")
    assert ask(well, "/health", "HEAD") == (200, "") and ask(well, "/nothing")[0] == 404
    assert ask(well, "/health", "POST")[0] == 501
    well.serving.guests.desk.draining = True
    assert ask(well, "/ready") == (503, "the server shuts down\n") and ask(well, "/health")[0] == 200
    assert figures(well)["cubeql_draining"] == 1


def test_a_store_that_cannot_be_read_or_does_not_answer_is_not_ready(
    well: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, now = well.house, [0.0]
    probe = Probe(house, lambda: now[0])
    assert probe.look(30.0)
    go_on = threading.Event()

    def refused(name: str) -> bool:
        raise StoreError("/srv/secret: cannot be read")

    def silent(name: str) -> bool:
        return go_on.wait(60)

    objects = house.store.objects
    monkeypatch.setattr(type(objects), "exists", lambda self, name: refused(name))
    assert probe.look(30.0), "it was looked at just now"
    now[0] += 3
    assert not probe.look(30.0)
    monkeypatch.setattr(type(objects), "exists", lambda self, name: silent(name))
    now[0] += 3
    assert not probe.look(0.05), "nobody waits for it longer than he wants"
    go_on.set()
    deadline = time.monotonic() + 20
    while not probe.look(1.0):
        assert time.monotonic() < deadline
    now[0] += 100
    go_on.clear()
    assert not probe.look(0.05), "what was so long ago says nothing"
    go_on.set()


def test_who_holds_connections_open_keeps_nobody_out(well: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    assert well.serving.health is not None
    monkeypatch.setattr("cubeql.server.health._Handler.timeout", 0.2)
    held = [socket.create_connection(("127.0.0.1", well.serving.health.port)) for _ in range(40)]
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                assert ask(well, "/health")[0] == 200
                break
            except OSError:
                assert time.monotonic() < deadline
    finally:
        for one in held:
            one.close()


def test_an_address_that_is_taken_is_told(serve: Serve) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConfigError, match="metrics cannot be served at 127"):
            serve(metrics={"address": f"127.0.0.1:{other.getsockname()[1]}"})


def test_without_its_package_the_settings_say_what_to_install(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def absent(name: str, *args: Any, **named: Any) -> Any:
        if name.startswith("prometheus_client"):
            raise ImportError(name)
        return plain(name, *args, **named)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ConfigError, match="pip install 'cubeql\\[serve\\]'"):
        serve(metrics={"address": "127.0.0.1:0"})


def test_nothing_is_left_behind(serve: Serve) -> None:
    served = serve(metrics={"address": "127.0.0.1:0"})
    assert ask(served, "/ready")[0] == 200
    port = served.serving.health.port if served.serving.health else 0
    served.serving.stop()
    assert not [t for t in threading.enumerate() if t.name == "cubeql-health" and t.is_alive() and not t.daemon]
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
