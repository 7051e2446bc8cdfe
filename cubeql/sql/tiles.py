"""The tiles that a query is answered in."""

from __future__ import annotations

from cubeql.plan.nodes import Cells
from cubeql.sql import positions
from cubeql.sql.tree import Ident, Query, Relation, Select, Sub, Table, fill


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


def tile_list(node: Cells) -> Query:
    """The tiles of the query's grid that the driver has rows in, inside all required regions."""
    driver = node.driver
    required = tuple(
        fill("{0} IN (SELECT tile FROM {1})", Ident("tile"), Ident(r.name)) for r in node.regions if r.required
    )
    if driver.is_coarser:
        return Select(((Ident("tile"), None),), driver_tiles(node), where=required, distinct=True)
    tile = positions.parent(Ident("tile"), driver.scan.tile, driver.tile)
    inner = Select(((tile, "tile"),), Table(driver.scan.name), distinct=True)
    return Select(((Ident("tile"), None),), Sub(inner, "stored"), where=required)
