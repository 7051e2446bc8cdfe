"""SedonaDB: its raster functions over the GeoTIFFs; what they cannot say is a function in Python over arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import sedonadb
from sedonadb import udf
from sedonadb.raster import Raster

from benchmarks.peers.building import THREADS
from benchmarks.peers.landscape import BLOCK, NO_CLASS, NO_NUMBER, Array, Landscape
from benchmarks.peers.questions import HEIGHT_CLASS, HEIGHTS, WARMER_THAN

_SCALE = 0.0001


def ask(land: Landscape) -> dict[str, Callable[[], Any]]:
    """The questions, to be asked."""
    context = sedonadb.connect()
    context.sql(f"SET datafusion.execution.target_partitions = {THREADS}").execute()
    for name in ("ndvi", "temperature"):
        files = [str(land.file(name, day, "cog")) for day in land.days]
        months = [f"{day[:7]}-01" for day in land.days]
        table = pa.table({"day": list(land.days), "month": months, "path": files})
        context.create_data_frame(table).to_view(name)
    for function in (_masked, _tabled_heights, _tabled_classes):
        context.register(function)
    lon, lat = land.point
    ndvi = "RS_FromPath(n.path)"
    loaded = f"RS_EnsureLoaded({ndvi})"
    other = {name: f"RS_FromPath('{land.file(name, None, 'cog')}')" for name in ("elevation", "land")}
    run = partial(_rows, context)
    region = f"ST_GeomFromText('{land.polygon}', 'EPSG:4326')"
    tiles = f"SELECT n.month, unnest(RS_Tile({ndvi}, {BLOCK}, {BLOCK})) AS u FROM ndvi n"
    counted = f"SELECT month, u['x'] AS x, u['y'] AS y, RS_SummaryStatsAll(u['tile']) AS z FROM ({tiles})"
    return {
        "point": lambda: [
            (day, value * _SCALE if value is not None and value != NO_NUMBER else None)
            for day, value in run(f"SELECT day, RS_Value({ndvi}, ST_Point({lon}, {lat}, 'EPSG:4326')) AS v FROM ndvi n")
        ],
        "polygon": lambda: [
            (day, value * _SCALE if value is not None else None)
            for day, value in run(f"SELECT day, RS_ZonalStats({ndvi}, {region}, 1, 'mean') AS v FROM ndvi n")
        ],
        "filter": lambda: [
            (day, found["s"] / found["n"] * _SCALE if found["n"] else None, found["n"])
            for day, found in run(
                f"SELECT n.day, masked_sum({loaded}, RS_EnsureLoaded({other['elevation']}), "
                f"RS_ReprojectMatch(RS_FromPath(t.path), {other['elevation']})) AS v "
                "FROM ndvi n JOIN temperature t ON n.day = t.day"
            )
        ],
        "month": lambda: [
            (month, y * 1000 + x, s / n * _SCALE if n else None, n)
            for month, x, y, s, n in run(
                f"SELECT month, x, y, sum(z['sum']) AS s, sum(z['count']) AS n FROM ({counted}) GROUP BY 1, 2, 3"
            )
        ],
        **{
            name: partial(_summed, run, f"SELECT {name}({loaded}, RS_EnsureLoaded({other[layer]})) AS v FROM ndvi n")
            for name, layer in (("heights", "elevation"), ("classes", "land"))
        },
    }


def _rows(context: Any, text: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in pa.table(context.sql(text).to_arrow_table()).to_pylist()]


def _arrays(column: Any) -> list[Array]:
    rasters = pa.array(column.to_array()) if not isinstance(column, pa.Array) else column
    return [np.asarray(Raster(rasters, i).to_numpy()).squeeze() for i in range(len(rasters))]


_SUM = pa.struct([("s", pa.float64()), ("n", pa.int64())])


@udf.arrow_udf(_SUM, None, name="masked_sum")
def _masked(ndvi: Any, height: Any, warm: Any) -> pa.Array:
    found = []
    for v, h, t in zip(_arrays(ndvi), _arrays(height), _arrays(warm), strict=True):
        kept = v[(h >= HEIGHTS[0]) & (h <= HEIGHTS[1]) & (t > WARMER_THAN) & (v != NO_NUMBER)]
        found.append({"s": float(kept.sum(dtype=np.int64)), "n": int(kept.size)})
    return pa.array(found, _SUM)


def _tabled(ndvi: Any, other: Any, nothing: int, width: int) -> pa.Array:
    found = []
    for v, o in zip(_arrays(ndvi), _arrays(other), strict=True):
        held = (v != NO_NUMBER) & (o != nothing)
        codes = (v[held] // 1000 + 2) * 20 + o[held].astype(np.int16) // width
        found.append(np.bincount(codes, minlength=240).tolist())
    return pa.array(found, pa.list_(pa.int64()))


@udf.arrow_udf(pa.list_(pa.int64()), None, name="heights")
def _tabled_heights(ndvi: Any, height: Any) -> pa.Array:
    return _tabled(ndvi, height, NO_NUMBER, HEIGHT_CLASS)


@udf.arrow_udf(pa.list_(pa.int64()), None, name="classes")
def _tabled_classes(ndvi: Any, land: Any) -> pa.Array:
    return _tabled(ndvi, land, NO_CLASS, 1)


def _summed(run: Callable[[str], list[tuple[Any, ...]]], text: str) -> list[tuple[Any, ...]]:
    counts = np.sum([row[0] for row in run(text)], 0)
    return [(i // 20 - 2, i % 20, int(n)) for i, n in enumerate(counts) if n]
