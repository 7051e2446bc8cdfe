"""Who may see and change what has a name in a store.

A name without rights belongs to the store: only who keeps the store sees it. What lies in a collection of a user's name
(``anna.ndvi``) is that user's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Right = Literal["read", "write"]
EVERYBODY = "public"
"""The grantee that stands for every user."""


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
        collection, dot, _ = name.partition(".")
        return self.keeper or bool(dot and collection.casefold() == self.name.casefold())


KEEPER = Who("", keeper=True, writes=True)
"""Who holds the store itself."""


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

    def facts(self) -> dict[str, list[str]]:
        """The rights as a name's facts keep them."""
        return {"read": sorted(self.read), "write": sorted(self.write)}

    def allow(self, who: Who, right: Right, name: str) -> bool:
        """Whether somebody has a right on a name."""
        users = {who.name.casefold(), EVERYBODY}
        granted = self.write if right == "write" else self.read | self.write
        return who.owns(name) or bool(users & granted)


def _users(written: object) -> frozenset[str]:
    return frozenset(str(u).casefold() for u in written) if isinstance(written, list) else frozenset()
