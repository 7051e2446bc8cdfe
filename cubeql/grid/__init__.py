"""H3, geometry and area in bulk.

Reading order: ``cells`` (centres, areas, outlines of many cells; the only module that knows the vectorised H3
library), ``areas`` (the area of cells that lie in one face of the icosahedron), ``outlines`` (rings across
the antimeridian and round the poles), ``caps`` (the ground on which a tile's cells lie), ``ranges`` (sets of
tiles as ranges of indexes), ``shapes`` (what every region answers: cover and mask), ``ground`` (regions of
ground: polygons and circles), ``cellsets`` (regions of cells and points), ``geometry`` and ``readers``
(geometries and files brought to longitude and latitude), ``regions`` (the door: a function for each way to
write a region), ``sphere``, ``assignment`` and ``zoning`` (which of many zones holds which cell). Import from the
modules themselves.
"""
