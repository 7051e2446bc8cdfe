"""Handles: whose they are, how often and how long they are good, and what becomes of what is behind them."""

from __future__ import annotations

import pytest

from cubeql.server.faults import Busy, Refused
from cubeql.server.tickets import Tickets


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def freed() -> list[str]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tickets(freed: list[str], clock: Clock) -> Tickets[str]:
    return Tickets("things", 3, 60.0, freed.append, clock)


def test_a_handle_that_is_taken_is_used_up(tickets: Tickets[str], freed: list[str]) -> None:
    handle = tickets.give("a")
    assert tickets.take(handle) == "a"
    with pytest.raises(Refused, match="unknown, used or expired"):
        tickets.take(handle)
    assert freed == []


def test_a_handle_that_is_looked_at_stays(tickets: Tickets[str]) -> None:
    handle = tickets.give("a")
    assert [tickets.look(handle), tickets.look(handle)] == ["a", "a"]


def test_handles_are_long_and_never_alike(tickets: Tickets[str]) -> None:
    given = [tickets.give(c) for c in "abc"]
    assert len(set(given)) == 3
    assert {len(handle) for handle in given} == {16}


@pytest.mark.parametrize("handle", [None, b"", b"\0" * 16, "text", 7])
def test_what_was_never_given_means_nothing(tickets: Tickets[str], handle: object) -> None:
    tickets.give("a")
    for ask in (tickets.take, tickets.look):
        with pytest.raises(Refused):
            ask(handle)
    assert not tickets.drop(handle)
    assert len(tickets) == 1


def test_a_handle_of_one_guest_means_nothing_to_another(tickets: Tickets[str]) -> None:
    other: Tickets[str] = Tickets("things", 3, 60.0, lambda _: None)
    handle = tickets.give("a")
    with pytest.raises(Refused):
        other.take(handle)
    assert tickets.take(handle) == "a"


def test_what_nobody_comes_for_is_freed(tickets: Tickets[str], freed: list[str], clock: Clock) -> None:
    early = tickets.give("early")
    clock.now = 30.0
    late = tickets.give("late")
    clock.now = 60.0
    with pytest.raises(Refused):
        tickets.take(early)
    assert freed == ["early"]
    assert tickets.take(late) == "late"


def test_looking_at_a_handle_makes_it_last(tickets: Tickets[str], freed: list[str], clock: Clock) -> None:
    handle, other = tickets.give("a"), tickets.give("b")
    clock.now = 50.0
    tickets.look(handle)
    clock.now = 100.0
    tickets.expire()
    assert freed == ["b"]
    assert tickets.look(handle) == "a"
    with pytest.raises(Refused):
        tickets.look(other)


def test_too_many_are_refused_and_freed_until_some_go(tickets: Tickets[str], freed: list[str]) -> None:
    handles = [tickets.give(c) for c in "abc"]
    with pytest.raises(Busy, match="3 are open, which is the limit"):
        tickets.give("d")
    assert freed == ["d"]
    assert tickets.drop(handles[0])
    assert freed == ["d", "a"]
    tickets.give("e")


def test_a_guest_who_leaves_frees_all_and_gets_nothing_more(tickets: Tickets[str], freed: list[str]) -> None:
    handle = tickets.give("a")
    tickets.close()
    assert freed == ["a"]
    with pytest.raises(Refused):
        tickets.take(handle)
    with pytest.raises(Busy):
        tickets.give("b")
    assert freed == ["a", "b"]
