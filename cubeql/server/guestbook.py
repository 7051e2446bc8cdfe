"""The guests who are there: who comes gets a place, who asks for nothing leaves, who may not stay is sent away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from cubeql.catalog.rights import Who
from cubeql.errors import StoreError
from cubeql.server.calls import caller
from cubeql.server.deeds import Origin
from cubeql.server.desk import Desk
from cubeql.server.faults import Busy
from cubeql.server.guests import Guest
from cubeql.server.passes import Passes
from cubeql.server.settings import ServerSettings
from cubeql.session import Session
from cubeql.storage.tokens import Shown

_LOG = logging.getLogger("cubeql.server")
_OFTEN_S, _SELDOM_S = 0.05, 5.0


class Guests:
    """The guests of a server. Safe to share between threads.

    Args:
        house: a session of the store's keeper.
        passes: tells who may stay.
        settings: what guests may take.
        desk: where their statements are taken.
        came: told who has come.
        clock: seconds that pass.
    """

    def __init__(
        self,
        house: Session,
        passes: Passes,
        settings: ServerSettings,
        desk: Desk,
        came: Callable[[Origin], None] = lambda origin: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._house, self._passes, self._clock = house, passes, clock
        self._access, self._limits, self._folders = settings.access, settings.limits, settings.folders
        self.desk, self._came = desk, came
        self._changed = threading.Condition()
        self._there: dict[str, Guest] = {}
        """By the digest of what they showed."""
        self._closed = False
        self._rounds: threading.Thread | None = None

    def come(self, key: str, who: Who, shown: Shown | None) -> Guest:
        """The guest of a key, who comes in now where he is not there.

        Args:
            key: stands for a login; nobody can come in with it.
            who: the user.
            shown: the token behind it, which is looked at again; None of somebody who showed none.

        Raises:
            Busy: too many are there and none of them idles.
        """
        with self._changed:
            found = self._there.get(key)
            if found is not None:
                found.seen = self._clock()
                return found
            leaving = self._made_room(who)
            session = self._session(who)
            found = self._there[key] = Guest(who, session, self.desk, self._limits, key=key, shown=shown)
            found.seen = self._clock()
            self._begin_rounds()
        for guest in leaving:
            guest.leave()
        self._came(Origin(who.name, "" if shown is None else shown.id, caller().peer))
        return found

    def _session(self, who: Who) -> Session:
        """A session within the folders and limits of the server."""
        folders = self._folders
        return self._house.for_user(
            who, in_place=False, timeout_s=self._limits.run_s, files_from=folders.files, copies_to=folders.copies,
            file_bytes=folders.file_bytes, copy_bytes=folders.copy_bytes,
        )  # fmt: skip

    def there(self) -> list[Guest]:
        """All guests."""
        with self._changed:
            return list(self._there.values())

    def count(self) -> int:
        """How many are there."""
        return len(self._there)

    def leave(self, guest: Guest) -> None:
        """A guest leaves: what he runs is stopped, and what he has here is freed."""
        with self._changed:
            if self._there.get(guest.key) is guest:
                del self._there[guest.key]
        self._passes.forget(guest.key)
        guest.leave()

    def close(self) -> None:
        """All leave, and nobody looks after them any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            rounds, self._rounds = self._rounds, None
        if rounds is not None:
            rounds.join()
        for guest in self.there():
            self.leave(guest)

    # -------------------------------------------------------------- room

    def _made_room(self, who: Who) -> list[Guest]:
        """Take out of the book who idles longest, where it is full; he must still leave."""
        left: list[Guest] = []
        for most, whose in ((self._access.guests_per_user, who.name), (self._access.guests, None)):
            those = [guest for guest in self._there.values() if whose is None or guest.who.name == whose]
            if len(those) < most:
                continue
            idle = min((g for g in those if not g.at_work), key=lambda g: g.seen, default=None)
            if idle is None:
                raise Busy("too many are here, and all of them are at work; try again later")
            left.append(self._there.pop(idle.key))
        return left

    # -------------------------------------------------------------- rounds

    def _begin_rounds(self) -> None:
        if self._rounds is None and not self._closed:
            self._rounds = threading.Thread(target=self._go_rounds, name="cubeql-guests", daemon=True)
            self._rounds.start()

    def _go_rounds(self) -> None:
        every_s = min(max(self._access.checked_s, _OFTEN_S), _SELDOM_S)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed, every_s)
                if self._closed:
                    return
                if not self._there:
                    self._rounds = None
                    return
            try:
                self.look_after()
            except Exception:
                _LOG.exception("guests could not be looked after")

    def look_after(self) -> None:
        """Send away who idles too long, and whose token is good no more though he is at work."""
        now = self._clock()
        for guest in self.there():
            guest.expire()
            if guest.at_work:
                if guest.shown is not None and not self._may_stay(guest.shown):
                    self.leave(guest)
            elif now - guest.seen > self._access.idle_s:
                self.leave(guest)

    def _may_stay(self, shown: Shown) -> bool:
        try:
            return self._passes.good(shown) is not None
        except StoreError:  # what runs may end: whoever comes anew must be found good
            _LOG.warning("the token %s cannot be looked at again just now", shown.id)
            return True
