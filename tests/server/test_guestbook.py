"""Guests and what they come in with: who may be there, for how long, and what memory holds of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.catalog.rights import Who
from cubeql.errors import ConfigError, StoreError
from cubeql.server.desk import Desk
from cubeql.server.faults import Busy
from cubeql.server.guestbook import Guests
from cubeql.server.guests import Guest
from cubeql.server.passes import Passes, digest_of
from cubeql.server.settings import ServerSettings
from cubeql.storage import Store
from cubeql.storage.tokens import Shown, Token, Tokens
from tests.server.test_tries import Clock
from tests.session.test_stopping import STREAM

ANNA, BERT = Who("anna"), Who("bert")


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Store.open(tmp_path / "store", create=True).tokens


def shown_of(text: str) -> Shown:
    found = Shown.of(text)
    assert found is not None
    return found


class Counting(Tokens):
    """Tokens that count how often the store is asked, or cannot be."""

    asked = 0
    broken = False

    def good(self, shown: Shown) -> Token | None:
        self.asked += 1
        if self.broken:
            raise StoreError("no way to the store")
        return super().good(shown)


@contextmanager
def guests_of(store: Path, tokens: Tokens, clock: Clock, **access: Any) -> Iterator[Guests]:
    settings = ServerSettings.of(access={"checked_s": 2.0, **access})
    with cubeql.connect(store) as house:
        guests = Guests(house, Passes(tokens, settings.access, clock), settings, Desk(settings.limits), clock=clock)
        try:
            yield guests
        finally:
            guests.close()


# -------------------------------------------------------------- passes


def test_the_store_is_asked_once_in_a_while_and_a_revoked_token_is_good_no_longer(tmp_path: Path) -> None:
    objects = Store.open(tmp_path / "store", create=True).objects
    clock, tokens = Clock(), Counting(objects)
    shown = shown_of(tokens.create("anna")[1])
    passes = Passes(tokens, ServerSettings.of(access={"checked_s": 2.0}).access, clock)
    assert passes.known(shown) is None
    assert passes.good(shown) and passes.good(shown) and tokens.asked == 1
    tokens.revoke([shown.id])
    clock.now += 1.9
    assert passes.good(shown) and tokens.asked == 1
    clock.now += 0.2
    assert passes.good(shown) is None and passes.known(shown) is None and tokens.asked == 2


def test_a_token_that_expires_is_good_no_longer_though_it_was_a_moment_ago(tokens: Tokens) -> None:
    shown = shown_of(tokens.create("anna")[1])
    passes = Passes(tokens, ServerSettings().access, Clock())
    token = passes.good(shown)
    assert token is not None and token.expires is not None
    end = token.expires
    tokens.now = lambda: end
    assert passes.good(shown) is None


def test_tokens_that_are_not_good_leave_nothing_in_memory(tokens: Tokens) -> None:
    passes = Passes(tokens, ServerSettings().access, Clock())
    for n in range(50):
        assert passes.good(Shown(f"{n:012x}", "0" * 64)) is None
    assert not passes._good and not passes._bearers


def test_a_bearer_is_good_for_a_while_after_its_last_use_and_known_by_its_digest(tokens: Tokens) -> None:
    clock = Clock()
    passes = Passes(tokens, ServerSettings.of(access={"bearer_s": 100.0, "guests_per_user": 2}).access, clock)
    token, text = tokens.create("anna")
    shown = shown_of(text)
    one = passes.bearer(shown, token)
    assert one not in repr(vars(passes)) and text.rpartition("_")[2] not in repr(vars(passes))
    clock.now += 90
    assert passes.behind(digest_of(one)) == shown and passes.behind(digest_of(text)) is None
    clock.now += 90
    assert passes.behind(digest_of(one)) == shown
    clock.now += 101
    assert passes.behind(digest_of(one)) is None
    three = [passes.bearer(shown, token) for _ in range(3)]
    assert [passes.behind(digest_of(each)) for each in three] == [None, shown, shown]


def test_the_day_of_the_last_use_is_told(tokens: Tokens) -> None:
    token, text = tokens.create("anna")
    passes = Passes(tokens, ServerSettings().access, Clock())
    passes.good(shown_of(text))
    found = tokens.find(token.id)
    assert found is not None and found.used is not None and found.used.date() == tokens.now().date()


# -------------------------------------------------------------- guests


@contextmanager
def at_work(guest: Guest) -> Iterator[None]:
    """A statement of a guest runs, and some of its rows have come."""
    with guest.session.ready(STREAM).start() as result:
        rows = iter(result)
        next(rows)
        assert guest.at_work
        yield


def test_a_login_is_one_guest_and_who_idles_leaves(cube_store: Path, tokens: Tokens) -> None:
    clock = Clock()
    with guests_of(cube_store, tokens, clock, idle_s=100.0) as guests:
        one, other = guests.come("a", ANNA, None), guests.come("b", ANNA, None)
        assert guests.come("a", ANNA, None) is one is not other
        clock.now += 60
        guests.come("a", ANNA, None)
        clock.now += 60
        guests.look_after()
        assert guests.there() == [one]
        with pytest.raises(ConfigError, match="closed"):
            other.session.query("SHOW LAYERS")
        assert guests.come("b", ANNA, None) is not other
        one.session.query("SHOW LAYERS").close()


def test_who_runs_something_does_not_idle(cube_store: Path, tokens: Tokens) -> None:
    clock = Clock()
    with guests_of(cube_store, tokens, clock, idle_s=100.0) as guests:
        one = guests.come("a", Who("root", keeper=True, writes=True), None)
        with at_work(one):
            clock.now += 1000
            guests.look_after()
            assert guests.there() == [one]
        guests.look_after()
        assert guests.there() == []


def test_where_it_is_full_the_longest_idle_leaves_and_who_works_stays(cube_store: Path, tokens: Tokens) -> None:
    clock, keeper = Clock(), Who("root", keeper=True, writes=True)
    with guests_of(cube_store, tokens, clock, guests_per_user=2, guests=3) as guests:
        first, second = guests.come("a", keeper, None), guests.come("b", keeper, None)
        clock.now += 1
        with at_work(first):
            third = guests.come("c", keeper, None)
            assert guests.there() == [first, third]
            with pytest.raises(ConfigError, match="closed"):
                second.session.query("SHOW LAYERS")
            guests.come("d", BERT, None)
            clock.now += 1
            guests.come("e", ANNA, None)
            assert [g.key for g in guests.there()] == ["a", "d", "e"]
            clock.now += 1
            with at_work(guests.come("c", keeper, None)), pytest.raises(Busy, match="all of them are at work"):
                guests.come("f", keeper, None)
            assert {g.key for g in guests.there()} >= {"a", "c"}


def test_who_is_at_work_stays_while_the_store_cannot_be_asked(cube_store: Path, tmp_path: Path) -> None:
    tokens = Counting(Store.open(tmp_path / "store", create=True).objects)
    token, text = tokens.create("root", "keeper")
    clock = Clock()
    with guests_of(cube_store, tokens, clock) as guests:
        guest = guests.come("a", token.who, shown_of(text))
        with at_work(guest):
            tokens.broken = True
            guests.look_after()
            assert guests.there() == [guest]
            tokens.broken = False
            tokens.revoke([token.id])
            guests.look_after()
            assert guests.there() == []


def test_no_thread_is_left(cube_store: Path, tokens: Tokens) -> None:
    with guests_of(cube_store, tokens, Clock()) as guests:
        guests.come("a", ANNA, None)
        thread = guests._rounds
        assert thread is not None and thread.is_alive()
    assert not thread.is_alive()
