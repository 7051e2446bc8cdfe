"""Functions of cells, under the H3 v4 names. Their SQL is integer arithmetic made by the SQL room."""

from __future__ import annotations

from cubeql.functions.rows import Function
from cubeql.values.types import CELL, INTEGER, TEXT, Type

ROWS = (
    Function("cell", "cells", ("integer",), CELL, "", "CELL(n): the parent of the query's cell at resolution n.",
             parameter_names=("resolution",)),
    Function("cell_to_parent", "cells", ("cell", "integer"), CELL, "", "The cell's ancestor at a resolution.",
             parameter_names=("cell", "resolution")),
    Function("cell_resolution", "cells", ("cell",), INTEGER, "(({0} >> 52) & 15)", "Resolution of a cell."),
    Function("cell_to_string", "cells", ("cell",), TEXT, "lower(to_hex({0}))", "The cell as 15 hexadecimal digits."),
    Function("cell_area", "cells", ("cell",), Type("number", unit="km2"), "{area}",
             "True area of the query's cell, in km²."),
    Function("cell_to_lng", "cells", ("cell",), Type("number", unit="degree"), "{lon}",
             "Longitude of the centre of the query's cell."),
    Function("cell_to_lat", "cells", ("cell",), Type("number", unit="degree"), "{lat}",
             "Latitude of the centre of the query's cell."),
)  # fmt: skip
