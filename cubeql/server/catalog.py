"""The action ``cubeql.catalog``: what a guest's store holds, told to CubeQL's own clients."""

from __future__ import annotations

import json

from cubeql.analyze.bound import OutputColumn
from cubeql.flight.catalog import ACTION as ACTION
from cubeql.flight.catalog import answer
from cubeql.flight.wire import WireError
from cubeql.lang.printing.names import quoted
from cubeql.server.guests import Guest


def tell(guest: Guest, body: bytes) -> list[bytes]:
    """The answer to one question; see :func:`cubeql.flight.catalog.answer`."""
    try:
        question = json.loads(body)
    except (ValueError, RecursionError):
        raise WireError("the question is no JSON") from None

    def columns_of_view(name: str) -> tuple[OutputColumn, ...]:
        path = ".".join(quoted(part) for part in name.split("."))
        return guest.session.compile(f"SELECT * FROM {path}").columns  # noqa: S608 - the name is quoted

    return [json.dumps(answer(question, guest.session.store, columns_of_view)).encode()]
