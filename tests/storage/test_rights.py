"""Rights in the names' own objects, on every medium: changed by several at once, followed through renames."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from cubeql.catalog.rights import Rights, Who
from cubeql.errors import NotAllowed
from cubeql.storage import Store
from cubeql.storage.naming import Named, Names
from tests.storage.making import block, layer, put

ANNA = Who("anna", writes=True)


@pytest.fixture
def held(store: Store) -> Store:
    """A store with a layer and a view."""
    put(store, layer(), block(layer()))
    store.create_view("seen", f"SELECT cell FROM {layer().name}")
    return store


def grant(store: Store, name: str, user: str, right: str = "read") -> None:
    assert store.change_rights(name, partial(Rights.granted, right=right, user=user)) is not None  # type: ignore[arg-type]


def rights_on(store: Store, name: str) -> Rights:
    found = store._names.find(name)
    assert found is not None
    return Rights.of(found.facts)


def test_somebody_sees_and_changes_what_he_may_and_of_the_rest_nothing(held: Store) -> None:
    name = layer().name
    anna = held.seen_by(ANNA)
    assert anna.layer_names() == anna.view_names() == () and anna.layer(name) is None and anna.kind_of(name) is None
    grant(held, name, "anna")
    assert anna.layer_names() == (name,) and anna.layer(name) == held.layer(name) and anna.view_names() == ()
    for refused in (lambda: anna.drop(name), lambda: grant(anna, name, "ben"), lambda: anna.rename(name, "anna.x")):
        with pytest.raises(NotAllowed):
            refused()
    held.change_rights(name, partial(Rights.revoked, right="read", user="anna"))
    assert anna.layer_names() == () and anna.layer(name) is None
    assert anna.change_rights(name, partial(Rights.granted, right="read", user="anna")) is None


def test_of_many_who_grant_at_once_none_undoes_another(held: Store) -> None:
    name, users = layer().name, [f"user{n}" for n in range(6)]
    ready = threading.Barrier(len(users))

    def work(user: str, right: str) -> None:
        ready.wait()
        grant(held, name, user, right)

    threads = [threading.Thread(target=work, args=(u, ("read", "write")[n % 2])) for n, u in enumerate(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rights_on(held, name) == Rights(frozenset(users[::2]), frozenset(users[1::2]))


def test_rights_changed_while_a_layer_is_renamed_go_with_it(held: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    name, take, done = layer().name, Names.take, []
    grant(held, name, "before")
    grant(held, name, "gone")

    def meanwhile(names: Names, known: Named) -> bool:
        if not done:  # the new name is given, the old one is not taken away yet
            done.append(known)
            grant(held, name, "after")
            held.change_rights(name, partial(Rights.revoked, right="read", user="gone"))
        return take(names, known)

    monkeypatch.setattr(Names, "take", meanwhile)
    held.rename(name, "other")
    assert done and held.layer(name) is None
    assert rights_on(held, "other") == Rights(frozenset({"before", "after"}))
    assert held.seen_by(Who("gone")).layer("other") is None


def test_rights_die_with_the_name(held: Store) -> None:
    name = layer().name
    grant(held, name, "anna")
    held.drop(name)
    put(held, layer(), block(layer()))
    assert rights_on(held, name) == Rights() and held.seen_by(ANNA).layer(name) is None
