"""What was asked of a server and what became of it, for whoever keeps books: the audit, the counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cubeql.errors import QueryError
from cubeql.lang import nodes

UNREAD = "unread"
"""The kind of a statement that cannot be read."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a statement comes from.

    Attributes:
        user: whose it is.
        token: id of the token that he showed; empty where he showed none.
        peer: the host that it came from.
        door: by which, ``flight``.
    """

    user: str
    token: str = ""
    peer: str = ""
    door: str = "flight"


@dataclass(frozen=True, slots=True)
class Deed:
    """A statement that has ended.

    Attributes:
        origin: whose, and where from.
        text: what was asked.
        kind: of statement, such as ``query`` or ``create layer``.
        outcome: one of :data:`cubeql.server.counts.ENDS`.
        seconds: from its first word to its last row.
        params: the types of its parameters' values, by name.
        reads: the versions of the layers it reads, by name.
        writes: the names it makes, changes, drops or grants, with the versions that these then have, if known.
        error: what was wrong, if anything.
        rows: that went out; ``bytes`` of them, as Arrow.
        tiles: tile rows that were read.
    """

    origin: Origin
    text: str
    kind: str = UNREAD
    outcome: str = "done"
    seconds: float = 0.0
    params: Mapping[str, str] = field(default_factory=dict)
    reads: Mapping[str, int | None] = field(default_factory=dict)
    writes: Mapping[str, int | None] = field(default_factory=dict)
    error: BaseException | None = None
    rows: int = 0
    bytes: int = 0
    tiles: int = 0


def described(deed: Deed, statement: nodes.Statement) -> Deed:
    """A deed whose statement has been read: of which kind it is, and which names it is about."""
    names = [getattr(statement, "name", ()), getattr(statement, "rename_to", ())] if _changes(statement) else []
    return replace(deed, kind=kind_of(statement), writes={".".join(name): None for name in names if name})


def finished(deed: Deed, stats: Mapping[str, Any]) -> Deed:
    """A deed that has been done, with the version that it made."""
    version = stats.get("version")
    return replace(deed, writes=dict.fromkeys(deed.writes, version)) if version is not None else deed


def kind_of(statement: nodes.Statement) -> str:
    """The kind of a statement, in the words of the language."""
    if isinstance(statement, nodes.Grant):
        return "revoke" if statement.revoke else "grant"
    words = _KINDS.get(type(statement), type(statement).__name__.lower())
    return f"{words} {statement.kind}" if isinstance(statement, nodes.Create | nodes.Drop) else words


KINDS = (
    UNREAD, "query", "explain", "show", "describe", "create layer", "create view", "create cells", "insert",
    "alter", "rollback", "drop layer", "drop view", "drop cells", "copy", "grant", "revoke", "set", "attach",
    "detach", "ingest",
)  # fmt: skip
"""All kinds."""
_KINDS = {nodes.QueryStatement: "query", nodes.CreateRaster: "create view", nodes.SetOption: "set"}


def _changes(statement: nodes.Statement) -> bool:
    made = nodes.Create | nodes.CreateRaster | nodes.Insert
    return isinstance(statement, made | nodes.Drop | nodes.Alter | nodes.Rollback | nodes.Grant)


def kinds_of(params: Any) -> dict[str, str]:
    """The types of parameters' values, which themselves may tell too much."""
    pairs = params.items() if isinstance(params, Mapping) else enumerate(params or (), 1)
    return {str(name): type(value).__name__ for name, value in pairs}


def code_of(error: BaseException | None) -> str | None:
    """The code of what was wrong: that of a statement's first fault, else the error's kind."""
    if isinstance(error, QueryError) and error.diagnostics:
        return error.diagnostics[0].code
    return None if error is None else type(error).__name__
