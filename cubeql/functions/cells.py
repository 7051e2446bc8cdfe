"""Functions of cells, under the H3 v4 names.

Of the query's own cells, area and centre come from arrays of the tile, and parents from integer arithmetic; of all
other cells they are asked of functions that the engine provides (``cubeql_…``).
"""

from __future__ import annotations

from cubeql.functions.rows import Function
from cubeql.values.types import CELL, INTEGER, TEXT, Type

_CELL = ("cell",)

GEOMETRY = {"cell_area": "area", "cell_to_lng": "lon", "cell_to_lat": "lat"}
"""Functions whose values of the query's own cells come as arrays, and what the arrays are called."""

ROWS = (
    Function("cell", "cells", ("integer",), CELL, "", "CELL(n): the parent of the query's cell at resolution n.",
             parameter_names=("resolution",)),
    Function("cell_to_parent", "cells", ("cell", "integer"), CELL, "", "The cell's ancestor at a resolution.",
             parameter_names=("cell", "resolution")),
    Function("cell_resolution", "cells", ("cell",), INTEGER, "(({0} >> 52) & 15)", "Resolution of a cell.",
             parameter_names=_CELL),
    Function("cell_to_string", "cells", ("cell",), TEXT, "lower(to_hex({0}))", "The cell as 15 hexadecimal digits.",
             parameter_names=_CELL),
    Function("cell_area", "cells", ("cell",), Type("number", unit="km2"), "cubeql_cell_area({0})",
             "True area of a cell, in km².", parameter_names=_CELL),
    Function("cell_to_lng", "cells", ("cell",), Type("number", unit="degree"), "cubeql_cell_to_lng({0})",
             "Longitude of a cell's centre.", parameter_names=_CELL),
    Function("cell_to_lat", "cells", ("cell",), Type("number", unit="degree"), "cubeql_cell_to_lat({0})",
             "Latitude of a cell's centre.", parameter_names=_CELL),
    Function("cell_to_boundary", "cells", ("cell",), TEXT, "cubeql_cell_to_boundary({0})",
             "Outline of a cell as WKT, longitude first.", parameter_names=_CELL),
    Function("grid_distance", "cells", ("cell", "cell"), INTEGER, "cubeql_grid_distance({0}, {1})",
             "Steps between two cells of one resolution; NULL where H3 cannot count them.", parameter_names=("a", "b")),
)  # fmt: skip
