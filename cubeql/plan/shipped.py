"""The leaf of a plan that an attached server does."""

from __future__ import annotations

from cubeql.analyze.bound import OutputColumn
from cubeql.catalog import Layer
from cubeql.plan.nodes import Node
from cubeql.values.slotted import dataclass


@dataclass(frozen=True, slots=True)
class Shipped(Node):
    """A query that an attached server does; ``name`` is the relation's in SQL, ``layers`` what it reads, by the names
    that they have here."""

    name: str
    server: str
    text: str
    columns: tuple[OutputColumn, ...]
    layers: tuple[Layer, ...] = ()
