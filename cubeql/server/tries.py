"""How often somebody may try to come in: what each peer fails, and what all fail together."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from cubeql.server.calls import host_of

_REMEMBERED = 4096
"""Peers that are remembered; of more, who tried longest ago is forgotten, and what all do still counts."""
_MINUTE_S = 60.0


class _Bucket:
    """So many a minute, all of them at once if need be."""

    def __init__(self, most: int, now: float) -> None:
        self._most, self._left, self._then = most, float(most), now

    def fill(self, now: float) -> float:
        self._left = min(self._most, self._left + (now - self._then) * self._most / _MINUTE_S)
        self._then = now
        return self._left

    def add(self, count: int) -> None:
        self._left = min(self._most, self._left + count)


class Tries:
    """The tries of a server. Safe to share between threads.

    Who is known to be let in needs no try, so that nobody is kept out because others share his address.

    Args:
        of_one: failed tries of one peer in a minute.
        of_all: failed tries of all in a minute.
        clock: seconds that pass.
    """

    def __init__(self, of_one: int, of_all: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._of_one, self._clock = of_one, clock
        self._lock = threading.Lock()
        self._all = _Bucket(of_all, clock())
        self._peers: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, peer: str | None) -> bool:
        """Take a try before it is looked at; False where it must not be looked at now.

        Args:
            peer: who tries, as gRPC calls him; None where that is not known.
        """
        now = self._clock()
        with self._lock:
            buckets = self._buckets(peer, now)
            if any(bucket.fill(now) < 1 for bucket in buckets):
                return False
            for bucket in buckets:
                bucket.add(-1)
        return True

    def give_back(self, peer: str | None) -> None:
        """The try was none: it came through."""
        with self._lock:
            for bucket in self._buckets(peer, self._clock()):
                bucket.add(1)

    def _buckets(self, peer: str | None, now: float) -> list[_Bucket]:
        if peer is None:
            return [self._all]
        host = network_of(peer)
        own = self._peers.get(host)
        if own is None:
            own = self._peers[host] = _Bucket(self._of_one, now)
        self._peers.move_to_end(host)
        if len(self._peers) > _REMEMBERED:
            self._peers.popitem(last=False)
        return [self._all, own]


def network_of(peer: str) -> str:
    """What is taken for one peer: a host; with IPv6 the network of a customer, who has very many addresses in it."""
    host = host_of(peer)
    if ":" not in host or "::ffff:" in host:
        return host
    return ":".join(_groups(host.partition("%")[0])[:4])


def _groups(host: str) -> list[str]:
    """The eight groups of an IPv6 address."""
    head, gap, tail = host.partition("::")
    before, after = (part.split(":") if part else [] for part in (head, tail))
    return [*before, *(["0"] * (8 - len(before) - len(after)) if gap else []), *after]
