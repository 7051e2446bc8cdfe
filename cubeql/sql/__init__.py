"""Plan -> SQL text.

Reading order: ``tree`` and ``printer`` (a small SQL tree and its text), ``positions`` (cells by arithmetic),
``expressions``, ``aligned`` (a layer on the query's grid), ``matching`` (clocks), ``cells`` (layers that meet),
``statement`` (all together).
"""

from cubeql.sql.expressions import Values
from cubeql.sql.printer import print_query, quote
from cubeql.sql.statement import RegionNeed, Statement, StatementBuilder
from cubeql.sql.tree import bound_values

__all__ = ["RegionNeed", "Statement", "StatementBuilder", "Values", "bound_values", "print_query", "quote"]
