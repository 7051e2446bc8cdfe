"""``cubeql token``: the secret on stdout alone and once, never in a list."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from cubeql.catalog.rights import Who
from cubeql.cli.commands.token import create
from cubeql.storage import Store
from cubeql.storage.tokens import LASTS, Scope
from tests.cli.conftest import Run


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("CUBEQL_STORE", str(tmp_path / "store"))
    return Store.open(tmp_path / "store", create=True)


def test_the_secret_stands_alone_on_stdout_and_lets_in(run_here: Run, store: Store) -> None:
    ran = run_here("token", "create", "anna", "--scope", "write", "--label", "a wall")
    text = ran.text.removesuffix("\n")
    assert ran.code == 0 and store.tokens.who_of(text) == Who("anna", writes=True)
    (token,) = store.tokens.all()
    assert token.label == "a wall" and token.expires is not None and token.expires - token.created == LASTS
    assert f"token {token.id} of anna: scope write, good until {token.expires:%Y-%m-%d}" in ran.err
    assert text.rpartition("_")[2] not in ran.err


def test_a_list_tells_all_but_the_secret(run_here: Run, store: Store) -> None:
    secrets = [run_here("token", "create", *w).text.strip() for w in (["anna"], ["bert", "--expires", "never"])]
    gone = store.tokens.all()[0]
    store.tokens.revoke([gone.id])
    ran = run_here("token", "list", "--format", "jsonl")
    anna, bert = (json.loads(line) for line in ran.text.splitlines())
    assert (anna["id"], anna["user"], anna["state"], anna["scope"]) == (gone.id, "anna", "revoked", "read")
    assert bert["state"] == "good" and bert["expires"] is None and bert["used"] is None
    assert not any(s.rpartition("_")[2] in ran.text + ran.err for s in secrets)
    good = run_here("token", "list", "--good", "--format", "jsonl").text.splitlines()
    assert [json.loads(line)["user"] for line in good] == ["bert"]
    assert "anna" not in run_here("token", "list", "--user", "BERT").text


def test_a_store_without_tokens_says_how_to_make_one(run_here: Run, store: Store) -> None:
    ran = run_here("token", "list", "--format", "csv")
    assert ran.code == 0 and "cubeql token create USER" in ran.err
    assert ran.text.splitlines() == ["id,user,scope,state,created,expires,used,label"]


def test_tokens_are_revoked_by_id_by_their_text_or_by_user(run_here: Run, store: Store) -> None:
    texts = [run_here("token", "create", "anna").text.strip() for _ in range(3)]
    first = texts[0].split("_")[1]
    assert f"token {first} of anna is revoked" in run_here("token", "revoke", first).err
    run_here("token", "revoke", texts[1])
    assert [store.tokens.who_of(text) for text in texts] == [None, None, Who("anna")]
    assert run_here("token", "revoke", "--user", "Anna").err.count("is revoked") == 1
    assert store.tokens.who_of(texts[2]) is None
    assert "anna has no token that is good" in run_here("token", "revoke", "--user", "anna").err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["token"], 2, "cubeql token is followed by create, list or revoke"),
        (["token", "craete"], 2, "did you mean `cubeql token create`?"),
        (["token", "revoke"], 2, "say which tokens"),
        (["token", "revoke", "0" * 12, "--user", "anna"], 2, "say which tokens"),
        (["token", "revoke", "0" * 12], 3, "there is no token 000000000000"),
        (["token", "create", "public"], 2, "public stands for every user"),
        (["token", "create", "a.b"], 2, "cannot name a user"),
        (["token", "create", "anna", "--expires", "90"], 2, "write 12h, 90d, 4w, 1y or never"),
        (["token", "create", "anna", "--expires", "0d"], 2, "write 12h, 90d"),
        (["token", "create", "anna", "--expires", "200y"], 2, "at most 36500 days"),
        (["token", "create", "anna", "--store", "nowhere"], 3, "nowhere"),
    ],
)
def test_what_cannot_be_is_refused(run_here: Run, store: Store, words: list[str], code: int, said: str) -> None:
    ran = run_here(*words)
    assert (ran.code, ran.out) == (code, b"") and said in ran.err
    assert store.tokens.all() == []


def test_the_family_tells_its_commands(run_here: Run) -> None:
    ran = run_here("token", "--help")
    assert ran.code == 0 and all(f"token {name}" in ran.text for name in ("create", "list", "revoke"))


def test_a_token_lasts_as_long_as_is_said() -> None:
    assert [create.lasting(w) for w in ("12h", "90d", "4w", "1y", "never")] == [
        timedelta(hours=12), timedelta(days=90), timedelta(weeks=4), timedelta(days=365), None
    ]  # fmt: skip
    assert create._DEFAULT == LASTS and get_args(Scope) == create._SCOPES
