"""SHOW and DESCRIBE: what the store holds, as tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pyarrow as pa

from cubeql.analyze.bound import OutputColumn
from cubeql.catalog import Attribute, Band, CellSet, Layer
from cubeql.catalog.rights import EVERYBODY, Who
from cubeql.engine.describing import Held, Row, layer_rows, raster_rows
from cubeql.functions import FUNCTIONS
from cubeql.storage import Snapshot, Store
from cubeql.storage.granting import Grant
from cubeql.storage.table import Counts
from cubeql.storage.views import RasterView

_LAYERS = {
    "layer": pa.string(), "kind": pa.string(), "resolution": pa.int64(), "bands": pa.string(), "first_time": None,
    "last_time": None, "tiles": pa.int64(), "rows": pa.int64(), "bytes": pa.int64(), "title": pa.string(),
}  # fmt: skip
_GRANTS = ("name", "kind", "right", "grantee")
_TIMES = ("first_time", "last_time")


def layers(store: Store, like: str | None) -> pa.Table:
    """A row a layer; of one that cannot be read the name alone is known."""
    rows = [_layer_row(name, s) for name, s in store.snapshots(lambda name: like is None or matches(name, like))]
    found = {column: [row.get(column) for row in rows] for column in _LAYERS}
    return pa.table({c: _instants(found[c]) if c in _TIMES else pa.array(found[c], t) for c, t in _LAYERS.items()})


def _layer_row(name: str, snapshot: Snapshot | None) -> dict[str, Any]:
    if snapshot is None:
        return {"layer": name, "kind": "unreadable"}
    layer = snapshot.layer
    grid = layer.kind == "grid"
    return {
        "layer": layer.name,
        "kind": layer.kind,
        "resolution": layer.resolution,
        "bands": ", ".join(_columns_of(layer)),
        "first_time": _bound(snapshot, "time_min", min),
        "last_time": _bound(snapshot, "time_max", max),
        "tiles": _rows(snapshot) if grid else None,
        "rows": None if grid else _rows(snapshot),
        "bytes": int(np.sum(snapshot.files["bytes"].to_numpy())),
        "title": layer.title,
    }


def views(store: Store, like: str | None) -> pa.Table:
    """A row a view."""
    found = {n: store.view(n) or None for n in store.view_names() if like is None or matches(n, like)}
    rights = ["owner" if store.reads_as_owner(name) else "reader" for name in found]
    columns = {"view": list(found), "query": list(found.values()), "rights": rights}
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _columns_of(layer: Layer) -> list[str]:
    return [b.name for b in layer.bands] + [a.name for a in layer.attributes]


def _rows(snapshot: Snapshot) -> int:
    return int(np.sum(snapshot.files["rows"].to_numpy()))


def cells(store: Store, like: str | None) -> pa.Table:
    """A row a stored set of cells."""
    found = [store.cell_set(n) for n in store.cell_set_names() if like is None or matches(n, like)]
    known = [c for c in found if c is not None]
    return pa.table(
        {
            "cells": pa.array([c.name for c in known], pa.string()),
            "resolution": pa.array([c.resolution for c in known], pa.int64()),
            "count": pa.array([c.count for c in known], pa.int64()),
        }
    )


def grants(found: Sequence[Grant], who: Who, like: str | None) -> pa.Table:
    """A row a right that a user has on what others own: on what is one's own, and those that are given to oneself."""
    own = (who.name.casefold(), EVERYBODY)
    shown = [
        g for g in found if (who.owns(g.name) or g.grantee in own) and (like is None or matches(g.name, like))
    ]
    return pa.table({column: pa.array([getattr(g, column) for g in shown], pa.string()) for column in _GRANTS})


def matches(name: str, pattern: str) -> bool:
    """Whether a name fits a LIKE pattern, without regard to case."""
    parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), name, re.IGNORECASE) is not None


def _bound(snapshot: Snapshot, column: str, choose: object) -> np.datetime64 | None:
    microseconds, known = snapshot.bounds(column)
    times = microseconds[known].astype("datetime64[us]")
    if not len(times):
        return None
    found: np.datetime64 = times.min() if choose is min else times.max()
    return found


def _instants(values: list[np.datetime64 | None]) -> pa.Array:
    return pa.array(values, pa.timestamp("us")).view(pa.timestamp("us", tz="UTC"))


def bands(layer: Layer) -> pa.Table:
    """A row a band, or of points and zones a row an attribute."""
    if layer.kind != "grid":
        return _attributes(layer)
    return pa.table(
        {
            "band": [b.name for b in layer.bands],
            "type": ["integer" if b.is_integer else "number" for b in layer.bands],
            "unit": pa.array([b.unit for b in layer.bands], pa.string()),
            "kind": [b.kind for b in layer.bands],
            "storage": [b.storage for b in layer.bands],
            "scale": pa.array([b.scale for b in layer.bands], pa.float64()),
            "offset": pa.array([b.offset for b in layer.bands], pa.float64()),
            "method": [b.method for b in layer.bands],
            "classes": pa.array([_classes(b) for b in layer.bands], pa.string()),
            "description": pa.array([b.long_name for b in layer.bands], pa.string()),
        }
    )


