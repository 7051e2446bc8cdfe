"""Nodes -> text: ``names`` (quoting), ``expressions``, ``calls``, ``queries``, ``statements``."""

from cubeql.lang.printing.context import Context
from cubeql.lang.printing.expressions import expression
from cubeql.lang.printing.queries import query
from cubeql.lang.printing.statements import statement

__all__ = ["Context", "expression", "query", "statement"]
