"""What a client is offered before it fetches anything."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Offer:
    """Rows that are ready.

    Attributes:
        schema: what they look like; they will look so.
        ticket: what fetches them; None where the command does so itself.
        beside: what our own client is told beside, see :func:`cubeql.flight.told.head_bytes`.
    """

    schema: pa.Schema
    ticket: bytes | None = None
    beside: bytes = b""
