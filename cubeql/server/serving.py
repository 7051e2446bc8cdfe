"""A server from its start to its end."""

from __future__ import annotations

import threading

from cubeql.flight.address import FlightAddress
from cubeql.server.audit import opened_book
from cubeql.server.deeds import Deed, Origin
from cubeql.server.desk import Desk
from cubeql.server.flight import FlightDoor
from cubeql.server.gate import Gate
from cubeql.server.ground import check_place, check_way, papers_of
from cubeql.server.guestbook import Guests
from cubeql.server.health import Health, Probe
from cubeql.server.metrics import Meters, Sources
from cubeql.server.passes import Passes
from cubeql.server.settings import ServerSettings, host_and_port
from cubeql.session import Session

_ENDS_S = 2.0  # within which calls end whose clients read what comes


_left: list[threading.Thread] = []


def left_alone() -> bool:
    """Whether a server of this process was stopped and still has a call, so that an ordinary exit would wait."""
    return any(thread.is_alive() for thread in _left)


class Serving:
    """A store that is served, from now until :meth:`stop`.

    Args:
        house: a session of the store's keeper; it stays open when the serving ends.
        settings: what is allowed.

    Raises:
        ConfigError: they cannot be: the place is taken, a certificate cannot be read, or a way would be open.
        StoreError: the audit cannot be written.

    Attributes:
        guests: who is there.
        door: the Flight SQL server.
        book: the audit, where one is kept.
        meters: the figures, where they are served.
        health: where they are.
        refused: how many tokens and logins were.
    """

    def __init__(self, house: Session, settings: ServerSettings | None = None) -> None:
        self.settings = settings or ServerSettings()
        self._host, port = host_and_port(self.settings.flight.address)
        check_way(self.settings)
        papers = papers_of(self.settings.tls)
        check_place(self.settings.flight.address)
        self.refused = 0
        self.book = opened_book(self.settings.audit)
        desk = Desk(self.settings.limits, self._ended, lambda: self.book is not None and self.book.full)
        passes = Passes(house.store.tokens, self.settings.access)
        self.guests = Guests(house, passes, self.settings, desk, self._came)
        self.meters, self.health = self._looked_after(house)
        gate = Gate(self.guests, passes, self.settings.access, self._refused)
        scheme, options = ("grpc", {}) if papers is None else ("grpc+tls", papers.options())
        self.door = FlightDoor(gate, f"{scheme}://{FlightAddress(self._host, port, True).place}", **options)

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

    def _came(self, origin: Origin) -> None:
        if self.book is not None:
            self.book.login(origin)

    def _refused(self, peer: str, user: str) -> None:
        self.refused += 1
        if self.book is not None:
            self.book.login_failed(peer, user)

    @property
    def address(self) -> str:
        """What clients connect to."""
        return str(FlightAddress(self._host, self.door.port, self.settings.tls.cert is not None))

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
        self.guests.close()
        ending = threading.Thread(target=self.door.shutdown, name="cubeql-shutdown", daemon=True)
        ending.start()
        ending.join(_ENDS_S)
        if ending.is_alive():
            _left.append(ending)
        if self.health is not None:
            self.health.close()
        if self.book is not None:
            self.book.close()
        return not ending.is_alive()
