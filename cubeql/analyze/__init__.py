"""Syntax tree + catalog -> bound tree: names, types, units, alignment in space and time.

Reading order: ``bound`` (the tree), ``context``, ``scope`` (names), ``constants``, ``checks``,
``expressions`` with ``calls``, ``timetests`` and ``regions``, ``sources`` (FROM and JOIN), ``grouping``,
``select``, ``shipping`` (what attached servers do).
"""

from cubeql.analyze.context import Context
from cubeql.analyze.select import bind_query, bind_whole

__all__ = ["Context", "bind_query", "bind_whole"]
