"""What is worth keeping in memory for the session, the least lately asked for forgotten when it grows too much."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Values by key; safe to share between threads.

    Args:
        most: what all values together may weigh; one stays however much it weighs.
        weigh: the weight of a value, the same each time.
    """

    def __init__(self, most: int, weigh: Callable[[V], int]) -> None:
        self._most = most
        self._weigh = weigh
        self._values: OrderedDict[K, V] = OrderedDict()
        self._weight = 0
        self._lock = threading.Lock()

    @property
    def weight(self) -> int:
        """What all values together weigh."""
        return self._weight

    def limit(self, most: int) -> None:
        """Let all values together weigh this much from now on."""
        with self._lock:
            self._most = most
            self._forget()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> V | None:
        """The value of a key, None where it is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def keep(self, key: K, value: V) -> None:
        """Keep a value, unless there is one of its key."""
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self._weight += self._weigh(value)
            self._forget()

    def _forget(self) -> None:
        while self._weight > self._most and len(self._values) > 1:
            _, old = self._values.popitem(last=False)
            self._weight -= self._weigh(old)


class Asked(Generic[K]):
    """What was asked for before: the second time tells that something is worth keeping.

    Args:
        most: how many keys are remembered.
    """

    def __init__(self, most: int) -> None:
        self._keys: Kept[K, bool] = Kept(most, lambda once: 1)

    def before(self, keys: Collection[K]) -> bool:
        """Whether all of them were; those that were not are noted."""
        fresh = [key for key in keys if not self._keys.get(key)]
        for key in fresh:
            self._keys.keep(key, True)
        return not fresh
