"""The tree of what CubeQL raises::

CubeQLError
├── QueryError         the statement is at fault (holds diagnostics and the text)
│   ├── QueryTimeout   it ran longer than allowed
│   └── QueryCancelled it was cancelled
├── StoreError         the store cannot be opened, read or written
│   ├── NotAllowed     somebody has no right to change it so
│   ├── Outpaced       others changed the same meanwhile; it can be tried again
│   ├── Misfit         what was to be written does not fit its layer
│   ├── VersionUnknown a version that a layer never had
│   └── VersionGone    a version of a layer that was vacuumed
├── IngestError        a source cannot become a layer
├── CardError          what an edited card tells of a layer cannot be so
├── ConfigError        settings or arguments are at fault
└── InternalError      a bug in CubeQL
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cubeql.errors.diagnostic import Diagnostic
from cubeql.errors.render import render


class CubeQLError(Exception):
    """Root of all errors a user may catch."""


class QueryError(CubeQLError):
    """A statement is at fault; ``diagnostics`` says where and why, all faults together."""

    def __init__(self, diagnostics: Sequence[Diagnostic], text: str = "") -> None:
        self.diagnostics = tuple(diagnostics)
        self.text = text
        super().__init__("; ".join(d.message for d in self.diagnostics))

    def __str__(self) -> str:
        return "\n\n".join(render(d, self.text) for d in self.diagnostics)


class QueryTimeout(QueryError):  # noqa: N818
    """The statement ran longer than its time limit."""


class QueryCancelled(QueryError):  # noqa: N818
    """The statement was cancelled."""


class StoreError(CubeQLError):
    """The store cannot be opened, read or written."""


class NotAllowed(StoreError):  # noqa: N818
    """Somebody has no right to change the store so; ``diagnostics`` say why, without a place."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostics = (diagnostic,)
        super().__init__("; ".join(part for part in (diagnostic.message, diagnostic.hint) if part))


class Outpaced(StoreError):  # noqa: N818
    """Others changed the same at the same time, and were faster; it can be tried again."""


class Misfit(StoreError):  # noqa: N818
    """What was to be written does not fit its layer, or cannot be a layer."""


class VersionUnknown(StoreError):  # noqa: N818
    """A layer never had the version that was asked for."""


class VersionGone(StoreError):  # noqa: N818
    """A version of a layer cannot be read any more: it was vacuumed.

    Attributes:
        version: the one asked for.
        day: when it was vacuumed.
        readable: which versions can be read, in words.
    """

    def __init__(self, what: str, version: int, first: int, last: int, time: datetime) -> None:
        self.version, self.day = version, f"{time:%Y-%m-%d}"
        self.readable = f"version {last}" if first == last else f"versions {first} to {last}"
        super().__init__(f"{what}: version {version} was vacuumed on {self.day}; {self.readable} can be read")


class IngestError(CubeQLError):
    """A source cannot become a layer; the layer is as it was."""


class CardError(CubeQLError):
    """What an edited card tells of a layer cannot be so; the layer is as it was."""


class ConfigError(CubeQLError):
    """Settings or arguments are at fault."""


class InternalError(CubeQLError):
    """A bug in CubeQL."""
