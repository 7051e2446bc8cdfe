"""``cubeql://``: the driver by which polars and others find a served store."""

from __future__ import annotations

import runpy
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import adbc_driver_cubeql
import adbc_driver_flightsql.dbapi
import polars
import pyarrow as pa
import pytest
import trustme
from adbc_driver_cubeql import dbapi

from tests.server.conftest import Serve, Served

TWIN = "SELECT cell, time, v FROM twin ORDER BY cell, time"
LONG = "SELECT lpad(park, 17000000, 'x') AS long FROM parks LIMIT 1"
SECRET = "cubeql_abc_not-to-be-shown"


@pytest.fixture
def uri(served: Served, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server's address, with the keeper's token in the environment."""
    monkeypatch.setenv("CUBEQL_TOKEN", served.keeper)
    return served.address.replace("flight://", "cubeql://")


@pytest.fixture
def connection(uri: str) -> Iterator[Any]:
    with dbapi.connect(uri) as opened:
        yield opened


def test_polars_reads_by_address_alone(served: Served, uri: str) -> None:
    found, wanted = polars.read_database_uri(TWIN, uri, engine="adbc"), served.house.query(TWIN).to_polars()
    assert found.schema == wanted.schema and found.equals(wanted) and found.height > 0
    bound = polars.read_database_uri("SELECT v FROM twin FILTER v > ? ORDER BY v", uri, engine="adbc",
                                     execute_options={"parameters": [290]})  # fmt: skip
    assert bound.equals(served.house.query("SELECT v FROM twin FILTER v > 290 ORDER BY v").to_polars())


def test_nothing_is_warned_of(uri: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with dbapi.connect(uri) as connection, connection.cursor() as cursor:
            assert cursor.execute("SELECT count(*) AS n FROM twin").fetchone() is not None
            connection.commit()


def test_a_row_larger_than_the_driver_s_own_limit_arrives(served: Served, connection: Any) -> None:
    with connection.cursor() as cursor:
        assert len(cursor.execute(LONG).fetchone()[0]) == 17_000_000
    location = served.address.replace("flight://", "grpc://")
    own = {adbc_driver_flightsql.DatabaseOptions.AUTHORIZATION_HEADER.value: f"Bearer {served.keeper}"}
    with (
        adbc_driver_flightsql.dbapi.connect(location, own, autocommit=True) as plain,
        plain.cursor() as cursor,
        pytest.raises(adbc_driver_flightsql.dbapi.Error, match="larger than max"),
    ):
        cursor.execute(LONG).fetchone()


def test_the_module_is_that_of_the_flight_driver() -> None:
    for name in adbc_driver_flightsql.dbapi.__all__:
        assert name == "connect" or getattr(dbapi, name) is getattr(adbc_driver_flightsql.dbapi, name)
    assert set(adbc_driver_flightsql.dbapi.__all__) == set(dbapi.__all__)
    assert adbc_driver_cubeql.__version__ == adbc_driver_flightsql.__version__


@pytest.mark.parametrize(
    "written,location",
    [
        ("cubeql://cubes.example.org", "grpc+tls://cubes.example.org:8815"),
        ("CubeQL://cubes.example.org:99/", "grpc+tls://cubes.example.org:99"),
        ("cubeql://cubes.example.org:99?tls=no", "grpc://cubes.example.org:99"),
        ("cubeql://localhost:99", "grpc://localhost:99"),
        ("cubeql://[::1]:99?tls=yes", "grpc+tls://[::1]:99"),
    ],
)
def test_the_way_is_encrypted_but_to_this_machine(monkeypatch: pytest.MonkeyPatch, written: str, location: str) -> None:
    opened: list[str] = []
    monkeypatch.setattr(adbc_driver_flightsql, "connect", lambda uri, options: opened.append(uri))
    adbc_driver_cubeql.connect(written)
    assert opened == [location]


@pytest.mark.parametrize(
    "written",
    [
        f"cubeql://anna:{SECRET}@127.0.0.1:1", f"cubeql://{SECRET}@127.0.0.1:1", f"cubeql://127.0.0.1:1?token={SECRET}",
        f"cubeql://127.0.0.1:1#{SECRET}", f"grpc://{SECRET}@127.0.0.1:1", f"cubeql:{SECRET}",
    ],
)  # fmt: skip
def test_an_address_with_anything_like_a_token_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(dbapi.InterfaceError) as caught:
        dbapi.connect(written)
    assert SECRET not in str(caught.value) and "cubeql://" in str(caught.value)


@pytest.mark.parametrize("token", [None, SECRET])
def test_without_a_good_token_nobody_comes_in(
    uri: str, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:  # fmt: skip
    monkeypatch.delenv("CUBEQL_TOKEN")
    if token is not None:
        monkeypatch.setenv("CUBEQL_TOKEN", token)
    with pytest.raises(dbapi.Error, match=r"(?i)unauthenticated") as caught:
        polars.read_database_uri(TWIN, uri, engine="adbc")
    assert SECRET not in str(caught.value) and SECRET not in repr(caught.value)


def test_the_preferences_name_token_and_certificates_of_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of others than the user's own are refused by the client's settings, which see to that."""
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text(f"-----BEGIN {name}-----")
    (tmp_path / "token").write_text(f"{SECRET}\n")
    (tmp_path / "token").chmod(0o600)
    preferences = tmp_path / "cubeql" / "config.toml"
    preferences.parent.mkdir()
    preferences.write_text(f"""[servers."cubes.example.org:8815"]
token_file = "{tmp_path / "token"}"
tls_ca = "{tmp_path / "ca.pem"}"
tls_cert = "{tmp_path / "cert.pem"}"
tls_key = "{tmp_path / "key.pem"}"
""")
    monkeypatch.delenv("CUBEQL_TOKEN", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    opened: list[dict[str, str]] = []
    monkeypatch.setattr(adbc_driver_flightsql, "connect", lambda uri, options: opened.append(options))
    adbc_driver_cubeql.connect("cubeql://cubes.example.org")
    names = adbc_driver_flightsql.DatabaseOptions
    assert opened[0].pop(names.WITH_MAX_MSG_SIZE.value) == str(2**31 - 1)
    assert opened == [{
        names.AUTHORIZATION_HEADER.value: f"Bearer {SECRET}", names.TLS_ROOT_CERTS.value: "-----BEGIN ca.pem-----",
        names.MTLS_CERT_CHAIN.value: "-----BEGIN cert.pem-----",
        names.MTLS_PRIVATE_KEY.value: "-----BEGIN key.pem-----",
    }]  # fmt: skip


def test_it_comes_in_by_tls_and_shows_who_it_is(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    server, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("anna")
    blobs = {"ca": authority.cert_pem, "cert": server.cert_chain_pems[0], "key": server.private_key_pem,
             "client": client.cert_chain_pems[0], "client-key": client.private_key_pem}  # fmt: skip
    files = {name: tmp_path / f"{name}.pem" for name in blobs}
    for name, blob in blobs.items():
        blob.write_to_path(str(files[name]))
        files[name].chmod(0o600)
    paths = {name: str(file) for name, file in files.items()}
    shown = serve(tls={"cert": paths["cert"], "key": paths["key"], "client_ca": paths["ca"]})
    place = shown.address.removeprefix("flight://").partition("?")[0]
    uri = f"cubeql://{place}?tls=yes"
    config = tmp_path / "cubeql" / "config.toml"
    config.parent.mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("CUBEQL_TOKEN", shown.keeper)
    believes = f'[servers."{place}"]\ntls_ca = "{paths["ca"]}"\n'
    for told in ("", believes):  # it believes nobody; it shows nothing
        config.write_text(told)
        with pytest.raises(dbapi.Error, match=r"(?i)certificate|tls|unavailable"):
            polars.read_database_uri(TWIN, uri, engine="adbc")
    config.write_text(f'{believes}tls_cert = "{paths["client"]}"\ntls_key = "{paths["client-key"]}"\n')
    assert polars.read_database_uri(TWIN, uri, engine="adbc").equals(shown.house.query(TWIN).to_polars())


def test_options_of_the_driver_go_before(uri: str, served: Served) -> None:
    header = adbc_driver_flightsql.DatabaseOptions.AUTHORIZATION_HEADER.value
    with (
        pytest.raises(dbapi.Error, match=r"(?i)unauthenticated"),
        dbapi.connect(uri, {header: "Bearer nobody"}) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(TWIN)


def test_a_connection_that_cannot_be_made_leaves_no_database(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    database = SimpleNamespace(close=lambda: closed.append(True))  # no connection can be made to it
    monkeypatch.setattr(adbc_driver_cubeql, "connect", lambda *words: database)
    with pytest.raises(TypeError):
        dbapi.connect(uri)
    assert closed == [True]


def test_a_missing_flight_driver_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_flightsql", None)
    with pytest.raises(ImportError, match=r'pip install "cubeql\[flight\]"'):
        runpy.run_path(adbc_driver_cubeql.__file__)


def test_a_profile_of_adbc_names_the_server(
    served: Served, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What programs of other languages use: a file that names driver and server, the token from the environment."""
    from adbc_driver_manager import dbapi as manager

    driver = adbc_driver_flightsql._driver_path()
    profile = f"""profile_version = 1
driver = "{driver}"
[Options]
uri = "{served.address.replace("flight://", "grpc://")}"
"adbc.flight.sql.authorization_header" = "Bearer {{{{ env_var(CUBEQL_TOKEN) }}}}"
"""
    (tmp_path / "cubes.toml").write_text(profile)
    monkeypatch.setenv("ADBC_PROFILE_PATH", str(tmp_path))
    with manager.connect(profile="cubes", autocommit=True) as connection, connection.cursor() as cursor:
        found: pa.Table = cursor.execute(TWIN).fetch_arrow_table()
    assert found.equals(served.house.query(TWIN).to_arrow())
