"""The leaf that stands for a query which an attached server does."""

from __future__ import annotations

from cubeql.analyze.bound import BoundQuery, OutputColumn
from cubeql.catalog import Layer
from cubeql.lang.printing.names import quoted
from cubeql.values.slotted import dataclass


@dataclass(frozen=True, slots=True)
class Shipped(BoundQuery):
    """A query that an attached server does: its text, and the layers it reads under the names that they have here."""

    server: str
    text: str
    layers: tuple[Layer, ...] = ()


def rows_of(name: str, server: str, columns: tuple[OutputColumn, ...]) -> Shipped:
    """All rows of something that lies on a server."""
    path = ".".join(quoted(p) for p in name.split("."))
    listed = ", ".join(quoted(c.name) for c in columns)
    return Shipped(columns, server, f"SELECT {listed} FROM {path}")  # noqa: S608 - names are quoted
