"""Who comes in, over the wire: each way to try it without the right, and that nothing of a secret is ever told."""

from __future__ import annotations

import base64
import logging
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from cubeql.catalog.rights import Who
from cubeql.flight.wire import pack
from cubeql.storage import Store
from tests.server.conftest import Serve, Served, serve_store
from tests.session.test_stopping import LONG, STREAM

WITHIN_S = 20.0
TEXT = "SELECT cell, red FROM fine LIMIT 1"
Header = tuple[bytes, bytes]


def until(so: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + WITHIN_S
    while not so():
        assert time.monotonic() < end, so
        time.sleep(0.005)


@pytest.fixture(scope="module")
def served(served_store: Path) -> Iterator[Served]:
    """One server for all these tests, which fail more often than anybody may."""
    with ExitStack() as closing:
        yield serve_store(served_store, {"access": {"failed_tries": 10**6, "failed_tries_in_all": 10**6}}, closing)


@pytest.fixture
def client(served: Served) -> Iterator[flight.FlightClient]:
    with flight.connect(served.address.replace("flight://", "grpc://")) as client:
        yield client


def bearer(text: str) -> Header:
    return b"authorization", f"Bearer {text}".encode()


def basic(user: str, password: str, padded: bool = True) -> Header:
    written = base64.b64encode(f"{user}:{password}".encode()).decode()
    return b"authorization", f"Basic {written if padded else written.rstrip('=')}".encode()


def ask(client: flight.FlightClient, *headers: Header, text: str = TEXT) -> int:
    """Run a statement; how many rows it gives."""
    options = flight.FlightCallOptions(headers=list(headers), timeout=WITHIN_S)
    command = flight.FlightDescriptor.for_command(pack("CommandStatementQuery", query=text))
    info = client.get_flight_info(command, options)
    return int(client.do_get(info.endpoints[0].ticket, options).read_all().num_rows)


def refused(client: flight.FlightClient, *headers: Header) -> str:
    with pytest.raises(flight.FlightUnauthenticatedError) as caught:
        ask(client, *headers)
    return str(caught.value).partition(". ")[0]


# -------------------------------------------------------------- ways in


def test_a_token_lets_its_user_in_as_bearer_and_as_password(client: flight.FlightClient, served: Served) -> None:
    token = served.token("root", "keeper")
    for header in (bearer(token), basic("root", token), basic("ROOT", token), basic("", token),
                   (b"authorization", f"bearer  {token} ".encode())):  # fmt: skip
        assert ask(client, header) == 1


@pytest.mark.parametrize("user", ["root", "ro", "r"])
def test_a_login_without_padding_as_clients_in_go_send_it(
    client: flight.FlightClient, served: Served, user: str
) -> None:
    assert ask(client, basic(user, served.token(user, "keeper"), padded=False)) == 1


def test_a_login_gets_something_short_lived_that_stands_for_the_token(
    client: flight.FlightClient, served: Served
) -> None:
    token = served.token("root", "keeper")
    got = client.authenticate_basic_token("root", token)
    assert token not in repr(got) and re.fullmatch(rb"Bearer cubeql_login_[0-9a-f]{64}", got[1])
    assert ask(client, got) == 1
    other = client.authenticate_basic_token("", token)
    assert other != got
    mine = [g for g in served.serving.guests.there() if g.shown is not None and g.shown.id in token]
    assert len(mine) == 1, "who only logs in is no guest yet"


def test_no_answer_but_that_to_a_login_has_a_header_that_lets_in(served: Served) -> None:
    """Drivers write the headers of answers into their errors."""
    got: list[dict[str, Any]] = []

    class Looks(flight.ClientMiddleware):
        def received_headers(self, headers: dict[str, Any]) -> None:
            got.append(headers)

    class Looking(flight.ClientMiddlewareFactory):
        def start_call(self, info: Any) -> Looks:
            return Looks()

    place = served.address.replace("flight://", "grpc://")
    with flight.FlightClient(place, middleware=[Looking()]) as client:
        token = served.keeper
        short = client.authenticate_basic_token("", token)
        assert "authorization" in str(got)
        got.clear()
        assert ask(client, bearer(token)) == ask(client, short) == ask(client, basic("", token)) == 1
    assert got and "authorization" not in str(got) and "cubeql_" not in str(got)


# -------------------------------------------------------------- refusals


def test_every_token_that_is_not_good_gets_the_same_answer(client: flight.FlightClient, served: Served) -> None:
    token = served.token("root", "keeper")
    _, id_, secret = token.split("_")
    other = served.token("root", "keeper").split("_")
    gone, past = served.token("root", "keeper"), served.tokens.create("root", "keeper", timedelta(seconds=1))[0]
    served.tokens.revoke([gone.split("_")[1]])
    short = client.authenticate_basic_token("", token)[1].decode().removeprefix("Bearer ")
    wrong = {
        "wrong secret": f"cubeql_{id_}_{'0' * 64}",
        "unknown id": f"cubeql_{'0' * 12}_{secret}",
        "secret of another": f"cubeql_{id_}_{other[2]}",
        "truncated": token[:-1],
        "longer": token + "0",
        "only the secret": secret,
        "only the id": id_,
        "the digest": f"cubeql_{id_}_{past.digest}",
        "upper case": token.upper(),
        "revoked": gone,
        "unknown login": f"cubeql_login_{'0' * 64}",
        "login of another": short[:-4] + "0000",
        "path": f"cubeql_../../../{id_}_{secret}",
        "nothing": "",
        "words": "let me in",
    }
    said = {what: refused(client, bearer(text)) for what, text in wrong.items()}
    assert set(said.values()) == {"the token is wrong, expired or revoked"}, said
    assert ask(client, bearer(token)) == 1


def test_a_token_of_another_store_is_refused(
    client: flight.FlightClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Store.open(tmp_path_factory.mktemp("other") / "store", create=True)
    assert refused(client, bearer(other.tokens.create("root", "keeper")[1])) == "the token is wrong, expired or revoked"


def test_an_expired_token_is_refused(client: flight.FlightClient, served: Served) -> None:
    token = served.tokens.create("root", "keeper", timedelta(microseconds=1))[1]
    until(lambda: served.tokens.who_of(token) is None)
    assert refused(client, bearer(token)) == "the token is wrong, expired or revoked"


def test_a_password_is_refused_to_any_other_user(client: flight.FlightClient, served: Served) -> None:
    token = served.token("root", "keeper")
    assert ask(client, bearer(token)) == 1
    for header in (basic("anna", token), basic("root ", token), basic("public", token), basic("root", "root"),
                   basic("root", ""), basic("root", token + ":")):  # fmt: skip
        assert refused(client, header) == "the token is wrong, expired or revoked"
    with pytest.raises(flight.FlightUnauthenticatedError, match="wrong, expired or revoked"):
        client.authenticate_basic_token("anna", token)


def test_a_call_without_a_token_is_refused_and_told_how(client: flight.FlightClient) -> None:
    assert refused(client).startswith("no token came with the call")
    with pytest.raises(flight.FlightUnauthenticatedError, match="no token came"):
        client.authenticate_basic_token("public", "")


def test_headers_that_cannot_be_read_are_refused(client: flight.FlightClient, served: Served) -> None:
    token = served.token("root", "keeper")
    tricks: dict[str, list[Header]] = {
        "two": [bearer(token), bearer(token)],
        "two schemes": [bearer(token), basic("", token)],
        "comma": [(b"authorization", f"Digest x, Bearer {token}".encode())],
        "no scheme": [(b"authorization", token.encode())],
        "long": [(b"authorization", b"Bearer " + b"x" * 8000)],
        "no base64": [(b"authorization", b"Basic ???")],
        "no colon": [(b"authorization", b"Basic " + base64.b64encode(token.encode()))],
        "no UTF-8": [(b"authorization", b"Basic " + base64.b64encode(b"\xff\xfe:\x00"))],
        "empty": [(b"authorization", b"")],
    }
    said = {what: refused(client, *headers) for what, headers in tricks.items()}
    assert {text.partition(";")[0] for text in said.values()} == {"the authorization header cannot be read"}, said
    assert refused(client, (b"authorization-bin", f"Bearer {token}".encode())).startswith("no token")
    assert refused(client, (b"x-authorization", f"Bearer {token}".encode())).startswith("no token")


@pytest.mark.parametrize(
    "value", [b"Bearer \0", "Bearer é".encode(), b"Bearer x\nauthorization: Bearer y", b"Bearer " + b"x" * 70_000]
)
def test_what_no_header_may_hold_gets_no_further_than_the_transport(
    client: flight.FlightClient, value: bytes
) -> None:
    with pytest.raises(Exception, match=r"Invalid metadata|metadata size"):
        ask(client, (b"authorization", value))


def test_every_call_asks_for_a_token(client: flight.FlightClient) -> None:
    command = flight.FlightDescriptor.for_command(pack("CommandStatementQuery", query=TEXT))
    calls: dict[str, Callable[[], Any]] = {
        "get_flight_info": lambda: client.get_flight_info(command),
        "get_schema": lambda: client.get_schema(command),
        "get_schema, wrong": lambda: client.get_schema(command, flight.FlightCallOptions(headers=[bearer("x")])),
        "do_get": lambda: client.do_get(flight.Ticket(b"x")).read_all(),
        "do_put": lambda: client.do_put(command, pa_schema())[1].read(),
        "do_action": lambda: list(client.do_action(flight.Action("CloseSession", b""))),
        "list_actions": lambda: list(client.list_actions()),
        "list_flights": lambda: list(client.list_flights()),
        "do_exchange": lambda: client.do_exchange(command)[1].read_all(),
    }
    for name, call in calls.items():
        with pytest.raises(Exception, match=r"(?s)(no token came|token is wrong).*Unauthenticated"):
            call()
            pytest.fail(name)
    served_calls = {n for n in vars(flight.FlightServerBase) if n.startswith(("do_", "get_", "list_"))}
    assert served_calls == {name.partition(",")[0] for name in calls}, "a call that no line here tries"


def pa_schema() -> Any:
    return pa.schema([("x", pa.int64())])


# -------------------------------------------------------------- nobody


def test_whoever_comes_without_a_token_reads_what_is_public_where_that_is_allowed(serve: Serve) -> None:
    served = serve(access={"anonymous": True})
    with flight.connect(served.address.replace("flight://", "grpc://")) as client:
        with pytest.raises(Exception, match="there is no layer 'fine'"):
            ask(client)
        assert ask(client, text="SHOW LAYERS") == 0
        assert {g.who for g in served.serving.guests.there()} == {Who("public", keeper=False, writes=False)}
        client.authenticate_basic_token("", "")
        assert ask(client, bearer(served.keeper)) == 1
        assert refused(client, bearer("wrong")) == "the token is wrong, expired or revoked"


# -------------------------------------------------------------- revoked


@pytest.mark.parametrize(("text", "login"), [(LONG, True), (STREAM, False)])
def test_a_revoked_token_stops_what_runs_and_lets_nobody_in_any_more(serve: Serve, text: str, login: bool) -> None:
    served = serve(access={"checked_s": 0.05}, limits={"batch_bytes": 65536})
    token = served.token("root", "keeper")
    with flight.connect(served.address.replace("flight://", "grpc://")) as client:
        header = client.authenticate_basic_token("", token) if login else bearer(token)
        options = flight.FlightCallOptions(headers=[header], timeout=WITHIN_S)
        command = flight.FlightDescriptor.for_command(pack("CommandStatementQuery", query=text))
        reader = client.do_get(client.get_flight_info(command, options).endpoints[0].ticket, options)
        (guest,) = served.serving.guests.there()
        until(lambda: guest.at_work)
        served.tokens.revoke([token.split("_")[1]])
        until(lambda: served.serving.guests.there() == [])
        with pytest.raises(flight.FlightServerError, match="cancelled"):
            reader.read_all()
        assert refused(client, header) == "the token is wrong, expired or revoked"


# -------------------------------------------------------------- brute force


def test_who_fails_often_must_wait_and_who_is_in_stays_in(serve: Serve) -> None:
    served = serve(access={"failed_tries": 3})
    token, fresh = served.keeper, served.keeper
    with flight.connect(served.address.replace("flight://", "grpc://")) as client:
        assert ask(client, bearer(token)) == 1
        for _ in range(3):
            refused(client, bearer("wrong"))
        for header in (bearer("wrong"), bearer(fresh)):
            with pytest.raises(flight.FlightUnavailableError, match="try again in a minute"):
                ask(client, header)
        assert ask(client, bearer(token)) == 1


# -------------------------------------------------------------- secrets


def test_no_secret_is_told_anywhere(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    served = serve(audit={"folder": str(tmp_path)}, metrics={"address": "127.0.0.1:0"})
    with flight.connect(served.address.replace("flight://", "grpc://")) as client:
        token, short, told = _tried(client, served)
    serving = served.serving
    assert serving.health is not None and serving.book is not None and serving.book.flush()
    with urllib.request.urlopen(f"http://127.0.0.1:{serving.health.port}/metrics", timeout=WITHIN_S) as answer:
        figures = answer.read().decode()
    audit = [file.read_text() for file in tmp_path.iterdir()]
    told += [figures, *audit, caplog.text, *capfd.readouterr()]
    secrets = [token.rpartition("_")[2], short.rpartition("_")[2]]
    assert "cubeql_logins_refused_total 6.0" in figures and token.split("_")[1] in "".join(audit)
    assert len(told) > 20 and not [t for t in told for s in secrets if s[:-1] in t]


def _tried(client: flight.FlightClient, served: Served) -> tuple[str, str, list[str]]:
    """Come in all ways, good and bad: a token, what a login got, and all that was said and can be looked at."""
    token = served.token("root", "keeper")
    short = client.authenticate_basic_token("root", token)[1].decode().removeprefix("Bearer ")
    told: list[str] = []
    for header in (bearer(token), bearer(short), basic("root", token), bearer(token[:-1]), basic("anna", token)):
        for text in (TEXT, "SELECT nothing FROM nowhere", f"SELECT {'x' * 20}"):
            try:
                ask(client, header, text=text)
            except Exception as error:
                told += [str(error), repr(error), str(getattr(error, "extra_info", ""))]
    guests, serving = served.serving.guests, served.serving
    told += [repr(x) for x in (guests, *guests.there(), serving, serving.door, served.tokens, *served.tokens.all())]
    told += [repr(vars(guests)), repr(vars(guests._passes)), repr(vars(serving))]
    return token, short, told
