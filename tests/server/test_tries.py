"""How often somebody may try to come in."""

from __future__ import annotations

import pytest

from cubeql.server.tries import _REMEMBERED, Tries, network_of


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_peer_may_fail_so_often_a_minute_and_others_do_not_suffer() -> None:
    clock = Clock()
    tries = Tries(3, 100, clock)
    assert [tries.take("ipv4:10.0.0.1:1000") for _ in range(5)] == [True] * 3 + [False] * 2
    assert tries.take("ipv4:10.0.0.2:1000")
    clock.now += 20
    assert [tries.take("ipv4:10.0.0.1:2000") for _ in range(2)] == [True, False]
    clock.now += 3600
    assert [tries.take("ipv4:10.0.0.1:2000") for _ in range(5)] == [True] * 3 + [False] * 2


def test_what_came_through_was_no_try() -> None:
    tries = Tries(1, 1, Clock())
    for _ in range(5):
        assert tries.take("ipv4:10.0.0.1:1000")
        tries.give_back("ipv4:10.0.0.1:1000")
    assert tries.take(None) and not tries.take(None) and not tries.take("ipv4:10.0.0.1:1000")


def test_many_peers_are_held_up_together_and_take_bounded_memory() -> None:
    tries = Tries(5, 100, Clock())
    took = [tries.take(f"ipv4:10.{n >> 8}.{n & 255}.1:1") for n in range(_REMEMBERED + 50)]
    assert sum(took) == 100 and len(tries._peers) == _REMEMBERED


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("ipv4:10.0.0.1:5000", "10.0.0.1"),
        ("ipv6:%5B::1%5D:5000", "0:0:0:0"),
        ("ipv6:[2001:db8:1:2:3:4:5:6]:5000", "2001:db8:1:2"),
        ("ipv6:%5B2001:db8::6%5D:5000", "2001:db8:0:0"),
        ("ipv6:[fe80::1%25eth0]:5000", "fe80:0:0:0"),
        ("ipv6:[::ffff:10.0.0.1]:5000", "::ffff:10.0.0.1"),
        ("unix:", "unix"),
        ("", ""),
    ],
)
def test_a_peer_is_its_host_and_with_ipv6_its_network(peer: str, host: str) -> None:
    assert network_of(peer) == host
