"""Text -> syntax tree -> text.

Reading order: ``nodes`` (the tree), ``grammar`` and ``tables`` (the grammar's files, compiled once),
``tokens`` and ``spelling`` (text -> words), ``lr`` (words -> rules), ``build`` (rules -> nodes), ``parser``
(all together).
"""

from cubeql.lang.parser import parse, parse_query, parse_statement, split_statements

__all__ = ["parse", "parse_query", "parse_statement", "split_statements"]
