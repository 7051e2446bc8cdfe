"""Whose turn it is: caps, a fair line, and what is said to those who do not get in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cubeql.server.counts import Counts
from cubeql.server.faults import Busy
from cubeql.server.slots import Slot, Slots
from tests.server.flowing import until


class Line:
    """Slots, and users in threads of their own that wait for one."""

    def __init__(self, most: int = 1, per_user: int = 9, waiting: int = 9, waiting_s: float = 30.0) -> None:
        self.counts = Counts()
        self.slots = Slots(most, per_user, waiting, waiting_s, self.counts)
        self.got: list[tuple[str, Slot]] = []
        self.refused: list[tuple[str, str]] = []
        self.threads: list[threading.Thread] = []

    def comes(self, user: str) -> None:
        """A user asks, and waits; the next does so after him."""
        before = self.slots.waiting, len(self.got), len(self.refused)
        thread = threading.Thread(target=self._take, args=(user,))
        thread.start()
        self.threads.append(thread)
        until(lambda: (self.slots.waiting, len(self.got), len(self.refused)) != before)

    def _take(self, user: str) -> None:
        try:
            slot = self.slots.take(user)
            assert slot is not None
            self.got.append((user, slot))
        except Busy as error:
            self.refused.append((user, str(error)))

    def served(self) -> list[str]:
        """Who gets a slot, one after the other, until nobody waits."""
        freed = 0

        def frees_all() -> bool:
            nonlocal freed
            if freed < len(self.got):
                self.got[freed][1].free()
                freed += 1
            return freed + len(self.refused) == len(self.threads)

        until(frees_all)
        for thread in self.threads:
            thread.join()
        return [user for user, _ in self.got]


def test_a_hundred_of_one_user_do_not_keep_one_of_another_waiting() -> None:
    line = Line(waiting=200)
    for user in ["anna"] * 100 + ["ben"]:
        line.comes(user)
    order = line.served()
    assert order.count("anna") == 100
    assert order.index("ben") == 1 + 1  # after the one that ran, and the one whose turn it was


def test_one_user_gets_no_more_than_his_share_though_slots_are_free() -> None:
    line = Line(most=3, per_user=2)
    for user in ("anna", "anna", "anna", "ben"):
        line.comes(user)
    assert [user for user, _ in line.got] == ["anna", "anna", "ben"]
    assert (line.counts.now().running, line.counts.now().waiting) == (3, 1)
    assert line.served() == ["anna", "anna", "ben", "anna"]
    assert (line.counts.now().running, line.counts.now().waiting) == (0, 0)


def test_who_comes_to_a_full_line_hears_how_many_run_and_wait() -> None:
    line = Line(waiting=2)
    for user in ("anna", "anna", "anna", "anna"):
        line.comes(user)
    assert line.refused == [("anna", "the server is busy: 1 statements run and 2 wait; try again later")]
    line.served()


def test_in_a_full_line_whoever_has_most_makes_room_for_one_who_has_fewer() -> None:
    line = Line(waiting=3)
    for user in ("anna", "anna", "anna", "anna"):
        line.comes(user)
    line.comes("ben")
    until(lambda: bool(line.refused))
    assert [user for user, _ in line.refused] == ["anna"]
    assert line.slots.waiting == 3
    assert line.served().count("ben") == 1


def test_who_has_waited_long_enough_hears_that_the_server_is_busy() -> None:
    line = Line(waiting_s=0.01)
    with line.slots.take("anna") or pytest.fail("it was free"):
        with pytest.raises(Busy, match="1 statements run and 1 wait"):
            line.slots.take("ben")
        assert line.slots.waiting == 0
    assert line.slots.running == 0


def test_a_client_that_goes_leaves_the_line() -> None:
    slots = Slots(1, 1, 9, 30.0, Counts())

    @contextmanager
    def goes(then: Callable[[], None]) -> Iterator[None]:
        then()
        yield

    with slots.take("anna") or pytest.fail("it was free"):
        assert slots.take("ben", goes) is None
        assert slots.waiting == 0


def test_a_client_that_goes_as_its_turn_comes_passes_it_on() -> None:
    slots = Slots(1, 1, 9, 30.0, Counts())
    held = slots.take("anna")
    assert held is not None

    @contextmanager
    def goes(then: Callable[[], None]) -> Iterator[None]:
        held.free()  # the slot is his from now on
        then()
        yield

    assert slots.take("ben", goes) is None
    assert slots.running == 0


def test_a_slot_is_given_back_once() -> None:
    slots = Slots(2, 2, 0, 0.0, Counts())
    one, two = slots.take("anna"), slots.take("anna")
    assert one is not None and two is not None
    one.free()
    one.free()
    assert slots.running == 1


def test_at_the_end_whoever_waits_hears_so() -> None:
    line = Line()
    for user in ("anna", "ben"):
        line.comes(user)
    line.slots.close()
    until(lambda: bool(line.refused))
    assert "shutting down" in line.refused[0][1]
    with pytest.raises(Busy, match="shutting down"):
        line.slots.take("carl")
    line.served()
