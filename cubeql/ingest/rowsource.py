"""What a source of points or zones is: its columns, where its rows lie, and its rows in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

BATCH_ROWS = 32_768

ENDINGS = {
    ".csv": "text", ".tsv": "text", ".txt": "text", ".csv.gz": "text", ".tsv.gz": "text",
    ".parquet": "parquet", ".geoparquet": "parquet",
    ".gpkg": "features", ".geojson": "features", ".json": "features", ".shp": "features", ".fgb": "features",
}  # fmt: skip
"""Endings of files of rows, and which reader takes them."""


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column as its source has it: its name and Arrow type."""

    name: str
    type: pa.DataType


@dataclass(frozen=True, slots=True)
class RowSource:
    """A file of rows.

    Attributes:
        name: what to call it in messages.
        columns: its columns, but the geometry.
        rows: how many there are.
        geometry: name of the column of geometries (WKB); None where longitude and latitude are columns.
        crs: reference system of geometries or coordinates; None where the file does not say.
        shapes: types of its geometries, as far as the file says.
        batches: reads the rows, as tables of a bounded size.
    """

    name: str
    columns: tuple[SourceColumn, ...]
    rows: int
    geometry: str | None
    crs: object | None
    shapes: frozenset[str]
    batches: Callable[[], Iterator[pa.Table]]


def reader_of(path: str) -> str | None:
    """Which reader takes a path, by its ending; None for what is no file of rows.

    ``areas.gpkg#parks`` names one layer of a file.
    """
    text = path.rpartition("#")[0] if "#" in path else path
    folded = text.casefold()
    return next((kind for ending, kind in ENDINGS.items() if folded.endswith(ending)), None)
