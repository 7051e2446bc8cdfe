"""Functions of cells, under the H3 v4 names.

Of the query's own cells, area and centre come from arrays of the tile, and parents from integer arithmetic; of all
other cells they are asked of functions that the engine provides (``cubeql_…``).
"""

from __future__ import annotations

from cubeql.functions.rows import Function
from cubeql.values.types import BOOLEAN, CELL, INTEGER, TEXT, Type

_CELL = ("cell",)
_CELLS = Type("list", element=CELL)
# This form is right for near and for opposite points alike.
_ANGLE = (
    "atan2(sqrt(pow(cos(radians({2})) * sin(radians({3} - {1})), 2)"
    " + pow(cos(radians({0})) * sin(radians({2}))"
    " - sin(radians({0})) * cos(radians({2})) * cos(radians({3} - {1})), 2)),"
    " sin(radians({0})) * sin(radians({2})) + cos(radians({0})) * cos(radians({2})) * cos(radians({3} - {1})))"
)

CELL_TEXT = "lower(to_hex({0}))"
"""SQL of a cell as text."""

GEOMETRY = {"cell_area": "area", "cell_to_lng": "lon", "cell_to_lat": "lat"}
"""Functions whose values of the query's own cells come as arrays, and what the arrays are called."""

ROWS = (
    Function("cell", "cells", ("integer",), CELL, "", "CELL(n): the parent of the query's cell at resolution n.",
             parameter_names=("resolution",)),
    Function("cell_to_parent", "cells", ("cell", "integer"), CELL, "", "The cell's ancestor at a resolution.",
             parameter_names=("cell", "resolution")),
    Function("cell_resolution", "cells", ("cell",), INTEGER, "(({0} >> 52) & 15)", "Resolution of a cell.",
             parameter_names=_CELL),
    Function("cell_to_string", "cells", ("cell",), TEXT, CELL_TEXT, "The cell as 15 hexadecimal digits.",
             parameter_names=_CELL),
    Function("cell_area", "cells", ("cell",), Type("number", unit="km2"), "cubeql_cell_area({0})",
             "True area of a cell, in km².", parameter_names=_CELL),
    Function("cell_to_lng", "cells", ("cell",), Type("number", unit="degree"), "cubeql_cell_to_lng({0})",
             "Longitude of a cell's centre.", parameter_names=_CELL),
    Function("cell_to_lat", "cells", ("cell",), Type("number", unit="degree"), "cubeql_cell_to_lat({0})",
             "Latitude of a cell's centre.", parameter_names=_CELL),
    Function("cell_to_boundary", "cells", ("cell",), TEXT, "cubeql_cell_to_boundary({0})",
             "Outline of a cell as WKT, longitude first.", parameter_names=_CELL),
    Function("cell_to_latlng", "cells", ("cell",), Type("list", element=Type("number", unit="degree")),
             "cubeql_cell_to_latlng({0})", "A cell's centre as a list [latitude, longitude].", parameter_names=_CELL),
    Function("cell_to_center_child", "cells", ("cell", "integer"), CELL, "",
             "The child at a resolution in the middle of a cell.", parameter_names=("cell", "resolution")),
    Function("latlng_to_cell", "cells", ("number", "number", "integer"), CELL, "cubeql_latlng_to_cell({0}, {1}, {2})",
             "The cell that holds a point. Latitude comes first, as everywhere in H3; one beyond a pole is an error.",
             parameter_names=("lat", "lng", "resolution")),
    Function("string_to_cell", "cells", ("text",), CELL, "cubeql_string_to_cell({0})",
             "The cell that 15 hexadecimal digits spell; NULL where a text spells none.", parameter_names=("digits",)),
    Function("is_valid_cell", "cells", ("text",), BOOLEAN,
             "(CASE WHEN {0} IS NOT NULL THEN cubeql_string_to_cell({0}) IS NOT NULL END)",
             "Whether a text spells a cell.", parameter_names=("digits",)),
    Function("is_pentagon", "cells", ("cell",), BOOLEAN, "cubeql_is_pentagon({0})",
             "Whether a cell is one of the twelve pentagons of its resolution.", parameter_names=_CELL),
    Function("grid_disk", "cells", ("cell", "integer"), _CELLS, "cubeql_grid_disk({0}, {1})",
             "The cells at most k steps from a cell, itself included, ascending.", parameter_names=("cell", "k")),
    Function("grid_ring", "cells", ("cell", "integer"), _CELLS, "cubeql_grid_ring({0}, {1})",
             "The cells exactly k steps from a cell, ascending.", parameter_names=("cell", "k")),
    Function("great_circle_distance", "cells", ("number", "number", "number", "number"), Type("number", unit="km"),
             f"(6371.007180918475 * {_ANGLE})", "Distance of two points in km; latitude before longitude.",
             parameter_names=("lat_a", "lng_a", "lat_b", "lng_b")),
    Function("grid_distance", "cells", ("cell", "cell"), INTEGER, "cubeql_grid_distance({0}, {1})",
             "Steps between two cells of one resolution; NULL where H3 cannot count them.", parameter_names=("a", "b")),
)  # fmt: skip
