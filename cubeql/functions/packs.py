"""``pack``, and the steps it is made of: the place of a cell below a key, gathering, putting into place."""

from __future__ import annotations

from cubeql.functions.rows import Function, listed
from cubeql.values.types import INTEGER

MOST_CELLS = 7**7
"""Cells of the longest list that pack gives: seven resolutions."""

PLACE = Function("cell_place", "cells", ("cell", "integer"), INTEGER, "", "Place of a cell below its ancestor.")
GATHER = Function("pack", "aggregates", ("integer", "any"), listed, "list(struct_pack(place := {0}, value := {1}))",
                  "Places and values of a group.", kind="aggregate")  # fmt: skip
SCATTER = {
    kind: Function("pack", "aggregates", ("cell", "list", "integer", "integer"), listed,
                   f"cubeql_pack_{kind}({{0}}, {{1}}, {{2}}, {{3}})", "Values in their places.")
    for kind in ("number", "integer", "boolean")
}  # fmt: skip
"""By type of the values."""

ROWS = (
    Function("pack", "aggregates", ("any",), listed, "",
             "Values of all cells below the group's cell key as a list of fixed length, in canonical order.",
             kind="aggregate"),
)  # fmt: skip
