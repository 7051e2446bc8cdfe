"""What a server stands on: certificates, keys and places that cannot be are told by name, and TLS holds on the wire."""

from __future__ import annotations

import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.flight as flight
import pytest
import trustme

import cubeql
from cubeql.errors import ConfigError, CubeQLError
from cubeql.server.ground import check_place, check_way, papers_of, warnings_of
from cubeql.server.settings import ServerSettings, Tls
from tests.server.conftest import Serve
from tests.server.test_gate import ask, bearer

OURS = trustme.CA()


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """PEM files by what they hold."""
    folder = tmp_path_factory.mktemp("papers")
    server, client, stranger = OURS.issue_cert("127.0.0.1"), OURS.issue_cert("anna"), trustme.CA().issue_cert("bert")
    made = {
        "ca": OURS.cert_pem, "cert": server.cert_chain_pems[0], "key": server.private_key_pem,
        "client": client.cert_chain_pems[0], "client key": client.private_key_pem,
        "stranger": stranger.cert_chain_pems[0], "stranger key": stranger.private_key_pem,
    }  # fmt: skip
    files = {}
    for name, blob in made.items():
        files[name] = folder / f"{name.replace(' ', '-')}.pem"
        blob.write_to_path(str(files[name]))
        files[name].chmod(0o600)
    return files


# -------------------------------------------------------------- files


def test_papers_that_fit_are_taken(papers: dict[str, Path]) -> None:
    found = papers_of(Tls(papers["cert"], papers["key"], papers["ca"]))
    assert found is not None and found.options()["verify_client"] is True
    assert "PRIVATE" not in repr(found) and papers_of(Tls()) is None


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (("cert", None, None), "cert and key belong together"),
        ((None, "key", None), "cert and key belong together"),
        ((None, None, "ca"), "needs TLS: give cert and key too"),
        (("nothing", "key", None), r"cert .*nothing.pem: No such file"),
        (("cert", "nothing", None), r"key .*nothing.pem: No such file"),
        (("cert", "key", "nothing"), r"client_ca .*nothing.pem: No such file"),
        (("words", "key", None), r"cert .*words.pem is no PEM file"),
        (("cert", "stranger key", None), r"key .*stranger-key.pem is not the key of the certificate .*cert.pem"),
        (("cert", "damaged", None), r"cert .*cert.pem or key .*damaged.pem cannot be read"),
        (("cert", "locked", None), r"key .*locked.pem is locked by a password"),
        (("cert", "key", "key"), r"client_ca .*key.pem holds no certificate"),
    ],
)
def test_papers_that_do_not_fit_are_told_by_their_files(
    papers: dict[str, Path], tmp_path: Path, chosen: tuple[str | None, ...], said: str
) -> None:
    own = {"nothing": "", "words": "words", "damaged": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
           "locked": LOCKED}  # fmt: skip
    for name, text in own.items():
        if text:
            (tmp_path / f"{name}.pem").write_text(text)
    files = {**papers, **{name: tmp_path / f"{name}.pem" for name in own}}
    with pytest.raises(ConfigError, match=said):
        papers_of(Tls(*(None if name is None else files[name] for name in chosen)))


LOCKED = """-----BEGIN RSA PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF

AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
-----END RSA PRIVATE KEY-----
"""


