"""Rules of the grammar -> nodes, one function a construct.

``expressions``, ``calls`` (arguments and windows), ``regions``, ``sources`` (what FROM and JOIN name),
``queries`` (clauses put together), ``statements``.

A function is registered under the name of its rule or alias and gets the span and the children of that
rule. What the grammar lets through and the language does not is reported to the :class:`Builder`.
"""

from cubeql.lang.build import calls, expressions, queries, regions, sources, statements
from cubeql.lang.build.builder import ACTIONS, Builder

__all__ = ["ACTIONS", "Builder", "calls", "expressions", "queries", "regions", "sources", "statements"]
