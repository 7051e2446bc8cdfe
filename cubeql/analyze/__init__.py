"""Syntax tree + catalog -> bound tree: names, types, units, alignment in space and time.

Reading order: ``bound`` (the tree), ``context``, ``scope`` (names), ``constants``, ``checks``,
``expressions`` with ``calls``, ``timetests`` and ``regions``, ``sources`` (FROM and JOIN), ``grouping``,
``select``.
"""

from cubeql.analyze.context import Context
from cubeql.analyze.select import bind_query

__all__ = ["Context", "bind_query"]