def _attributes(layer: Layer) -> pa.Table:
    return pa.table(
        {
            "attribute": pa.array([a.name for a in layer.attributes], pa.string()),
            "type": pa.array([a.type for a in layer.attributes], pa.string()),
            "unit": pa.array([a.unit for a in layer.attributes], pa.string()),
            "classes": pa.array([_classes(a) for a in layer.attributes], pa.string()),
            "description": pa.array([a.long_name for a in layer.attributes], pa.string()),
        }
    )


def _classes(column: Band | Attribute) -> str | None:
    return ", ".join(f"{c}={n}" for c, n in column.classes) or None


def describe_layer(snapshot: Snapshot, held: Held) -> pa.Table:
    """A row a column of the layer, as a query sees it, and a row each of what is known of the layer itself."""
    return _columns_table(layer_rows(snapshot, held))


def describe_query(columns: tuple[OutputColumn, ...]) -> pa.Table:
    """A row a column of a query."""
    return _columns_table([_column_row(c) for c in columns])


def describe_view(columns: tuple[OutputColumn, ...], query: str, as_owner: bool) -> pa.Table:
    """A row a column of a view, one with its query if that is told, and one with the rights it is read with."""
    rights = [("rights", "view", None, "its owner's")] if as_owner else []
    return _columns_table([*(_column_row(c) for c in columns), *_query_row(query), *rights])


def _query_row(query: str) -> list[Row]:
    return [("query", "view", None, query)] if query else []


def describe_raster(view: RasterView) -> pa.Table:
    """A row a column of a raster that is read in place, a row each of what is told of it, and where it lies."""
    return _columns_table([*raster_rows(view.layer), *_query_row(view.text)])


def describe_cells(cells: CellSet) -> pa.Table:
    """A row for the one column of a set of cells, and one that says how many there are."""
    note = f"resolution {cells.resolution}"
    return _columns_table([("cell", "cell", None, note), ("count", "cells", None, str(cells.count))])


def _column_row(column: OutputColumn) -> Row:
    note = f"resolution {column.type.resolution}" if column.type.resolution is not None else None
    return (column.name, str(column.type), column.type.unit, note)


def _columns_table(rows: list[Row]) -> pa.Table:
    names = ("column", "type", "unit", "note")
    return pa.table({n: pa.array([r[i] for r in rows], pa.string()) for i, n in enumerate(names)})


def times(snapshot: Snapshot, cursor: object) -> pa.Table:
    """A row a time of the layer, with the number of tiles (of points: rows) that have it."""
    unit = "tiles" if snapshot.layer.kind == "grid" else "rows"
    paths = snapshot.files["path"].to_pylist()
    empty = pa.table({"time": _instants([]), unit: pa.array([], pa.int64())})
    if snapshot.layer.time is None or not paths:
        return empty
    from cubeql.sql.printer import literal

    listed = ", ".join(literal(p) for p in paths)
    source = f"read_parquet([{listed}], hive_partitioning = false)"
    text = f"SELECT time, count(*) AS {unit} FROM {source} GROUP BY time ORDER BY time"  # noqa: S608
    found = cursor.execute(text).to_arrow_table()  # type: ignore[attr-defined]
    return found.set_column(0, "time", found["time"].cast(pa.timestamp("us", tz="UTC")))


def versions(store: Store, name: str) -> pa.Table:
    """A row a commit of the layer."""
    history = store.history(name)
    known = {
        "version": pa.array([v.version for v in history], pa.int64()),
        "time": _instants([np.datetime64(v.time.replace(tzinfo=None), "us") for v in history]),
        "what": pa.array([v.what for v in history], pa.string()),
        "readable": pa.array([v.readable for v in history], pa.bool_()),
    }
    changed = [f.name for f in fields(Counts)]
    counted = [[None if v.counts is None else getattr(v.counts, n) for v in history] for n in changed]
    return pa.table(known | {n: pa.array(c, pa.int64()) for n, c in zip(changed, counted, strict=True)})


def functions(like: str | None) -> pa.Table:
    """A row a function."""
    found = [f for f in FUNCTIONS.values() if like is None or matches(f.name, like)]
    return pa.table(
        {
            "function": [f.name for f in found],
            "signature": [f.signature for f in found],
            "family": [f.family for f in found],
            "description": [f.summary for f in found],
        }
    )


def settings(values: Mapping[str, object]) -> pa.Table:
    """A row a setting."""
    return pa.table({"setting": list(values), "value": [str(v) for v in values.values()]})
