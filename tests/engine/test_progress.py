"""How far a statement is: never more than is true, never back, all of it at the end."""

from __future__ import annotations

from cubeql.engine.progress import Pulse


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_counts_up_and_ends_with_all() -> None:
    clock, done = Clock(), [0]
    pulse = Pulse(clock)
    assert (pulse.now().done, pulse.now().all, pulse.now().seconds_left) == (0, 0, None)
    clock.now += 1
    pulse.reads(100, lambda: done[0])
    clock.now, done[0] = clock.now + 0.1, 10
    assert pulse.now().done == 10
    assert pulse.now().seconds_left is None  # too early to say
    clock.now, done[0] = clock.now + 1.9, 50
    assert (pulse.now().seconds, pulse.now().seconds_left) == (3.0, 2.0)  # 50 in 2 s, 50 to go
    done[0] = 40
    assert pulse.now().done == 50
    done[0] = 100
    assert pulse.now().done == 99  # rows are still to come
    clock.now += 1.0
    assert pulse.now().seconds_left is None  # sorting, grouping: tiles do not tell
    pulse.end(whole=True)
    assert (pulse.now().done, pulse.now().all, pulse.now().seconds_left) == (100, 100, 0.0)


def test_one_that_was_stopped_keeps_what_was_done() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    pulse.reads(100, lambda: 30)
    assert pulse.now().done == 30
    pulse.end(whole=False)
    pulse.end(whole=True)
    clock.now += 50
    assert (pulse.now().done, pulse.now().all, pulse.now().seconds, pulse.now().seconds_left) == (30, 100, 0.0, None)


def test_the_estimate_follows_how_fast_it_goes_now() -> None:
    clock, done = Clock(), [0]
    pulse = Pulse(clock)
    pulse.reads(10_000, lambda: done[0])
    for _ in range(100):  # ten seconds of 10 tiles a second
        clock.now, done[0] = clock.now + 0.1, done[0] + 1
        pulse.now()
    for _ in range(150):  # then 100 a second
        clock.now, done[0] = clock.now + 0.1, done[0] + 10
        left = pulse.now().seconds_left
    assert left is not None
    assert abs(left - (10_000 - done[0]) / 100) < 2


def test_nothing_to_read_is_no_division() -> None:
    pulse = Pulse(Clock())
    pulse.reads(0, lambda: 0)
    assert (pulse.now().done, pulse.now().all) == (0, 0)