def test_a_file_that_may_not_be_read_is_told(papers: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[tls\] key .*: Is a directory"):
        papers_of(Tls(papers["cert"], tmp_path))


# -------------------------------------------------------------- ways


@pytest.mark.parametrize("address", ["0.0.0.0:8815", "[::]:8815", "cubes.example.org:8815", "10.0.0.1:8815"])
def test_without_tls_nobody_else_reaches_the_server_unless_that_is_asked_for(address: str) -> None:
    open_ = ServerSettings.of(flight={"address": address})
    with pytest.raises(ConfigError, match=r"(?s)without TLS whoever is on the way.*--plain"):
        check_way(open_)
    plain = open_.but(flight={"plain": True})
    check_way(plain)
    assert "there is no TLS" in warnings_of(plain)[0] and plain.flight.address == address


@pytest.mark.parametrize("address", ["127.0.0.1:8815", "localhost:1", "[::1]:8815", "127.9.9.9:1"])
def test_on_this_machine_alone_no_tls_is_needed(address: str) -> None:
    settings = ServerSettings.of(flight={"address": address})
    check_way(settings)
    assert warnings_of(settings) == []


def test_a_key_that_others_can_read_is_warned_of(papers: dict[str, Path], tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(papers["key"].read_bytes())
    settings = ServerSettings.of(tls={"cert": str(papers["cert"]), "key": str(key)})
    key.chmod(0o640)
    assert f"others can read the key {key}" in warnings_of(settings)[0]
    key.chmod(stat.S_IRUSR)
    assert warnings_of(settings) == []


def test_places_that_cannot_be_are_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match=rf"(?s){place} cannot be .* already in use.*has the port"):
            check_place(place)
    check_place(place)
    with pytest.raises(ConfigError, match=r"nobody knows the host nosuch\.invalid"):
        check_place("nosuch.invalid:1")
    with pytest.raises(ConfigError, match=r"(?s)192\.0\.2\.1:1 cannot be listened at.*no such address"):
        check_place("192.0.2.1:1")


def test_a_server_beside_another_is_refused_and_leaves_nothing(serve: Serve) -> None:
    one = serve()
    with pytest.raises(ConfigError, match="another program has the port"):
        serve(flight={"address": one.address.removeprefix("flight://")})


# -------------------------------------------------------------- on the wire


def test_tls_keeps_the_way_and_a_client_that_does_not_believe_the_server_says_nothing(
    serve: Serve, papers: dict[str, Path]
) -> None:
    served = serve(tls={"cert": str(papers["cert"]), "key": str(papers["key"])})
    assert served.address.endswith("?tls=yes")
    with cubeql.connect(served.address, token=served.keeper, tls_ca=papers["ca"]) as session:
        assert session.query("SELECT red FROM fine LIMIT 1").to_arrow().num_rows == 1
    with cubeql.connect(served.address, token=served.keeper) as session:
        assert "not of an authority believed here" in fault(lambda: session.query("SHOW LAYERS"))
    with cubeql.connect(served.address.partition("?")[0], token=served.keeper) as session:
        assert "?tls=yes" in fault(lambda: session.query("SHOW LAYERS"))
    assert served.serving.guests.count() == 1


def test_with_a_client_authority_a_token_alone_does_not_let_in(serve: Serve, papers: dict[str, Path]) -> None:
    served = serve(tls={name: str(papers[p]) for name, p in (("cert", "cert"), ("key", "key"), ("client_ca", "ca"))})
    place = served.address.replace("flight://", "grpc+tls://").partition("?")[0]

    def come(**shown: bytes) -> int:
        with flight.FlightClient(place, tls_root_certs=papers["ca"].read_bytes(), **shown) as client:
            return ask(client, bearer(served.keeper))

    def shown(name: str) -> dict[str, bytes]:
        return {"cert_chain": papers[name].read_bytes(), "private_key": papers[f"{name} key"].read_bytes()}

    assert come(**shown("client")) == 1
    for other in ({}, shown("stranger")):
        with pytest.raises(flight.FlightUnavailableError):
            come(**other)
    assert served.serving.guests.count() == 1
    with cubeql.connect(served.address, token=served.keeper, tls_ca=papers["ca"]) as session:
        assert "wants to see a certificate" in fault(lambda: session.query("SHOW LAYERS"))
    with pytest.raises(flight.FlightUnauthenticatedError), flight.FlightClient(
        place, tls_root_certs=papers["ca"].read_bytes(), **shown("client")
    ) as client:
        ask(client)


def fault(ask: Callable[[], Any]) -> str:
    with pytest.raises(CubeQLError) as caught:
        ask()
    return str(caught.value)
