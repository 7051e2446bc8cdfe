"""Who may come in: tokens that were found good lately, and the bearers that stand for them.

Nothing here holds what would let anybody in: tokens and bearers are known by their digests.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from cubeql.server.settings import Access
from cubeql.storage.tokens import Shown, Token, Tokens

_REMEMBERED = 4096


@dataclass(slots=True)
class _Bearer:
    shown: Shown
    user: str
    used: float


def digest_of(bearer: str) -> str:
    """What a bearer is known by."""
    return sha256(bearer.encode()).hexdigest()


class Passes:
    """The good tokens and bearers of a server. Safe to share between threads.

    Args:
        tokens: of the store.
        access: how long what was found is taken for so.
        clock: seconds that pass.
    """

    def __init__(self, tokens: Tokens, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._tokens, self._access, self._clock = tokens, access, clock
        self._lock = threading.Lock()
        self._good: OrderedDict[Shown, tuple[Token, float]] = OrderedDict()
        self._bearers: OrderedDict[str, _Bearer] = OrderedDict()

    def known(self, shown: Shown) -> Token | None:
        """A token that was found good a moment ago and is not expired; None of any other, good or not."""
        with self._lock:
            token, then = self._good.get(shown, (None, 0.0))
        fresh = token is not None and self._clock() - then < self._access.checked_s
        return token if fresh and token is not None and token.state(self._tokens.now()) == "good" else None

    def look(self, shown: Shown) -> Token | None:
        """Ask the store whether a token is good now.

        Raises:
            StoreError: the store cannot be read.
        """
        then = self._clock()
        token = self._tokens.good(shown)
        with self._lock:
            first = self._good.pop(shown, None) is None
            if token is not None:
                self._good[shown] = (token, then)
            if len(self._good) > _REMEMBERED:
                self._good.popitem(last=False)
        if token is not None and first:
            self._tokens.note_use(token)
        return token

    def good(self, shown: Shown) -> Token | None:
        """The token if it is good, as was found at most a moment ago."""
        return self.known(shown) or self.look(shown)

    def bearer(self, shown: Shown, token: Token) -> str:
        """Something new that stands for a token, for a while; of a user who has too many the oldest is forgotten."""
        text = f"cubeql_login_{secrets.token_hex(32)}"
        with self._lock:
            self._forget_old()
            own = [digest for digest, known in self._bearers.items() if known.user == token.user]
            for digest in own[: len(own) + 1 - self._access.guests_per_user]:
                del self._bearers[digest]
            self._bearers[digest_of(text)] = _Bearer(shown, token.user, self._clock())
        return text

    def behind(self, digest: str) -> Shown | None:
        """The token that a bearer stands for; None of one that is unknown or was not used for long."""
        with self._lock:
            self._forget_old()
            found = self._bearers.get(digest)
            if found is None:
                return None
            found.used = self._clock()
            self._bearers.move_to_end(digest)
            return found.shown

    def forget(self, digest: str) -> None:
        """A bearer is good no more: its guest has left."""
        with self._lock:
            self._bearers.pop(digest, None)

    def _forget_old(self) -> None:
        before = self._clock() - self._access.bearer_s
        while self._bearers:
            digest, oldest = next(iter(self._bearers.items()))
            if oldest.used >= before:
                return
            del self._bearers[digest]
