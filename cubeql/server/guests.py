"""Who is there: each login is a guest, with a session on the one engine that sees what the user may see."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from cubeql.catalog.rights import Who
from cubeql.server.settings import Limits
from cubeql.server.tickets import Tickets
from cubeql.session import Ready, Session

Users = Callable[[str], Who | None]
"""Tells whose a token is; None of one that is not good."""


@dataclass(slots=True)
class Guest:
    """A login.

    Attributes:
        who: the user.
        session: his session.
        limits: of what he may take.
        tickets: of statements that wait for their rows to be fetched.
    """

    who: Who
    session: Session
    limits: Limits
    tickets: Tickets[Ready] = field(init=False)

    def __post_init__(self) -> None:
        most, seconds = self.limits.ready_per_guest, self.limits.ready_s
        self.tickets = Tickets("statements whose rows wait to be fetched", most, seconds, lambda ready: ready.close())

    def leave(self) -> None:
        """Free all that the guest has here."""
        self.tickets.close()
        self.session.close()


class Guests:
    """The guests of a server, one a token. Safe to share between threads."""

    def __init__(self, house: Session, users: Users, limits: Limits | None = None) -> None:
        self._house, self._users, self._limits = house, users, limits or Limits()
        self._lock = threading.Lock()
        self._there: dict[str, Guest] = {}

    def of_token(self, token: str) -> Guest | None:
        """The guest of a token; None where it is not good."""
        who = self._users(token)
        if who is None:
            return None
        with self._lock:
            found = self._there.get(token)
            if found is None or found.who != who:
                found = self._there[token] = Guest(who, self._house.for_user(who, in_place=False), self._limits)
            return found
