"""A server from its start to its end."""

from __future__ import annotations

import threading

from cubeql.catalog.rights import Who
from cubeql.server.audit import opened_book
from cubeql.server.deeds import Deed
from cubeql.server.desk import Desk
from cubeql.server.flight import FlightDoor
from cubeql.server.guests import Guests, Users
from cubeql.server.health import Health, Probe
from cubeql.server.metrics import Meters, Sources
from cubeql.server.settings import ServerSettings, host_and_port
from cubeql.session import Session

_ENDS_S = 2.0  # within which calls end whose clients read what comes


class Serving:
    """A store that is served, from now until :meth:`stop`.

    Args:
        house: a session of the store's keeper; it stays open when the serving ends.
        users: tells whose a token is.
        settings: what is allowed.

    Attributes:
        guests: who is there.
        door: the Flight SQL server.
        book: the audit, where one is kept.
        meters: the figures, where they are served.
        health: where they are.
        refused: how many tokens and logins were.
    """

    def __init__(self, house: Session, users: Users, settings: ServerSettings | None = None) -> None:
        self.settings = settings or ServerSettings()
        self._host, port = host_and_port(self.settings.flight.address)
        self.refused = 0
        self.book = opened_book(self.settings.audit)
        desk = Desk(self.settings.limits, self._ended, lambda: self.book is not None and self.book.full)
        self.guests = Guests(house, self._noting(users), self.settings.limits, self.settings.folders, desk)
        self.meters, self.health = self._looked_after(house)
        self.door = FlightDoor(self.guests, f"grpc://{self._shown_host}:{port}")

    def _looked_after(self, house: Session) -> tuple[Meters | None, Health | None]:
        """The figures, and where they are served, where the settings name an address."""
        address = self.settings.metrics.address
        if address is None:
            return None, None
        probe, desk = Probe(house), self.guests.desk
        meters = Meters(Sources(desk.counts, self.guests.count, lambda: self.refused, lambda: self._unwritten,
                                lambda: desk.draining, lambda: probe.engine_bytes))  # fmt: skip
        return meters, Health(address, probe, self._busy, meters)

    @property
    def _unwritten(self) -> int:
        return 0 if self.book is None else self.book.waiting

    def _busy(self) -> str | None:
        if self.guests.desk.draining:
            return "the server shuts down"
        return "the audit cannot be written" if self.book is not None and self.book.full else None

    def _noting(self, users: Users) -> Users:
        """Tells whose a token is, and notes those that are not good."""

        def seen(token: str) -> Who | None:
            who = users(token)
            if who is None:
                self._refused("")
            return who

        return seen

    def _refused(self, peer: str, user: str = "") -> None:
        self.refused += 1
        if self.book is not None:
            self.book.login_failed(peer, user)

    @property
    def address(self) -> str:
        """What clients connect to."""
        return f"flight://{self._shown_host}:{self.door.port}"

    @property
    def _shown_host(self) -> str:
        return f"[{self._host}]" if ":" in self._host else self._host

    def _ended(self, deed: Deed) -> None:
        if self.book is not None:
            self.book.deed(deed)
        if self.meters is not None:
            self.meters.deed(deed)

    def stop(self, grace_s: float = 0.0) -> bool:
        """Let nobody in any more, give what runs some time, then end it.

        Returns:
            Whether every call has ended. One that is in a write to a client that does not read ends with the process
            alone, or with its connection.
        """
        self.guests.desk.drain(grace_s)
        ending = threading.Thread(target=self.door.shutdown, name="cubeql-shutdown", daemon=True)
        ending.start()
        ending.join(_ENDS_S)
        if self.health is not None:
            self.health.close()
        if self.book is not None:
            self.book.close()
        return not ending.is_alive()
