"""The way to a server: who comes in, and what is said when it is not there, goes away, or comes back."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.flight as flight
import pytest
import trustme

import cubeql
from cubeql.client.session import RemoteSession
from cubeql.errors import ConfigError, StoreError
from cubeql.storage import Store
from tests.client.way import free_port, said_by
from tests.server.conftest import Serve, Served

# -------------------------------------------------------------- who comes in


def test_connect_opens_what_the_address_says(served: Served, served_store: Path) -> None:
    with cubeql.connect(served.address, token=served.keeper) as far, cubeql.connect(served_store) as near:
        assert isinstance(far, RemoteSession)
        assert far.query("SHOW LAYERS").to_arrow().num_rows == near.query("SHOW LAYERS").to_arrow().num_rows > 0


def test_a_token_is_taken_from_where_it_is_said(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config/cubeql").mkdir(parents=True)
    place = served.address.removeprefix("flight://")
    (tmp_path / "config/cubeql/config.toml").write_text(f'[servers."{place}"]\ntoken_file = "t"\n')
    file = tmp_path / "config/cubeql/t"
    assert isinstance(said_by(lambda: cubeql.connect(served.address)), ConfigError)
    file.write_text(f"{served.keeper}\n")
    file.chmod(0o644)
    assert "chmod 600" in str(said_by(lambda: cubeql.connect(served.address)))
    file.chmod(stat.S_IRUSR)
    with cubeql.connect(served.address) as session:
        assert session.layers
    monkeypatch.setenv("CUBEQL_TOKEN", served.token("anna"))
    with cubeql.connect(served.address) as session:
        assert session.layers == ()
    with cubeql.connect(served.address, token=served.keeper) as session:
        assert session.layers


def test_a_token_is_never_shown(served: Served) -> None:
    secret = served.keeper
    with cubeql.connect(served.address, token=secret) as session:
        shown = repr((session, session.settings, session.store, vars(session)))
        assert secret not in shown
    wrong = f"cubeql_1_{'x' * 20}"
    with cubeql.connect(served.address, token=wrong) as session:
        assert wrong not in str(said_by(lambda: session.query("SHOW LAYERS")))


@pytest.mark.parametrize("token", [None, "wrong"])
def test_who_has_no_good_token_is_told_what_to_do(served: Served, token: str | None) -> None:
    with cubeql.connect(served.address, token=token) as session:
        explain = lambda: session.explain("FROM fine SELECT red")  # noqa: E731
        for ask in (lambda: session.query("SHOW LAYERS"), lambda: session.layers, explain):
            fault = said_by(ask)
            assert isinstance(fault, ConfigError) and "CUBEQL_TOKEN" in str(fault)


@pytest.mark.parametrize(
    "settings", [{"threads": 2}, {"nope": 1}, {"token": "a\nb"}, {"token": "ä"}, {"timeout_s": 0}, {"tls_cert": "x"},
                 {"tls_ca": "/nowhere.pem"}, {"tls_ca": __file__}],
)  # fmt: skip
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        cubeql.connect("flight://cubes.example.org:1", **settings)


# -------------------------------------------------------------- nobody there


def test_a_server_that_is_not_there_is_said_to_be_so() -> None:
    place = f"127.0.0.1:{free_port()}"
    with cubeql.connect(f"flight://{place}", token="x") as session:
        explain = lambda: session.explain("FROM fine SELECT red")  # noqa: E731
        for ask in (lambda: session.query("SHOW LAYERS"), lambda: session.layers, explain):
            assert str(said_by(ask)) == f"{place} does not answer: nobody listens there"


def test_a_name_that_nobody_knows_is_said_to_be_so() -> None:
    with cubeql.connect("flight://nobody.invalid:1?tls=no", token="x") as session:
        assert "a name that nobody knows" in str(said_by(lambda: session.query("SHOW LAYERS")))


@contextmanager
def with_tls(*names: str, authority: trustme.CA) -> Iterator[int]:
    leaf = authority.issue_cert(*names)
    pair = (leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes())
    server = flight.FlightServerBase("grpc+tls://127.0.0.1:0", tls_certificates=[pair])
    try:
        yield server.port
    finally:
        server.shutdown()


def test_a_server_that_cannot_be_believed_is_not(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ours, theirs = trustme.CA(), trustme.CA()
    ca = tmp_path / "ca.pem"
    ours.cert_pem.write_to_path(str(ca))

    def asked(port: int, **settings: Any) -> str:
        with cubeql.connect(f"flight://127.0.0.1:{port}?tls=yes", token="x", **settings) as session:
            return str(said_by(lambda: session.query("SHOW LAYERS")))

    with with_tls("127.0.0.1", authority=ours) as port:
        assert "not of an authority believed here" in asked(port)
        assert "does not do this" in asked(port, tls_ca=ca)  # it came through
        with cubeql.connect(f"flight://127.0.0.1:{port}", token="x") as session:
            assert "?tls=yes" in str(said_by(lambda: session.query("SHOW LAYERS")))
    with with_tls("127.0.0.1", authority=theirs) as port:
        assert "not of an authority believed here" in asked(port, tls_ca=ca)
    with with_tls("elsewhere.example.org", authority=ours) as port:
        assert "the certificate of another host" in asked(port, tls_ca=ca)
    assert "andshake" not in capfd.readouterr().err  # which gRPC writes of itself


def test_a_server_without_tls_is_told_from_one_that_is_not_there(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    with cubeql.connect(f"{served.address}?tls=yes", token="x") as session:
        assert "?tls=no" in str(said_by(lambda: session.query("SHOW LAYERS")))
    assert "andshake" not in capfd.readouterr().err  # which gRPC writes of itself


# -------------------------------------------------------------- going away, coming back


def test_a_server_that_comes_back_is_found_again(serve: Serve) -> None:
    first = serve()
    place, token = first.address.removeprefix("flight://"), first.keeper
    with cubeql.connect(first.address, token=token) as session:
        assert session.query("SELECT 1 AS x FROM classes LIMIT 1").to_arrow().num_rows == 1
        first.serving.stop()
        fault = said_by(lambda: session.query("SHOW LAYERS"))
        assert isinstance(fault, StoreError) and place in str(fault)
        serve(flight={"address": place})
        assert session.query("SELECT 1 AS x FROM classes LIMIT 1").to_arrow().num_rows == 1
        assert session.layers


def test_a_server_that_goes_away_while_rows_come_is_said_to_be_gone(served_store: Path, tmp_path: Path) -> None:
    token = Store.open(served_store).tokens.create("root", "keeper")[1]
    script = (
        "import cubeql, sys, time\n"
        "from cubeql.server.serving import Serving\n"
        "from cubeql.server.settings import ServerSettings\n"
        f"house = cubeql.connect({str(served_store)!r})\n"
        "settings = ServerSettings.of(flight={'address': '127.0.0.1:0'}, limits={'batch_bytes': 65536})\n"
        "print(Serving(house, settings).address, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        with cubeql.connect(address, token=token) as session:
            text = "SELECT a.cell, b.cell AS other, a.red AS red, b.nir AS nir FROM fine AS a JOIN fine AS b"
            batches = iter(session.query(text))
            process.kill()
            with pytest.raises(StoreError) as raised:
                for _ in batches:
                    pass
            assert "went away while its rows came" in str(raised.value) or "does not answer" in str(raised.value)
