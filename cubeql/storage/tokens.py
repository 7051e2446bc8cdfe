"""Tokens: what users of a served store show to come in.

A token is written ``cubeql_<id>_<secret>``. The store keeps one small object a token, ``access/tokens/<id>.json``, that
holds the SHA-256 of the secret and never the secret: 256 random bits need no slow hash, for nobody can try them all.
There are no passwords. Like every object of a store it is the same on a disk and on S3, so that a token made or
revoked by one process holds for every server of the store.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, get_args

from cubeql.catalog.rights import EVERYBODY, Who
from cubeql.errors import ConfigError, StoreError
from cubeql.storage.names import is_layer_name
from cubeql.storage.naming import ATTEMPTS
from cubeql.storage.objects import Held, ObjectChanged, Objects

Scope = Literal["read", "write", "keeper"]
State = Literal["good", "expired", "revoked"]
FOLDER = "access/tokens"
LASTS = timedelta(days=90)
"""How long a token is good where nothing else is said."""
_LONGEST = timedelta(days=36_500)
_LABEL = 200
_FORMAT = 1
_TOKEN = re.compile(r"cubeql_([0-9a-f]{12})_([0-9a-f]{64})", re.ASCII)
_ID = re.compile(r"[0-9a-f]{12}", re.ASCII)
_NOBODYS = "0" * 64


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; nothing of it lets anybody in.

    Attributes:
        id: names it.
        user: whose it is.
        scope: ``read``; ``write``: whatever the user has the right to; ``keeper``: everything.
        created: when it was made (UTC).
        expires: from when it is good no more; None is never.
        label: what its maker calls it.
        revoked: when it was taken back.
        used: the day of its last use, about.
        digest: SHA-256 of its secret, in hexadecimal digits.
    """

    id: str
    user: str
    scope: Scope
    created: datetime
    expires: datetime | None = None
    label: str = ""
    revoked: datetime | None = None
    used: datetime | None = None
    digest: str = field(default=_NOBODYS, repr=False)

    @property
    def who(self) -> Who:
        """Somebody who comes in with it."""
        return Who(self.user, keeper=self.scope == "keeper", writes=self.scope != "read")

    def state(self, now: datetime) -> State:
        """Whether it is good at a moment."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and now >= self.expires else "good"


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody showed to come in, as it may be kept in memory: not the secret but its digest."""

    id: str
    digest: str = field(repr=False)

    @staticmethod
    def of(text: str) -> Shown | None:
        """Of a token's text; None where it is no token's."""
        found = _TOKEN.fullmatch(text)
        return None if found is None else Shown(found[1], sha256(found[2].encode()).hexdigest())


