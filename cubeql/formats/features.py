"""GeoJSON: one feature a row, the polygon of its cell (WGS84, longitude first) as geometry."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa

from cubeql.errors import ConfigError
from cubeql.formats.rows import Rows, Target
from cubeql.formats.values import cell_column, json_values


def write_geojson(rows: Rows, target: Target) -> int:
    """A FeatureCollection; the first cell of a row is its id and geometry, none where it is NULL.

    Raises:
        ConfigError: the result has no cell column.
    """
    at = cell_column(rows.schema)
    if at is None:
        named = ", ".join(rows.schema.names)
        raise ConfigError(f"geojson needs a column of cells, the result has only {named}; add cell to SELECT")
    target.write('{"type": "FeatureCollection", "features": [')
    count = 0
    for batch in rows.batches:
        features = list(_features(batch, rows.schema, at))
        target.write("".join(f"{',' if count + i else ''}\n{f}" for i, f in enumerate(features)))
        count += len(features)
    target.write("\n]}\n" if count else "]}\n")
    return count


def _features(batch: pa.RecordBatch, schema: pa.Schema, at: int) -> Iterator[str]:
    geometries = _polygons(batch.column(at))
    columns = [json_values(c, f) for c, f in zip(batch.columns, schema)]
    for cell, geometry, row in zip(columns[at], geometries, zip(*columns)):
        properties = json.dumps(dict(zip(schema.names, row)), ensure_ascii=False)
        head = f'{{"type": "Feature", "id": "{cell}", ' if cell else '{"type": "Feature", '
        yield f'{head}"geometry": {geometry}, "properties": {properties}}}'


def _polygons(column: pa.Array) -> list[str]:
    import numpy as np
    import shapely

    from cubeql.grid.cells import boundaries

    known = column.drop_null().to_numpy(zero_copy_only=False).astype(np.int64)
    texts = iter(shapely.to_geojson(np.asarray(boundaries(known), dtype=object)).tolist() if len(known) else [])
    return [next(texts) if valid else "null" for valid in column.is_valid().to_pylist()]
