"""What a served store holds, asked over the wire, is what the store itself says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cubeql.errors import QueryError, VersionUnknown
from cubeql.flight.address import FlightAddress
from cubeql.flight.calling import Connection, ServerFault
from cubeql.flight.catalog import ACTION, RemoteCatalog
from tests.server.conftest import Served


@pytest.fixture(scope="module")
def connection(served: Served) -> Iterator[Connection]:
    with_token = Connection(FlightAddress.of(served.address), served.keeper)
    yield with_token
    with_token.close()


@pytest.fixture(scope="module")
def catalog(connection: Connection) -> RemoteCatalog:
    return RemoteCatalog(lambda question: connection.ask(ACTION, question))


def test_names_are_those_of_the_store(served: Served, catalog: RemoteCatalog) -> None:
    store = served.house.store
    assert catalog.layer_names() == tuple(sorted(store.layer_names())) != ()
    assert catalog.view_names() == tuple(sorted(store.view_names())) != ()
    assert catalog.cell_set_names() == tuple(sorted(store.cell_set_names())) != ()


def test_layers_come_record_for_record(served: Served, catalog: RemoteCatalog) -> None:
    for name in served.house.store.layer_names():
        assert catalog.layer(name) == served.house.store.layer(name)
        assert catalog.commits(name) == served.house.store.commits(name)


def test_cell_sets_and_views_come_with_their_shape(served: Served, catalog: RemoteCatalog) -> None:
    for name in served.house.store.cell_set_names():
        assert catalog.cell_set(name) == served.house.store.cell_set(name)
    for name in served.house.store.view_names():
        view = catalog.remote_view(name)
        assert view is not None
        try:
            assert view.columns == served.house.compile(f"SELECT * FROM {name}").columns
        except QueryError as error:
            assert view.reason == error.diagnostics[0].message


def test_what_is_not_there_is_nothing(catalog: RemoteCatalog) -> None:
    assert catalog.layer("not_there") is None
    assert catalog.remote_view("not_there") is None
    assert catalog.cell_set("not_there") is None
    assert catalog.in_place("not_there") is None


def test_a_version_that_never_was_is_told_as_such(served: Served, catalog: RemoteCatalog) -> None:
    name = served.house.store.layer_names()[0]
    with pytest.raises(VersionUnknown):
        catalog.layer(name, 999)


def test_a_hidden_layer_is_absent(served: Served) -> None:
    with_token = Connection(FlightAddress.of(served.address), served.token("anna"))
    catalog = RemoteCatalog(lambda question: with_token.ask(ACTION, question))
    assert catalog.layer_names() == ()
    assert catalog.layer(served.house.store.layer_names()[0]) is None
    with_token.close()


@pytest.mark.parametrize("question", [{}, {"ask": "name"}, {"ask": "all"}, [1], "names"])
def test_a_question_that_means_nothing_is_refused(connection: Connection, question: object) -> None:
    with pytest.raises(ServerFault, match=r"names, name or commits"):
        connection.ask(ACTION, question)


def test_no_fault_holds_the_token(served: Served) -> None:
    wrong = Connection(FlightAddress.of(served.address), "cubeql_secret_of_mine")
    with pytest.raises(ServerFault) as caught:
        wrong.info("SHOW LAYERS")
    assert caught.value.kind == "token"
    assert "secret_of_mine" not in f"{caught.value}{wrong!r}{vars(caught.value)}"
    wrong.close()
