"""Who makes a call: what its headers show, and the guest who may make it.

A call shows a token (``Bearer cubeql_…``), what a login got for one (``Bearer cubeql_login_…``), or user and token as
Basic. Nothing that lets anybody in is kept, logged or sent back, but for the new bearer in the answer to a login:
drivers put the headers of answers into their errors.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow.flight as flight

from cubeql.catalog.rights import EVERYBODY, Who
from cubeql.server.calls import host_of
from cubeql.server.faults import Busy, told
from cubeql.server.guestbook import Guests
from cubeql.server.guests import Guest
from cubeql.server.passes import Passes, digest_of
from cubeql.server.settings import Access
from cubeql.server.tries import Tries
from cubeql.storage.tokens import Shown, Token

AUTH = "auth"
_LONGEST = 2048
_NOT_GOOD = "the token is wrong, expired or revoked"
_NONE = "no token came with the call; send it as `authorization: Bearer TOKEN`, or as the password of a login"
_MALFORMED = "the authorization header cannot be read; send it once, as `Bearer TOKEN` or as Basic"
_CHECKED_HERE = (flight.FlightMethod.HANDSHAKE, flight.FlightMethod.GET_SCHEMA)
_PATIENCE = "too many tries to come in have failed; try again in a minute"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a call shows, without what would let anybody in.

    Attributes:
        shown: a token.
        bearer: digest of what a login got.
        user: as whom a login comes; None as whoever the token is of.
        login: whether it was shown as user and password.
        nobody: nothing was shown.
    """

    shown: Shown | None = None
    bearer: str | None = field(default=None, repr=False)
    user: str | None = None
    login: bool = False
    nobody: bool = False


def claim_of(headers: Mapping[str, Sequence[str | bytes]]) -> Claim:
    """What the headers of a call show.

    Raises:
        FlightUnauthenticatedError: that cannot be read.
    """
    values = [value for name, several in headers.items() if name.lower() == "authorization" for value in several]
    if not values:
        return Claim(nobody=True)
    value = values[0]
    if len(values) > 1 or not isinstance(value, str) or not value.isascii() or len(value) > _LONGEST:
        raise flight.FlightUnauthenticatedError(_MALFORMED)
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() == "bearer":
        text = rest.strip()
        shown = Shown.of(text)
        return Claim(shown) if shown is not None else Claim(bearer=digest_of(text))
    if scheme.lower() == "basic":
        return _login(rest.strip())
    raise flight.FlightUnauthenticatedError(_MALFORMED)


def _login(written: str) -> Claim:
    try:
        # Clients in Go leave the padding out.
        text = b64decode(written + "=" * (-len(written) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        raise flight.FlightUnauthenticatedError(_MALFORMED) from None
    user, colon, password = text.partition(":")
    if not colon:
        raise flight.FlightUnauthenticatedError(_MALFORMED)
    if not password and user.casefold() in ("", EVERYBODY):
        return Claim(nobody=True)
    return Claim(Shown.of(password), user=user or None, login=True)


class Gate(flight.ServerMiddlewareFactory):
    """Lets calls in; each must ask it for its guest before anything is done for it.

    Args:
        guests: who is there.
        passes: tells which tokens are good.
        access: who may come in at all.
        refused: told from which host somebody was not let in, and as which user he came, as far as that is known.
    """

    def __init__(
        self,
        guests: Guests,
        passes: Passes,
        access: Access,
        refused: Callable[[str, str], None] = lambda peer, user: None,
    ) -> None:
        self._guests, self._passes, self._access, self._refused = guests, passes, access, refused
        self._tries = Tries(access.failed_tries, access.failed_tries_in_all)

    def start_call(self, info: flight.CallInfo, headers: Mapping[str, Sequence[str | bytes]]) -> Coming:
        """Look at the headers of a call.

        Here it is not known from where it comes, as its handler knows, which asks for the guest. Two kinds of calls are
        checked here: a login has no handler, and what that of GetSchema raises loses its kind on the way.
        """
        claim = claim_of(headers)
        if claim.nobody:
            self._check_anonymous()
        elif info.method in _CHECKED_HERE:
            try:
                shown, token = self._good(claim, None)
            except Exception as error:
                raise told(error) from None
            if claim.login and info.method == flight.FlightMethod.HANDSHAKE:
                return Coming(self, claim, self._passes.bearer(shown, token))
        return Coming(self, claim)

    def guest(self, claim: Claim, peer: str) -> Guest:
        """The guest who makes a call.

        Args:
            claim: what the call shows.
            peer: from where it comes, as gRPC says it.

        Raises:
            FlightUnauthenticatedError: he may not come in; why is not said.
            Busy: too many tried in vain, or are there.
        """
        if claim.nobody:
            return self._guests.come(f"nobody at {peer}", Who(EVERYBODY), None)
        shown, token = self._good(claim, peer)
        return self._guests.come(claim.bearer or f"{shown.id} {shown.digest}", token.who, shown)

    def _check_anonymous(self) -> None:
        if not self._access.anonymous:
            raise flight.FlightUnauthenticatedError(_NONE)

    def _good(self, claim: Claim, peer: str | None) -> tuple[Shown, Token]:
        """The token that is behind what was shown, if it is good and of the user who is named."""
        shown = self._passes.behind(claim.bearer) if claim.bearer is not None else claim.shown
        known = self._passes.known(shown) if shown is not None else None
        if known is not None and shown is not None and _is_of(known, claim):
            return shown, known
        if not self._tries.take(peer):
            raise Busy(_PATIENCE)
        # What is no token at all is looked for too, in vain.
        token = self._passes.look(shown or _NOBODYS)
        if token is None or shown is None or not _is_of(token, claim):
            self._refused(host_of(peer or ""), claim.user or "")
            raise flight.FlightUnauthenticatedError(_NOT_GOOD)
        self._tries.give_back(peer)
        return shown, token


_NOBODYS = Shown("0" * 12, "0" * 64)


def _is_of(token: Token, claim: Claim) -> bool:
    return claim.user is None or claim.user.lower() == token.user


class Coming(flight.ServerMiddleware):
    """Who makes one call."""

    def __init__(self, gate: Gate, claim: Claim, bearer: str | None = None) -> None:
        self._gate, self._claim, self._bearer = gate, claim, bearer
        self._guest: Guest | None = None

    def guest(self, peer: str) -> Guest:
        """The guest; see :meth:`Gate.guest`."""
        if self._guest is None:
            self._guest = self._gate.guest(self._claim, peer)
        return self._guest

    def sending_headers(self) -> dict[str, str]:
        """The answer to a login has what it got; no other answer has any of it."""
        bearer, self._bearer = self._bearer, None
        return {} if bearer is None else {"authorization": f"Bearer {bearer}"}


class Handshakes(flight.ServerAuthHandler):
    """Makes logins exist; :class:`Gate` does their work, by headers."""

    def authenticate(self, outgoing: object, incoming: object) -> None:
        """Nothing but headers is exchanged."""

    def is_valid(self, token: bytes) -> bytes:
        """Nobody is known by it."""
        return b""
