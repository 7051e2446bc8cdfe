"""Who may see and change what has a name in a store.

A name without rights belongs to the store: only who keeps the store sees it. What lies in a collection of a user's name
(``anna.ndvi``) is that user's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cubeql.errors import Diagnostic, diagnose

Right = Literal["read", "write"]
Deed = Literal["write", "make", "rule", "keep"]
"""What changes something: to write to it, to make it anew, to rule over it (drop, rename, grant), to keep the store."""
EVERYBODY = "public"
"""The grantee that stands for every user."""
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


def is_user_name(name: str) -> bool:
    """Whether a name can be a user's: it names a collection too, and is not that of everybody."""
    return bool(_USER.fullmatch(name)) and name.casefold() != EVERYBODY


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who uses a store.

    Attributes:
        name: of the user.
        keeper: may do everything, as whoever holds the disk can.
        writes: may make and change what he has the right to; otherwise he only reads.
    """

    name: str
    keeper: bool = False
    writes: bool = False

    def owns(self, name: str) -> bool:
        """Whether what has a name is this user's, who may then read, write, drop and grant it."""
        return self.keeper or (is_user_name(self.name) and owner_of(name) == self.name.casefold())


KEEPER = Who("", keeper=True, writes=True)
"""Who holds the store itself."""


def owner_of(name: str) -> str | None:
    """The user, in lower case, whose what has a name is; None where it is the store's."""
    collection, dot, _ = name.partition(".")
    return collection.casefold() if dot and is_user_name(collection) else None


@dataclass(frozen=True, slots=True)
class Rights:
    """Who beside its owner may read or write what has a name; to write is to read too."""

    read: frozenset[str] = frozenset()
    write: frozenset[str] = frozenset()

    @staticmethod
    def of(facts: Mapping[str, Any]) -> Rights:
        """The rights among the facts of a name; what cannot be read gives none."""
        written = facts.get("rights")
        told: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
        return Rights(_users(told.get("read")), _users(told.get("write")))

    def told_in(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of a name with these rights among them."""
        others = {key: value for key, value in facts.items() if key != "rights"}
        written = {right: sorted(users) for right, users in self.by_right() if users}
        return {**others, "rights": written} if written else others

    def by_right(self) -> tuple[tuple[Right, frozenset[str]], ...]:
        """The users that have each right."""
        return ("read", self.read), ("write", self.write)

    def allow(self, who: Who, right: Right, name: str) -> bool:
        """Whether somebody has a right on a name."""
        users = {who.name.casefold(), EVERYBODY}
        granted = self.write if right == "write" else self.read | self.write
        return who.owns(name) or bool(users & granted)

    def granted(self, right: Right, user: str) -> Rights:
        """These, and a right of a user."""
        new = {user.casefold()}
        return Rights(self.read | new, self.write) if right == "read" else Rights(self.read, self.write | new)

    def revoked(self, right: Right, user: str) -> Rights:
        """These without a right of a user; who must not read must not write either."""
        gone = {user.casefold()}
        return Rights(self.read - gone if right == "read" else self.read, self.write - gone)

    def following(self, before: Rights, after: Rights) -> Rights:
        """These, changed as others were meanwhile."""
        return Rights((self.read | (after.read - before.read)) - (before.read - after.read),
                      (self.write | (after.write - before.write)) - (before.write - after.write))  # fmt: skip


def refusal(who: Who, deed: Deed, name: str = "", rights: Rights | None = None) -> Diagnostic | None:
    """Why somebody may not do what would change something, None where he may.

    Args:
        who: the user.
        deed: what he would do.
        name: to what.
        rights: that others have on it; None where he sees nothing of this name, which is then told elsewhere.
    """
    if not who.writes:
        return diagnose("only_reads")
    if who.keeper:
        return None
    if deed == "keep":
        return diagnose("no_right", deed="clean up the store", suggestion="that is for who keeps it")
    if deed == "make":
        return None if who.owns(name) else _not_own(who, name)
    if rights is None or (rights.allow(who, "write", name) if deed == "write" else who.owns(name)):
        return None
    if deed == "write":
        suggestion = f"its owner can GRANT WRITE ON {name} TO {who.name}"
        return diagnose("no_right", deed=f"write to '{name}'", suggestion=suggestion)
    owner = owner_of(name)
    suggestion = f"that is for {owner or 'who keeps the store'}"
    return diagnose("no_right", deed=f"drop, rename or grant '{name}'", suggestion=suggestion)


def _not_own(who: Who, name: str) -> Diagnostic:
    suggestion = "ask who keeps the store for a user of your own"
    if is_user_name(who.name):
        suggestion = f"write {who.name}.{name.rpartition('.')[2]}"
    return diagnose("own_collection", name=name, suggestion=suggestion)


def _users(written: object) -> frozenset[str]:
    return frozenset(str(u).casefold() for u in written) if isinstance(written, list) else frozenset()
