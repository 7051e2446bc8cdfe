"""Views that hide what lies beneath, in the plan that EXPLAIN may tell."""

from __future__ import annotations

from cubeql.analyze.bound import OutputColumn
from cubeql.plan.nodes import Node
from cubeql.values.slotted import dataclass


@dataclass(frozen=True, slots=True)
class Closed(Node):
    """A view of which the name and the columns are told; a plan with one cannot be run."""

    view: str
    columns: tuple[OutputColumn, ...]
