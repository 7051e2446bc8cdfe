"""The tiles that a query is answered in."""

from __future__ import annotations

from cubeql.plan.nodes import Cells
from cubeql.sql import positions
from cubeql.sql.tree import Ident, Relation, Select, Sub, Table, fill


def tiles_name(node: Cells) -> str:
    """The relation, which the engine makes, of the tiles of the query's grid that can matter to cells."""
    return f"{node.name}$tiles"


def driver_tiles(node: Cells) -> Relation:
    """The query's tiles, for a driver that is coarser than the grid."""
    required = next((r for r in node.regions if r.required), None)
    if required is not None:
        return Table(required.name, "tiles")
    scan, tile_resolution = node.driver.scan, node.driver.tile
    count = 7 ** max(tile_resolution - scan.tile, 0)
    number = fill(f"unnest(range({count}))")
    own = Select(((Ident("tile"), "above"),), Table(scan.name), distinct=True)
    every = Select(((Ident("above"), None), (number, "number")), Sub(own, "stored"))
    tile = positions.child(Ident("above"), Ident("number"), scan.tile, tile_resolution)
    dead = positions.is_dead(Ident("above"), Ident("number"), scan.tile, tile_resolution - scan.tile)
    return Sub(Select(((tile, "tile"),), Sub(every, "every"), where=(fill("NOT {0}", dead),)), "tiles")
