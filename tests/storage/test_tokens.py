"""Tokens at rest, on every medium: what lets somebody in, until when, and that nothing kept could."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from cubeql.catalog.rights import Who
from cubeql.errors import ConfigError, StoreError
from cubeql.storage import Store
from cubeql.storage.objects import Objects
from cubeql.storage.tokens import FOLDER, LASTS, Shown, Tokens

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(objects: Objects, clock: Clock) -> Tokens:
    return Tokens(objects, clock)


def test_each_scope_lets_its_user_in(tokens: Tokens) -> None:
    told = {scope: tokens.who_of(tokens.create("anna", scope)[1]) for scope in ("read", "write", "keeper")}
    assert told == {
        "read": Who("anna"),
        "write": Who("anna", writes=True),
        "keeper": Who("anna", keeper=True, writes=True),
    }


def test_neither_the_store_nor_a_record_holds_the_secret(tokens: Tokens, objects: Objects) -> None:
    token, text = tokens.create("anna", label="a wall")
    secret = text.rpartition("_")[2]
    kept = b"".join(held.content for e in objects.entries() if (held := objects.read(e.name)) is not None)
    assert secret.encode() not in kept and b"a wall" in kept and len(secret) == 64
    shown = Shown.of(text)
    assert shown is not None and token.digest not in f"{token!r} {shown!r}" and secret not in f"{token!r} {shown!r}"


def test_a_token_is_good_until_the_moment_it_expires(tokens: Tokens, clock: Clock) -> None:
    token, text = tokens.create("anna", lasts=timedelta(hours=1))
    assert token.expires == START + timedelta(hours=1)
    clock.now = token.expires - timedelta(microseconds=1)
    assert tokens.who_of(text) == Who("anna")
    clock.now = token.expires
    assert tokens.who_of(text) is None and token.state(clock.now) == "expired"


def test_a_token_lasts_ninety_days_or_for_ever(tokens: Tokens, clock: Clock) -> None:
    assert tokens.create("anna")[0].expires == START + LASTS == START + timedelta(days=90)
    text = tokens.create("anna", lasts=None)[1]
    clock.now += timedelta(days=40_000)
    assert tokens.who_of(text) == Who("anna")


def test_a_revoked_token_lets_nobody_in_and_is_still_told_of(tokens: Tokens) -> None:
    (one, text), (_, other) = tokens.create("anna"), tokens.create("anna")
    assert [t.id for t in tokens.revoke([one.id])] == [one.id]
    assert tokens.who_of(text) is None and tokens.who_of(other) == Who("anna")
    again = tokens.find(one.id)
    assert again is not None and again.state(START) == "revoked"
    assert tokens.revoke([one.id])[0].revoked == again.revoked


def test_all_good_tokens_of_a_user_are_revoked_at_once(tokens: Tokens, clock: Clock) -> None:
    tokens.create("anna", lasts=timedelta(hours=1))
    clock.now += timedelta(hours=2)
    mine, his = [tokens.create(name)[1] for name in ("Anna", "anna")], tokens.create("bert")[1]
    assert len(tokens.revoke_of("ANNA")) == 2 and tokens.revoke_of("anna") == []
    assert [tokens.who_of(text) for text in (*mine, his)] == [None, None, Who("bert")]


def test_revoking_an_unknown_id_revokes_none(tokens: Tokens) -> None:
    token, text = tokens.create("anna")
    with pytest.raises(StoreError, match="there is no token 000000000000"):
        tokens.revoke([token.id, "000000000000"])
    assert tokens.who_of(text) == Who("anna")


def test_what_is_not_quite_a_token_is_refused(tokens: Tokens) -> None:
    token, text = tokens.create("anna")
    other = tokens.create("bert")[1]
    last = "0" if text[-1] != "0" else "1"
    wrong = [
        "", text[:-1], text + "0", text[:-1] + last, text.upper(), f" {text}", f"{text}\n", text[7:],
        text.replace(token.id, "0" * 12), f"cubeql_{token.id}_{other.rpartition('_')[2]}",
        f"cubeql_{token.id}_", f"cubeql_../{token.id}_{'0' * 64}", f"cubeql_{token.id}_{token.digest}", "é" * 84,
    ]  # fmt: skip
    assert [tokens.who_of(each) for each in wrong] == [None] * len(wrong)


def test_a_token_of_another_store_is_refused(tokens: Tokens, store: Store) -> None:
    """Its record is not there; a record of the same id there has another digest."""
    token, text = tokens.create("anna", "keeper")
    assert store.tokens.who_of(text) is None
    copied = Tokens(store.objects).create("anna", "keeper")[0]
    assert store.tokens.who_of(text.replace(token.id, copied.id)) is None


def test_the_day_of_the_last_use_is_written_once_a_day(tokens: Tokens, clock: Clock) -> None:
    token = tokens.create("anna")[0]
    tokens.note_use(token)
    first = tokens.find(token.id)
    assert first is not None and first.used == START.replace(hour=0)
    clock.now += timedelta(days=1)
    tokens.revoke([token.id])
    tokens.note_use(first)
    later = tokens.find(token.id)
    assert later is not None and later.used == START.replace(hour=0) + timedelta(days=1)
    assert later.state(clock.now) == "revoked"


def test_tokens_are_listed_by_user_and_age(tokens: Tokens, clock: Clock) -> None:
    made = []
    for user in ("bert", "anna", "Anna"):
        made.append(tokens.create(user)[0])
        clock.now += timedelta(minutes=1)
    assert tokens.all() == [made[1], made[2], made[0]]


_NO_USERS = ["", "public", "Public", "anna.s2", "anna-b", "a" * 101, "1a", "anna@example.org", "änna"]


@pytest.mark.parametrize("user", _NO_USERS)
def test_what_cannot_name_a_user_is_refused(tokens: Tokens, user: str) -> None:
    with pytest.raises(ConfigError):
        tokens.create(user)
    assert tokens.all() == []


@pytest.mark.parametrize(
    "told", [{"lasts": timedelta(0)}, {"lasts": timedelta(days=-1)}, {"lasts": timedelta(days=36_501)},
             {"scope": "root"}, {"label": "a\nb"}, {"label": "x" * 201}]
)  # fmt: skip
def test_what_a_token_cannot_be_is_refused(tokens: Tokens, told: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        tokens.create("anna", **told)  # type: ignore[arg-type]
    assert tokens.all() == []


@pytest.mark.parametrize(
    "change", [{"format": 2}, {"sha256": ""}, {"scope": "all"}, {"created": "2026-01-01T00:00:00"}, {"expires": "x"}]
)
def test_a_damaged_record_lets_nobody_in(tokens: Tokens, objects: Objects, change: dict[str, object]) -> None:
    token, text = tokens.create("anna")
    held = objects.read(f"{FOLDER}/{token.id}.json")
    assert held is not None
    objects.swap(f"{FOLDER}/{token.id}.json", json.dumps(json.loads(held.content) | change).encode(), held.tag)
    with pytest.raises(StoreError, match=rf"{token.id}\.json: this token cannot be read"):
        tokens.who_of(text)


def test_vacuum_leaves_tokens_alone(store: Store) -> None:
    text = store.tokens.create("anna")[1]
    assert store.vacuum(timedelta(0), remove=True) == []
    assert store.tokens.who_of(text) == Who("anna")
