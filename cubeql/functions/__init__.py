"""The library of functions as rows, by family; ``registry`` finds them by name."""

from cubeql.functions.registry import FUNCTIONS, lookup, names
from cubeql.functions.rows import Function

__all__ = ["FUNCTIONS", "Function", "lookup", "names"]
