"""What clients get to see of errors: what was wrong, and nothing of the machine that answers."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from cubeql.errors import (
    CardError,
    ConfigError,
    IngestError,
    InternalError,
    QueryCancelled,
    QueryError,
    QueryTimeout,
    Span,
    StoreError,
    VersionGone,
    diagnose,
)
from cubeql.flight.told import fault_of
from cubeql.flight.wire import WireError
from cubeql.server.faults import OWN, Busy, OwnClients, Refused, Unspoken, guarded, hide_tracebacks, told
from cubeql.server.streaming import Flow, Outlet, Stream, flight_stream
from cubeql.server.watch import Watch

SECRET = "Bearer cubeql_1_abcdef"
UNKNOWN = diagnose("unknown_layer", Span(14, 16), name="s3", suggestion="layers are dem")
FAULTS: dict[str, tuple[Exception, type[Exception], str]] = {
    "query": (QueryError([UNKNOWN], "SELECT * FROM s3"), pa.ArrowInvalid, "there is no layer 's3'"),
    "timeout": (QueryTimeout([diagnose("timeout", limit_s=3)], ""), flight.FlightTimedOutError, "3"),
    "cancelled": (QueryCancelled([diagnose("cancelled")], ""), flight.FlightServerError, "cancelled"),
    "settings": (ConfigError("there is no setting 'x'"), pa.ArrowInvalid, "there is no setting 'x'"),
    "card": (CardError("a title is a text"), pa.ArrowInvalid, "a title is a text"),
    "ingest": (IngestError("no column of cells"), pa.ArrowInvalid, "no column of cells"),
    "wire": (WireError("a message ends within a field"), pa.ArrowInvalid, "ends within a field"),
    "refused": (Refused("a handle"), pa.ArrowInvalid, "a handle"),
    "unspoken": (Unspoken("Substrait"), pa.ArrowNotImplementedError, "Substrait"),
    "missing": (NotImplementedError("plans"), pa.ArrowNotImplementedError, "plans"),
    "busy": (Busy("later"), flight.FlightUnavailableError, "later"),
    "token": (flight.FlightUnauthenticatedError("no token"), flight.FlightUnauthenticatedError, "no token"),
}
HIDDEN: dict[str, Exception] = {
    "store": StoreError(f"/data/store/_log/0.json: damaged {SECRET}"),
    "version": VersionGone("/data/store/x", 1, 2, 2, __import__("datetime").datetime(2024, 1, 1)),
    "internal": InternalError(f"/srv/cubeql/plan.py: {SECRET}"),
    "any": ValueError(f'File "/srv/x.py" {SECRET}'),
    "key": KeyError("k"),
    "os": OSError(2, "No such file", "/etc/passwd"),
    "recursion": RecursionError("/srv/x.py"),
}


class Raising(flight.FlightServerBase):
    """A server that raises what the test says, in the way it says."""

    fault: Exception
    rows: Callable[[], Iterator[pa.RecordBatch]]

    def __init__(self) -> None:
        hide_tracebacks()
        self.watch = Watch()
        super().__init__("grpc://127.0.0.1:0", middleware={OWN: OwnClients()})

    @guarded
    def do_action(self, context: Any, action: Any) -> Any:
        raise self.fault

    def do_get(self, context: Any, ticket: Any) -> Any:
        schema, stream = pa.schema([]), Stream(self.failing, lambda: None, Flow())
        return flight_stream(Outlet(stream, schema, self.watch, context.is_cancelled, told=told), schema)

    def failing(self) -> Any:
        raise self.fault

    def list_actions(self, context: Any) -> Any:
        raise self.fault  # one that nothing guards


@pytest.fixture(scope="module")
def raising() -> Iterator[Raising]:
    with Raising() as server:
        yield server
        server.watch.close()


@pytest.fixture(scope="module")
def client(raising: Raising) -> Iterator[flight.FlightClient]:
    with flight.connect(f"grpc://127.0.0.1:{raising.port}") as client:
        yield client


def met(ask: Callable[[], Any]) -> Exception:
    with pytest.raises(Exception) as caught:
        ask()
    return caught.value


def ways(client: flight.FlightClient) -> list[Callable[[], Any]]:
    return [
        lambda: list(client.do_action(flight.Action("x", b""))),
        lambda: client.do_get(flight.Ticket(b"")).read_all(),
    ]


def clean(text: str) -> bool:
    return not re.search(r"Traceback|\.py|Bearer|/srv|/data|/etc|line \d+, in", text)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_code_and_its_words(raising: Raising, client: flight.FlightClient, name: str) -> None:
    raising.fault, kind, words = FAULTS[name]
    for ask in ways(client):
        error = met(ask)
        assert type(error) is kind
        assert words in str(error)
        assert clean(str(error))


@pytest.mark.parametrize("name", HIDDEN)
def test_what_nobody_expected_gets_a_number_and_goes_whole_to_the_log(
    raising: Raising, client: flight.FlightClient, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    raising.fault = HIDDEN[name]
    for ask in ways(client):
        caplog.clear()
        with caplog.at_level(logging.ERROR, "cubeql.server"):
            error = met(ask)
        number = re.search(r"reference ([0-9a-f]{8})\b", str(error))
        assert type(error) is flight.FlightInternalError
        assert number
        assert clean(str(error))
        assert f"reference {number[1]}" in caplog.text
        assert "Traceback" in caplog.text
        assert type(raising.fault).__name__ in caplog.text


@pytest.mark.parametrize("fault", [f for f, *_ in FAULTS.values()] + list(HIDDEN.values()), ids=repr)
def test_what_nothing_guards_sends_no_traceback(
    raising: Raising, client: flight.FlightClient, fault: Exception
) -> None:
    raising.fault = fault
    error = met(client.list_actions)
    assert "Traceback" not in str(error)
    assert "test_faults" not in str(error)


def test_own_clients_get_the_facts_of_a_fault(raising: Raising, client: flight.FlightClient) -> None:
    raising.fault = QueryError([UNKNOWN], "SELECT * FROM s3")
    options = flight.FlightCallOptions(headers=[(b"x-cubeql-client", b"1")])
    error = met(lambda: list(client.do_action(flight.Action("x", b""), options)))
    assert isinstance(error, flight.FlightServerError)
    fault = fault_of(error.extra_info)
    assert isinstance(fault, QueryError)
    assert (type(fault), fault.text, fault.diagnostics) == (QueryError, "SELECT * FROM s3", (UNKNOWN,))
    assert fault.diagnostics[0].facts == (("name", "s3"), ("suggestion", "layers are dem"))


@pytest.mark.parametrize("kind", [StoreError, InternalError])
def test_own_clients_know_which_kind_a_hidden_fault_is(
    raising: Raising, client: flight.FlightClient, kind: type[Exception]
) -> None:
    raising.fault = kind(f"/data/store: {SECRET}")
    options = flight.FlightCallOptions(headers=[(b"x-cubeql-client", b"1")])
    error = met(lambda: list(client.do_action(flight.Action("x", b""), options)))
    fault = fault_of(error.extra_info)
    assert type(fault) is kind
    assert "reference" in str(fault) and SECRET not in str(error) and "/data" not in str(error)


def test_own_clients_know_a_timeout_by_its_code_too(raising: Raising, client: flight.FlightClient) -> None:
    raising.fault = QueryTimeout([diagnose("timeout", limit_s=3)], "SHOW LAYERS")
    options = flight.FlightCallOptions(headers=[(b"x-cubeql-client", b"1")])
    error = met(lambda: list(client.do_action(flight.Action("x", b""), options)))
    assert isinstance(error, flight.FlightTimedOutError)
    assert isinstance(fault_of(error.extra_info), QueryTimeout)


def test_tracebacks_of_python_itself_stay_as_they_are() -> None:
    hide_tracebacks()
    try:
        raise Refused("a reason")
    except Refused as error:
        assert "test_faults.py" in "".join(traceback.format_exception(error))
