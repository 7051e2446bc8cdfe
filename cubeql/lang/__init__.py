"""Text -> syntax tree -> text.

Reading order: ``nodes`` (the tree), ``grammar`` and ``tables`` (the grammar's files, compiled once),
``tokens`` and ``spelling`` (text -> words), ``lr`` (words -> rules), ``build`` (rules -> nodes), ``parser``
(all together), ``mistakes`` (what faulty text was meant to be), ``printing`` and ``layout`` (nodes -> text),
``comments`` and ``formatter`` (text in its one form).
"""

from cubeql.lang.formatter import format_text, print_expr, print_statement
from cubeql.lang.parser import parse, parse_query, parse_statement, split_statements

__all__ = [
    "format_text",
    "parse",
    "parse_query",
    "parse_statement",
    "print_expr",
    "print_statement",
    "split_statements",
]