class Tokens:
    """The tokens of a store. Safe to share between threads.

    Args:
        objects: of the store.
        now: the clock.
    """

    def __init__(self, objects: Objects, now: Callable[[], datetime] = utc_now) -> None:
        self._objects = objects
        self.now = now

    def create(
        self, user: str, scope: Scope = "read", lasts: timedelta | None = LASTS, label: str = ""
    ) -> tuple[Token, str]:
        """Make a token.

        Args:
            user: whose it is, without regard to case; there is no other list of users.
            scope: what may be done with it.
            lasts: how long it is good; None for ever.
            label: what it is for.

        Returns:
            What is known of it, and its text, which nobody can tell again.

        Raises:
            ConfigError: the user, the scope, the time or the label cannot be.
            StoreError: the store cannot be written.
        """
        _check(user, scope, lasts, label)
        now = self.now().replace(microsecond=0)
        id_, secret = secrets.token_hex(6), secrets.token_hex(32)
        digest = sha256(secret.encode()).hexdigest()
        # One spelling, for whoever counts by name.
        token = Token(id_, user.lower(), scope, now, now + lasts if lasts else None, label, digest=digest)
        self._objects.create(_place(id_), _content(token))
        return token, f"cubeql_{id_}_{secret}"

    def all(self) -> list[Token]:
        """All tokens, by user and age.

        Raises:
            StoreError: one of them cannot be read.
        """
        names = [e.name for e in self._objects.entries(FOLDER) if e.name.endswith(".json")]
        held = zip(names, self._objects.each(self._objects.read, names), strict=True)
        found = [self._token(name, h) for name, h in held if h is not None]
        return sorted(found, key=lambda token: (token.user, token.created, token.id))

    def find(self, id_: str) -> Token | None:
        """The token of an id; None where there is none.

        Raises:
            StoreError: it cannot be read.
        """
        held = self._objects.read(_place(id_)) if _ID.fullmatch(id_) else None
        return None if held is None else self._token(_place(id_), held)

    def good(self, shown: Shown) -> Token | None:
        """The token that somebody showed, where it is good now; None where it is unknown, wrong, expired or revoked.

        Raises:
            StoreError: the store cannot be read.
        """
        found = self.find(shown.id)
        # One path for all of them, so that the time of the answer says little about which it was.
        same = hmac.compare_digest(shown.digest, found.digest if found is not None else _NOBODYS)
        state = found.state(self.now()) if found is not None else "revoked"
        return found if same and state == "good" else None

    def who_of(self, text: str) -> Who | None:
        """Who comes in with a token's text; None where it is not good."""
        shown = Shown.of(text)
        token = None if shown is None else self.good(shown)
        return None if token is None else token.who

    def revoke(self, ids: Iterable[str]) -> list[Token]:
        """Take tokens back; those that were taken back before stay as they are.

        Raises:
            StoreError: there is no token of an id (then none is taken back), or the store cannot be written.
        """
        wanted = list(ids)
        missing = [id_ for id_ in wanted if self.find(id_) is None]
        if missing:
            raise StoreError(f"there is no token {', '.join(missing)}\n  hint: cubeql token list shows their ids")
        return [self._change(id_, lambda token: replace(token, revoked=token.revoked or self.now())) for id_ in wanted]

    def revoke_of(self, user: str) -> list[Token]:
        """Take back all tokens of a user that are good."""
        now = self.now()
        return self.revoke(t.id for t in self.all() if t.user == user.lower() and t.state(now) == "good")

    def unlabel(self, user: str) -> list[Token]:
        """Take the labels of a user's tokens away; gives those that had one."""
        labelled = [t for t in self.all() if t.user.casefold() == user.casefold() and t.label]
        return [self._change(token.id, lambda known: replace(known, label="")) for token in labelled]

    def note_use(self, token: Token) -> None:
        """Remember that a token was used today; where the store cannot be written nothing is."""
        day = self.now().replace(hour=0, minute=0, second=0, microsecond=0)
        if token.used is None or token.used < day:
            with suppress(StoreError):
                self._change(token.id, lambda known: replace(known, used=day))

    def _change(self, id_: str, change: Callable[[Token], Token]) -> Token:
        for _ in range(ATTEMPTS):
            held = self._objects.read(_place(id_))
            if held is None:
                raise StoreError(f"there is no token {id_}")
            token = change(self._token(_place(id_), held))
            content = _content(token)
            if content == held.content:
                return token
            with suppress(ObjectChanged):
                self._objects.swap(_place(id_), content, held.tag)
                return token
        raise StoreError(f"{self._objects.uri(_place(id_))}: others were faster {ATTEMPTS} times; try again")

    def _token(self, place: str, held: Held) -> Token:
        try:
            return _read(place.removeprefix(f"{FOLDER}/").removesuffix(".json"), json.loads(held.content))
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{self._objects.uri(place)}: this token cannot be read: {error!r}") from None


def _check(user: str, scope: str, lasts: timedelta | None, label: str) -> None:
    if "." in user or not is_layer_name(user):
        raise ConfigError(
            f"{user!r} cannot name a user: write letters, digits and underscores (at most 100), not beginning with a "
            "digit; what the user makes is called user.name"
        )
    if user.casefold() == EVERYBODY:
        raise ConfigError(f"{user} stands for every user; name one")
    if scope not in get_args(Scope):
        raise ConfigError(f"there is no scope {scope!r}; scopes are {', '.join(get_args(Scope))}")
    if lasts is not None and not timedelta(0) < lasts <= _LONGEST:
        raise ConfigError(f"a token lasts more than nothing and at most {_LONGEST.days} days, not {lasts}")
    if len(label) > _LABEL or not label.isprintable():
        raise ConfigError(f"a label is one line of at most {_LABEL} characters that can be printed")


def _place(id_: str) -> str:
    return f"{FOLDER}/{id_}.json"


_TIMES = ("created", "expires", "revoked", "used")


def _content(token: Token) -> bytes:
    times = {name: f"{t.isoformat()}" for name in _TIMES if (t := getattr(token, name)) is not None}
    told = {"format": _FORMAT, "user": token.user, "scope": token.scope, "label": token.label, "sha256": token.digest}
    return (json.dumps(told | times, ensure_ascii=False) + "\n").encode()


def _read(id_: str, told: dict[str, Any]) -> Token:
    if told["format"] != _FORMAT:
        raise ValueError(f"its format is {told['format']!r}, this CubeQL knows {_FORMAT}")
    if told["scope"] not in get_args(Scope) or not re.fullmatch(r"[0-9a-f]{64}", told["sha256"]):
        raise ValueError("its scope or digest is not one")
    times = {name: _moment(told[name]) for name in _TIMES if told.get(name) is not None}
    return Token(
        id=id_, user=str(told["user"]), scope=told["scope"], label=str(told.get("label", "")), digest=told["sha256"],
        **times,
    )  # fmt: skip


def _moment(written: str) -> datetime:
    found = datetime.fromisoformat(written)
    if found.tzinfo is None:
        raise ValueError(f"the time {written!r} does not say its zone")
    return found.astimezone(UTC)
