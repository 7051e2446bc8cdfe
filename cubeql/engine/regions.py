"""Regions at work: a shape, the tiles it touches, and a mask a tile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.analyze.bound import RegionRef
from cubeql.engine.running import Running
from cubeql.errors import QueryError, diagnose
from cubeql.grid.shapes import RegionShape
from cubeql.storage.infiles import fetched
from cubeql.storage.reach import ANYWHERE, NotHere, Reach, clipped
from cubeql.values.tiles import slot_count


def shape_of(region: RegionRef, text: str, reach: Reach = ANYWHERE) -> RegionShape:
    """The shape of a region.

    Args:
        region: the region.
        text: the statement, for errors.
        reach: which files it may name.

    Raises:
        QueryError: its text, file or geometry is at fault.
    """
    try:
        if region.kind == "file":
            (path,) = region.args
            return _file(str(path), reach)
        return _makers()[region.kind](*region.args)
    except NotHere:
        raise QueryError([diagnose("file_refused", region.span, path=clipped(str(region.args[0])))], text) from None
    except (ValueError, OSError) as error:
        raise QueryError([diagnose("unreadable_region", region.span, reason=str(error))], text) from error


def _parameter(value: Any) -> RegionShape:
    from cubeql.grid import regions

    if isinstance(value, str):
        return regions.geojson(value) if value.lstrip().startswith("{") else regions.polygon_wkt(value)
    return regions.geometry(value)


def _file(path: str, reach: Reach) -> RegionShape:
    from cubeql.grid import regions

    with fetched(path, reach) as local:
        return regions.file(local)


def _makers() -> dict[str, Callable[..., RegionShape]]:
    from cubeql.grid import regions  # shapely takes long to load, and few statements need it

    return {
        "bbox": regions.bbox,
        "point": regions.point,
        "circle": regions.circle,
        "cell": regions.cell,
        "disk": regions.disk,
        "polygon": regions.polygon_wkt,
        "geojson": regions.geojson,
        "parameter": _parameter,
    }


def mask_table(shape: RegionShape, tiles: NDArray[np.int64], tile: int, resolution: int, running: Running) -> pa.Table:
    """A row a tile that holds cells of the region: ``tile``, ``mask`` (NULL where all cells belong to it)."""
    kept: list[int] = []
    masks: list[NDArray[np.bool_] | None] = []
    for one in tiles.tolist():
        running.check()
        mask = shape.mask(one, resolution)
        if mask is False:
            continue
        kept.append(one)
        masks.append(None if mask is True else np.asarray(mask))
    count = slot_count(resolution, tile)
    offsets = np.concatenate([[0], np.cumsum([0 if m is None else count for m in masks])]).astype(np.int32)
    given = [m for m in masks if m is not None]
    flags = pa.array(np.concatenate(given) if given else np.zeros(0, bool))
    missing = pa.array([m is None for m in masks], pa.bool_())
    lists = (
        pa.ListArray.from_arrays(pa.array(offsets), flags, mask=missing) if kept else pa.array([], pa.list_(pa.bool_()))
    )
    return pa.table({"tile": pa.array(kept, pa.int64()), "mask": lists})
