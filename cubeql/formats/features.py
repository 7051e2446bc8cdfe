"""GeoJSON: one feature a row with its geometry, its point or the outline of its cell (WGS84, longitude first)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa

from cubeql.errors import ConfigError
from cubeql.formats.places import Places, places_of
from cubeql.formats.rows import Rows, Target
from cubeql.formats.values import is_cell, json_values


def write_geojson(rows: Rows, target: Target) -> int:
    """A FeatureCollection; a geometry of the row, its point, or the outline of its first cell is the geometry; a
    cell is the feature's id.

    Raises:
        ConfigError: nothing says where the rows lie.
    """
    places = places_of(rows.schema)
    if places is None:
        named = ", ".join(rows.schema.names)
        raise ConfigError(f"geojson needs a column of cells, the result has only {named}; add cell to SELECT")
    target.write('{"type": "FeatureCollection", "features": [')
    count = 0
    for batch in rows.batches:
        features = list(_features(batch, rows.schema, places))
        target.write("".join(f"{',' if count + i else ''}\n{f}" for i, f in enumerate(features)))
        count += len(features)
    target.write("\n]}\n" if count else "]}\n")
    return count


def _features(batch: pa.RecordBatch, schema: pa.Schema, places: Places) -> Iterator[str]:
    import shapely

    shapes = shapely.to_geojson(places.shapes(batch))
    columns = [json_values(c, f) for c, f in zip(batch.columns, schema)]
    shown = [n for n in range(len(schema)) if not (places.is_geometry and n in places.columns)]
    at = places.columns[0] if is_cell(schema.field(places.columns[0])) else None
    names = [schema.names[n] for n in shown]
    for number, shape in enumerate(shapes.tolist()):
        properties = json.dumps(dict(zip(names, (columns[n][number] for n in shown))), ensure_ascii=False)
        own = columns[at][number] if at is not None else None
        head = f'{{"type": "Feature", "id": "{own}", ' if own else '{"type": "Feature", '
        yield f'{head}"geometry": {shape or "null"}, "properties": {properties}}}'
