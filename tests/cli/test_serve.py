"""``cubeql serve``: what it says, what it refuses, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import cubeql
from cubeql.cli.arguments import Parser
from cubeql.cli.commands import serve
from cubeql.server.settings import FLIGHT, ServerSettings
from cubeql.storage import Store
from tests.cli.conftest import Run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store", create=True)


def settings(*words: str) -> ServerSettings:
    parser = Parser(prog="cubeql serve")
    serve.arguments(parser)
    return serve.settings_of(parser.parse_args(words))


def test_options_stand_above_the_file(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text('[flight]\naddress = "127.0.0.1:1"\nplain = true\n[limits]\nrunning = 3\n[tls]\ncert = "c.pem"\n')
    found = settings("--config", str(file), "--flight", "127.0.0.1:2", "--anonymous", "--audit", str(tmp_path / "a"))
    assert (found.flight.address, found.flight.plain, found.limits.running) == ("127.0.0.1:2", True, 3)
    assert found.tls.cert == tmp_path / "c.pem" and found.access.anonymous and found.audit.folder == tmp_path / "a"


def test_without_options_nobody_else_is_reached_and_nobody_comes_in_without_a_token() -> None:
    found = settings()
    assert found == ServerSettings() and found.flight.address == FLIGHT == "127.0.0.1:8815"
    assert not found.access.anonymous and not found.flight.plain


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--flight", "8815"], 2, '[flight] address must be HOST:PORT, not "8815"'),
        (["--flight", "0.0.0.0:0"], 2, "--plain where something else keeps the way safe"),
        (["--flight", "nosuch.invalid:0", "--plain"], 2, "nobody knows the host nosuch.invalid"),
        (["--tls-cert", "cert.pem"], 2, "cert and key belong together"),
        (["--tls-cert", "nowhere.pem", "--tls-key", "key.pem"], 2, "nowhere.pem: No such file or directory"),
        (["--config", "nowhere.toml"], 2, "nowhere.toml: there is no such file"),
        (["--memory-limit", "much"], 2, "Memory must have a number"),
        (["--store", "nowhere"], 3, "there is no store at nowhere"),
        (["--store", "flight://127.0.0.1:1"], 2, "is served already"),
    ],
)
def test_what_cannot_be_served_is_refused(
    run_here: Run, store: Store, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, said: str
) -> None:
    monkeypatch.setenv("CUBEQL_STORE", str(store.address))
    ran = run_here("serve", *words)
    assert (ran.code, ran.out) == (code, b"") and said in ran.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_in_order_when_told(store: Store, number: signal.Signals) -> None:
    words = [sys.executable, "-m", "cubeql", "serve", str(store.address), "--flight", "127.0.0.1:0"]
    environment = {k: v for k, v in os.environ.items() if k != "CUBEQL_TOKEN"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        said = [process.stderr.readline() for _ in range(3)]
        address = re.search(r"flight://127\.0\.0\.1:\d+", said[0])
        assert address is not None and "without TLS" in said[0] and str(store.address) in said[0]
        assert f"cubeql '{address[0]}'" in said[1] and "cubeql token create NAME --scope keeper" in said[2]
        with cubeql.connect(address[0], token=store.tokens.create("root", "keeper")[1]) as session:
            assert session.query("SHOW LAYERS").to_arrow().num_rows == 0
        process.send_signal(number)
        out, rest = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "") and "ending: what runs may go on for 30 s" in rest
    assert "Traceback" not in rest and "cubeql_" not in rest


def test_the_doctor_knows_what_serving_needs(run_here: Run, store: Store) -> None:
    ran = run_here("doctor", store.address)
    assert all(name in ran.text for name in ("prometheus-client", "adbc-driver-flightsql", "flight"))
