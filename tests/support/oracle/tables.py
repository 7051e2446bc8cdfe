"""Points and zones as relations: a row each, as it stands in its dictionary."""

from __future__ import annotations

import h3

from cubeql.catalog.records import Attribute
from tests.support.answers import Cell
from tests.support.oracle.relations import Column, Record, Relation
from tests.support.rows import TinyRows

PLACE = " place"
"""Hidden key of a point's row: its longitude and latitude."""


def of_table(layer: TinyRows) -> Relation:
    """The rows of a layer of points, with their cells of resolution 15, or of zones, numbered from 1."""
    attributes = [_column(a) for a in layer.record.attributes]
    if layer.record.kind == "zones":
        columns = [Column("zone"), *attributes, Column("geometry")]
        return Relation(tuple(columns), [{"zone": n} | row for n, row in enumerate(layer.rows, 1)])
    rows: list[Record] = []
    for row in layer.rows:
        place = (row["lon"], row["lat"])
        rows.append({"cell": cell_of_place(place, 15), PLACE: place} | row)
    time = [Column("time", "time")] if layer.record.time is not None else []
    place_columns = [Column("lon", real=True), Column("lat", real=True)]
    return Relation((Column("cell", "cell"), *time, *place_columns, *attributes), rows, 15, is_layer=True)


def cell_of_place(place: tuple[float, float], resolution: int) -> Cell:
    """The cell of a resolution that holds a place."""
    return Cell(h3.str_to_int(h3.latlng_to_cell(place[1], place[0], resolution)))


def _column(attribute: Attribute) -> Column:
    classes: dict[str, int] | None = {name: code for code, name in attribute.classes} or None
    method = "mean" if attribute.type in ("integer", "number") and not classes else "mode"
    return Column(attribute.name, "value", classes, method, real=attribute.type == "number")
