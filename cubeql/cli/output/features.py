"""GeoJSON: one feature a row, the polygon of its cell (WGS84, longitude first) as geometry."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa

from cubeql.cli.output.rows import Layout, Rows, Written
from cubeql.cli.output.sink import Sink
from cubeql.cli.output.values import exact_texts, is_cell, json_values
from cubeql.errors import ConfigError


def write_geojson(rows: Rows, sink: Sink, layout: Layout) -> Written:
    """A FeatureCollection; a row whose cell is NULL has no geometry.

    Raises:
        ConfigError: the result has no cell column.
    """
    at = next((i for i, f in enumerate(rows.schema) if is_cell(f)), None)
    if at is None:
        named = ", ".join(rows.schema.names)
        raise ConfigError(f"geojson needs a column of cells, the result has only {named}; add cell to SELECT")
    sink.write('{"type": "FeatureCollection", "features": [')
    count = 0
    for batch in rows.batches:
        features = list(_features(batch, rows.schema, at))
        sink.write("".join(f"{',' if count + i else ''}\n{f}" for i, f in enumerate(features)))
        count += len(features)
    sink.write("\n]}\n" if count else "]}\n")
    return Written(count)


def _features(batch: pa.RecordBatch, schema: pa.Schema, at: int) -> Iterator[str]:
    geometries = _polygons(batch.column(at))
    names = [n for i, n in enumerate(schema.names) if i != at]
    columns = [json_values(c, f) for i, (c, f) in enumerate(zip(batch.columns, schema)) if i != at]
    rows = zip(*columns) if columns else iter([()] * batch.num_rows)
    cells = exact_texts(batch.column(at), schema.field(at)).to_pylist()
    for cell, geometry, row in zip(cells, geometries, rows):
        properties = json.dumps(dict(zip(names, row)), ensure_ascii=False)
        head = f'{{"type": "Feature", "id": "{cell}", ' if cell else '{"type": "Feature", '
        yield f'{head}"geometry": {geometry}, "properties": {properties}}}'


def _polygons(column: pa.Array) -> list[str]:
    import numpy as np
    import shapely

    from cubeql.grid.cells import boundaries

    known = column.drop_null().to_numpy(zero_copy_only=False).astype(np.int64)
    texts = iter(shapely.to_geojson(np.asarray(boundaries(known), dtype=object)).tolist() if len(known) else [])
    return [next(texts) if valid else "null" for valid in column.is_valid().to_pylist()]
