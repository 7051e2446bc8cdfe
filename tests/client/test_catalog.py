"""What a served store holds, as its user sees it."""

from __future__ import annotations

import inspect
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cubeql import service
from cubeql.client.session import RemoteSession
from cubeql.errors import ConfigError, StoreError, VersionUnknown
from cubeql.session import Session
from cubeql.sessions import AnySession, is_session
from tests.server.conftest import Served, serve_store

ONLY_HERE = {
    "open": "cubeql.connect opens both",
    "for_user": "what a server needs to answer",
    "engine": "what a server needs to answer",
    "who": "what a server needs to answer",
    "memory_bytes": "what a server tells of itself",
}
ARGUMENTS_ONLY_HERE = {("ready", "bind_s"): "the server has its own limit", ("ready", "halt"): "what a server needs"}
ONLY_THERE: dict[str, str] = {}


def public(kind: type) -> dict[str, Any]:
    return {n: getattr(kind, n) for n in dir(kind) if not n.startswith("_")}


def test_every_method_is_there_with_the_same_arguments() -> None:
    here, there = public(Session), public(RemoteSession)
    assert set(here) - set(there) == set(ONLY_HERE) - {"who"}
    assert set(there) - set(here) == set(ONLY_THERE)
    for name in set(here) & set(there):
        if callable(here[name]):
            sides = [inspect.signature(one).parameters for one in (here[name], there[name])]
            mine = {n: p for n, p in sides[0].items() if (name, n) not in ARGUMENTS_ONLY_HERE}
            assert mine == dict(sides[1]), name
    promised = set(public(AnySession)) - {"store", "settings"}
    assert promised == set(here) & set(there)


def test_attributes_are_there(far: RemoteSession, served: Served) -> None:
    attributes = {n for n in vars(served.house) if not n.startswith("_")} - set(ONLY_HERE)
    assert attributes <= {n for n in vars(far) if not n.startswith("_")}
    assert is_session(far) and is_session(served.house)
    assert not is_session("flight://x") and not is_session(served)


def test_the_catalog_is_the_same(far: RemoteSession, served: Served) -> None:
    near = served.house
    assert far.layers == near.layers
    assert far.store.layer_names() == near.store.layer_names()
    assert far.store.view_names() == near.store.view_names()
    assert far.store.cell_set_names() == near.store.cell_set_names()
    for name in near.store.layer_names():
        assert far.layer(name.upper()) == near.layer(name)
        assert far.store.commits(name) == near.store.commits(name)
        assert far.card(name) == near.card(name)
    assert far.stac("fine") == near.stac("fine")
    assert far.store.layer("fine", 0) == near.store.layer("fine", 0)
    assert far.store.layer("absent") is None and far.store.layer("absent", 1) is None
    assert far.store.commits("absent") == ()
    assert str(far.store.address) == served.address


def test_a_version_that_never_was_is_told_without_the_place(far: RemoteSession, served: Served) -> None:
    with pytest.raises(VersionUnknown, match="fine") as raised:
        far.store.layer("fine", 99)
    assert str(served.house.store.address) not in str(raised.value)


def test_an_unchanged_catalog_is_one_small_answer(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with served.connect() as far:
        answers: list[int] = []
        act = far._connection.act

        def counted(*args: Any, **named: Any) -> bytes:
            answer = act(*args, **named)
            answers.append(len(answer))
            return answer

        monkeypatch.setattr(far._connection, "act", counted)
        layers = far.layers
        assert far.layers == layers
        assert len(answers) == 1  # a moment ago is now
        far.store.stale()
        assert far.layers == layers
        assert answers[1] < 100 < answers[0]


def test_editors_help_as_on_the_store_itself(far: RemoteSession, served: Served) -> None:
    near = served.house
    text = "SELECT red FROM fine FILTER "
    assert service.complete(text, len(text), far.store) == service.complete(text, len(text), near.store)
    assert service.hover(text, 8, far.store) == service.hover(text, 8, near.store)
    assert service.check("SELECT rad FROM fine", far.store) == service.check("SELECT rad FROM fine", near.store)


def test_what_a_user_may_not_see_is_not_there(served: Served) -> None:
    with served.connect(served.token("anna")) as anna:
        assert anna.layers == ()
        assert anna.store.layer("fine") is None and anna.store.layer("fine", 0) is None
        assert anna.store.commits("fine") == ()
        for ask in (anna.layer, anna.card, anna.stac, anna.drop):
            with pytest.raises(StoreError, match="there is no layer 'fine'; layers are none"):
                ask("fine")


def test_what_a_user_was_granted_is_there_and_nothing_else(served: Served) -> None:
    with served.connect() as root, served.connect(served.token("berta")) as berta:
        root.query("GRANT READ ON classes TO berta")
        assert [layer.name for layer in berta.layers] == ["classes"]
        assert berta.store.layer_names() == ("classes",)
        assert (berta.store.view_names(), berta.store.cell_set_names()) == ((), ())
        assert berta.layers == (root.layer("classes"),)
        root.query("REVOKE READ ON classes FROM berta")
        berta.store.stale()
        assert berta.layers == ()


def test_a_damaged_layer_is_told_and_stops_nothing(cube_store: Path, tmp_path: Path) -> None:
    store = Path(shutil.copytree(cube_store, tmp_path / "store"))
    for log in next((store / "layers").glob("classes-*")).joinpath("_delta_log").iterdir():
        log.write_bytes(b"no log")
    with ExitStack() as closing:
        one = serve_store(store, {}, closing)
        with one.connect() as far:
            names = [layer.name for layer in far.layers]
            assert names == [layer.name for layer in one.house.layers] and "classes" not in names
            assert far.store.layer_names() == one.house.store.layer_names()
            with pytest.raises(StoreError, match="classes") as raised:
                far.store.layer("classes")
            assert str(store) not in str(raised.value)
            assert far.query("SELECT count(*) AS n FROM fine").to_arrow().num_rows == 1


def test_what_is_not_done_through_a_server_is_refused(far: RemoteSession) -> None:
    for ask in (
        lambda: far.ingest("x.tif", "x"), lambda: far.compact(), lambda: far.vacuum(),
        lambda: far.edit_card("fine", {}),
        lambda: far.set("threads", 3), lambda: far.set("token", "x"), lambda: far.set("timeout_s", -1),
    ):  # fmt: skip
        with pytest.raises(ConfigError):
            ask()
