"""Who may run now: so many statements at once, so many of one user, the others in a fair line of bounded length."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from cubeql.server.counts import Counts
from cubeql.server.faults import Busy

Over = Callable[[Callable[[], None]], AbstractContextManager[None]]
"""Calls something when the client goes away while a block lasts."""


def nobody_leaves(then: Callable[[], None]) -> AbstractContextManager[None]:
    """The :data:`Over` of whoever waits to the end."""
    return nullcontext()


class Slot:
    """The right to run; :meth:`free` gives it back."""

    def __init__(self, free: Callable[[], None]) -> None:
        self._free: Callable[[], None] | None = free
        self._lock = threading.Lock()

    def free(self) -> None:
        """Give it back; more than once does no harm."""
        with self._lock:
            free, self._free = self._free, None
        if free is not None:
            free()

    def __enter__(self) -> Slot:
        return self

    def __exit__(self, *_: object) -> None:
        self.free()


class Turn:
    """A statement's turn: its slot, which it leaves to others while its client takes nothing.

    Args:
        slot: what it has; None is a statement that needs none.
        again: takes another slot, however long that lasts; None where what it is given holds meanwhile.
    """

    def __init__(
        self, slot: Slot | None = None, again: Callable[[Callable[[], bool]], Slot | None] = lambda stopped: None
    ) -> None:
        self._slot, self._again = slot, again

    def rest(self) -> None:
        """Leave the slot to others."""
        self.end()

    def go_on(self, stopped: Callable[[], bool]) -> None:
        """Wait for a slot again, until there is one or the statement was stopped.

        Raises:
            Busy: the server shuts down.
        """
        self._slot = self._again(stopped)

    def end(self) -> None:
        """Give the slot back."""
        if self._slot is not None:
            self._slot.free()


class _Place:
    """A place in the line: who waits there, and what became of it."""

    def __init__(self, user: str, patient: bool) -> None:
        self.user, self.patient = user, patient
        self.told = threading.Event()
        self.has_slot = self.gone = False

    def leave(self) -> None:
        """The client has gone."""
        self.gone = True
        self.told.set()


class Slots:
    """Slots of a server, and the line for them. Safe to share between threads.

    A slot that is freed goes to the users in turns, and to the statements of one user in the order they came. In a
    full line the newest statement of whoever has most in it makes room for one of somebody who has fewer.

    Args:
        most: how many may run at once.
        per_user: how many of one user.
        waiting: how many may wait.
        waiting_s: how long one waits before it is told that the server is busy.
        counts: is told who runs and waits.
        what: what those who have a slot are counted as.
    """

    def __init__(
        self, most: int, per_user: int, waiting: int, waiting_s: float, counts: Counts, what: str = "running"
    ) -> None:
        self._most, self._per_user = most, per_user
        self._waiting, self._waiting_s = waiting, waiting_s
        self._counts, self._what = counts, what
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._line: OrderedDict[str, deque[_Place]] = OrderedDict()
        """Places by user; the user whose turn is next comes first."""
        self._closed = False

    @property
    def running(self) -> int:
        """How many run."""
        return self._running.total()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._line.values()))

    def take(self, user: str, over: Over = nobody_leaves, patient: bool = False) -> Slot | None:
        """Wait for a slot; None where the client has gone before.

        Args:
            user: whose statement it is for.
            over: tells while it waits that the client has gone.
            patient: it ran before: it waits as long as that lasts, and is not sent away from a full line.

        Raises:
            Busy: the line is full, none became free in time, or the server shuts down.
        """
        with self._lock:
            if self._closed:
                raise shutting_down()
            if self._may_run(user):
                return self._given(user)
            place = _Place(user, patient)
            self._queue(place)
        with over(place.leave):
            place.told.wait(None if patient else self._waiting_s)
        with self._lock:
            said = shutting_down() if self._closed else self._busy(user)
            if place in self._line.get(user, ()):
                self._leave(place)
        slot = Slot(lambda: self._free(user)) if place.has_slot else None
        if place.gone:
            if slot is not None:
                slot.free()
            return None
        if slot is None:
            raise said
        return slot

    def close(self) -> None:
        """Give no slots any more; whoever waits is told so."""
        with self._lock:
            self._closed = True
            places = [place for line in self._line.values() for place in line]
            for place in places:
                self._leave(place)
        for place in places:
            place.told.set()

    def _may_run(self, user: str) -> bool:
        return self.running < self._most and self._running[user] < self._per_user

    def _given(self, user: str) -> Slot:
        self._running[user] += 1
        self._counts.change(self._what, 1)
        return Slot(lambda: self._free(user))

    def _free(self, user: str) -> None:
        with self._lock:
            self._running[user] -= 1
            if not self._running[user]:
                del self._running[user]
            self._counts.change(self._what, -1)
            self._pass_on()

    def _pass_on(self) -> None:
        """Give free slots to those who wait, user by user."""
        while (user := next(filter(self._may_run, self._line), None)) is not None:
            place = self._line[user][0]
            self._leave(place)
            if user in self._line:
                self._line.move_to_end(user)
            self._running[user] += 1
            self._counts.change(self._what, 1)
            place.has_slot = True
            place.told.set()

    def _queue(self, place: _Place) -> None:
        if not place.patient and self.waiting >= self._waiting:
            self._make_room(place.user)
        self._line.setdefault(place.user, deque()).append(place)
        self._counts.change("waiting", 1)

    def _make_room(self, user: str) -> None:
        """Send away the newest of who has most in line, if this user has fewer even with one more."""
        longest = max(self._line.values(), key=len, default=deque[_Place]())
        if len(longest) <= len(self._line.get(user, ())) + 1:
            raise self._busy(user)
        sent_away = next((p for p in reversed(longest) if not p.patient), None)
        if sent_away is None:
            raise self._busy(user)
        self._leave(sent_away)
        sent_away.told.set()

    def _leave(self, place: _Place) -> None:
        line = self._line[place.user]
        line.remove(place)
        if not line:
            del self._line[place.user]
        self._counts.change("waiting", -1)

    def _busy(self, user: str) -> Busy:
        own = f"; of yours {self._running[user]} run" if self._running[user] >= self._per_user else ""
        return Busy(f"the server is busy: {self.running} statements run and {self.waiting} wait{own}; try again later")


def shutting_down() -> Busy:
    """What is said at the end of a server."""
    return Busy("the server is shutting down; try again when it is back")
