"""xarray-sql: SQL on DataFusion over the Zarr stores; layers meet by integer positions made of their coordinates."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
import xarray_sql
from datafusion import SessionConfig

from benchmarks.peers import plain
from benchmarks.peers.building import THREADS
from benchmarks.peers.labelled import opened
from benchmarks.peers.landscape import BLOCK, COARSE, PIXEL, Landscape
from benchmarks.peers.questions import HEIGHT_CLASS, HEIGHTS, WARMER_THAN

_CHUNKS = {"time": 8, "y": 500, "x": 500}


def ask(land: Landscape) -> dict[str, Callable[[], Any]]:
    """The questions, to be asked."""
    os.environ["TOKIO_WORKER_THREADS"] = str(THREADS)
    context = xarray_sql.XarrayContext(SessionConfig().with_target_partitions(THREADS))
    for name in ("ndvi", "temperature", "elevation", "land"):
        layer = opened(land, name, chunks=None).to_dataset()
        chunks = {axis: min(most, layer.sizes[axis]) for axis, most in _CHUNKS.items() if axis in layer.sizes}
        context.from_dataset(name, layer, chunks=chunks)
    window, inside = plain.masked(land)
    rows, columns = np.nonzero(inside)
    mask = pa.table({"mx": (columns + window.col_off).astype("i4"), "my": (rows + window.row_off).astype("i4")})
    context.register_record_batches("mask", [mask.to_batches()])
    return {name: partial(_answered, context, text) for name, text in _statements(land).items()}


def _answered(context: Any, text: str) -> pa.Table:
    return context.sql(text).to_arrow_table()


def _statements(land: Landscape) -> dict[str, str]:
    west, _, _, north = land.box
    lon, lat = land.point
    half = PIXEL / 2
    bounds = shapely.from_wkt(land.polygon).bounds
    x, y = f"CAST(round((x - {west}) / {PIXEL} - 0.5) AS INT)", f"CAST(round(({north} - y) / {PIXEL} - 0.5) AS INT)"
    low = PIXEL * COARSE
    fine = f"SELECT {x} AS ix, {y} AS iy, time, ndvi FROM ndvi WHERE NOT isnan(ndvi)"
    warm = (
        f"SELECT CAST(round((x - {west}) / {low} - 0.5) AS INT) AS lx, "
        f"CAST(round(({north} - y) / {low} - 0.5) AS INT) AS ly, time "
        f"FROM temperature WHERE temperature > {WARMER_THAN} AND NOT isnan(temperature)"
    )
    between = f"SELECT {x} AS ix, {y} AS iy FROM elevation WHERE elevation BETWEEN {HEIGHTS[0]} AND {HEIGHTS[1]}"
    mean = "avg(CAST(n.ndvi AS DOUBLE))"

    def tabled(layer: str, code: str) -> str:
        other = f"SELECT {x} AS ix, {y} AS iy, CAST({code} AS INT) AS c FROM {layer} WHERE NOT isnan({layer})"
        return (
            f"WITH n AS ({fine}), o AS ({other}) SELECT CAST(floor(CAST(n.ndvi AS DOUBLE) / 0.1) AS INT) AS a, o.c, "
            "count(*) FROM n JOIN o ON n.ix = o.ix AND n.iy = o.iy GROUP BY 1, 2"
        )

    return {
        "point": f"SELECT time, ndvi FROM ndvi WHERE x BETWEEN {lon - half} AND {lon + half} "
        f"AND y BETWEEN {lat - half} AND {lat + half} AND NOT isnan(ndvi)",
        "polygon": f"SELECT n.time, {mean} FROM ndvi n JOIN mask k ON k.mx = {x} AND k.my = {y} "
        f"WHERE n.x BETWEEN {bounds[0]} AND {bounds[2]} AND n.y BETWEEN {bounds[1]} AND {bounds[3]} "
        "AND NOT isnan(n.ndvi) GROUP BY n.time",
        "filter": f"WITH n AS ({fine}), e AS ({between}), t AS ({warm}) SELECT n.time, {mean}, count(*) FROM n "
        f"JOIN e ON n.ix = e.ix AND n.iy = e.iy "
        f"JOIN t ON t.lx = e.ix / {COARSE} AND t.ly = e.iy / {COARSE} AND t.time = n.time GROUP BY n.time",
        "month": f"WITH n AS ({fine}) SELECT date_trunc('month', time), iy / {BLOCK} * 1000 + ix / {BLOCK}, "
        f"{mean}, count(*) FROM n GROUP BY 1, 2",
        "heights": tabled("elevation", f"floor(elevation / {HEIGHT_CLASS})"),
        "classes": tabled("land", "land"),
    }
