"""The columns of files of points and zones: which there are, their types, and how the files are written.

==================================  ====================  =======================================================
column                              type                  in
==================================  ====================  =======================================================
``cell``                            BIGINT                points: the cell of resolution 15 that holds the point
``time``                            TIMESTAMP us UTC      points of a layer with time
``lon``, ``lat``                    DOUBLE                points, degrees
``zone``                            BIGINT                zones, numbered from 1 as they were added
attributes                          as the layer has them both; NULL where there is none, never NaN
``geometry``                        BINARY (WKB)          zones: a valid polygon or multipolygon, longitude first
``xmin``, ``ymin``, ``xmax``,       DOUBLE                zones: the bounds of the geometry
``ymax``
==================================  ====================  =======================================================

Points are sorted by (cell, time) within a file, zones are in the order of their numbers. Files of zones are GeoParquet.
"""

from __future__ import annotations

import json

import pyarrow as pa

from cubeql.catalog import Attribute, Layer
from cubeql.storage.columns import TIMESTAMP, FileShape

POINT_RESOLUTION = 15
ATTRIBUTE_TYPES = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "boolean": pa.bool_(),
    "timestamp": TIMESTAMP,
}
BOUNDS = ("xmin", "ymin", "xmax", "ymax")
ROW_GROUP_ROWS = {"points": 32_768, "zones": 1_024}


def row_fields(layer: Layer) -> list[pa.Field]:
    """The columns of the layer's files."""
    attributes = [_attribute(a) for a in layer.attributes]
    doubles = pa.float64()
    if layer.kind == "zones":
        shape = [pa.field("geometry", pa.binary()), *(pa.field(n, doubles) for n in BOUNDS)]
        return [pa.field("zone", pa.int64()), *attributes, *shape]
    time = [pa.field("time", TIMESTAMP)] if layer.time is not None else []
    place = [pa.field("lon", doubles), pa.field("lat", doubles)]
    return [pa.field("cell", pa.int64()), *time, *place, *attributes]


def _attribute(attribute: Attribute) -> pa.Field:
    return pa.field(attribute.name, ATTRIBUTE_TYPES[attribute.type])


def row_schema(layer: Layer) -> pa.Schema:
    """The Arrow schema of the layer's files."""
    return pa.schema(row_fields(layer))


def given_schema(layer: Layer) -> pa.Schema:
    """The columns a writer gives: those of the files without what is worked out (cell, zone, bounds)."""
    made = {"cell", "zone", *BOUNDS}
    return pa.schema([f for f in row_fields(layer) if f.name not in made])


def row_shape(layer: Layer) -> FileShape:
    """How the layer's files are written."""
    schema = row_schema(layer)
    keys = ["zone"] if layer.kind == "zones" else ["cell", *(["time"] if layer.time is not None else [])]
    scalars = [f for f in schema if not pa.types.is_binary(f.type)]
    # Delta knows no least and greatest boolean.
    pruned = [f.name for f in scalars if not pa.types.is_boolean(f.type)]
    floats = {f.name: "BYTE_STREAM_SPLIT" for f in scalars if pa.types.is_floating(f.type)}
    coded = [f.name for f in scalars if f.name not in floats and not pa.types.is_boolean(f.type)]
    facts = {"geo": geo_metadata()} if layer.kind == "zones" else {}
    return FileShape(schema, keys, pruned, [f.name for f in scalars], coded, floats, facts)


def geo_metadata() -> str:
    """What GeoParquet wants to be told of the ``geometry`` column; without a CRS it is longitude and latitude."""
    column = {"encoding": "WKB", "geometry_types": ["Polygon", "MultiPolygon"], "edges": "planar"}
    return json.dumps({"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}})
