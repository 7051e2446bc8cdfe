"""What a statement gives: Arrow, streamed or whole, and the same in the shapes of other libraries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cubeql.engine.progress import Progress
from cubeql.errors import ConfigError, CubeQLError, Diagnostic, InternalError

if TYPE_CHECKING:
    import geopandas
    import pandas
    import polars
    import xarray


class Result:
    """The rows of a statement.

    A result streams: rows are computed as they are read, and can be read once, unless :meth:`to_arrow` (or what builds
    on it) has kept them. It is an Arrow stream (``__arrow_c_stream__``), so that pyarrow, polars, pandas and DuckDB
    take it without a copy.

    Attributes:
        schema: Arrow schema; fields carry ``cubeql.type`` and ``unit``, the schema where the data comes from.
        statement: the text.
        warnings: what analysis found that did not stop it.
        message: what was done, for statements without rows; None for queries.
        stats: ``rows``, ``seconds``, ``tiles_kept``, ``tiles_all``, ``files_kept``, ``files_all``, ``bytes_files``,
            ``bytes_all``.
    """

    def __init__(
        self,
        schema: pa.Schema,
        batches: Iterator[pa.RecordBatch],
        *,
        statement: str = "",
        warnings: tuple[Diagnostic, ...] = (),
        message: str | None = None,
        stats: dict[str, Any] | None = None,
        close: Callable[[], None] = lambda: None,
        progress: Callable[[], Progress] | None = None,
        cancel: Callable[[], None] | None = None,
    ) -> None:
        self.schema = schema
        self.statement = statement
        self.warnings = warnings
        self.message = message
        self.stats: dict[str, Any] = {"rows": 0, **(stats or {})}
        self._batches: Iterator[pa.RecordBatch] | None = batches
        self._table: pa.Table | None = None
        self._close = close
        self._progress = progress
        self._cancel = cancel
        self._watch: Callable[[pa.RecordBatch], None] = lambda batch: None
        self._closed = False

    def watch(self, check: Callable[[pa.RecordBatch], None]) -> None:
        """Have each batch looked at before it is given; what that raises ends the stream."""
        self._watch = check

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.schema.names)

    def units(self) -> dict[str, str]:
        """Unit of each column that has one."""
        return {f.name: f.metadata[b"unit"].decode() for f in self.schema if f.metadata and b"unit" in f.metadata}

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Record batches, as they are computed."""
        if self._table is not None:
            yield from self._table.to_batches()
            return
        yield from self._stream()

    def _stream(self) -> Iterator[pa.RecordBatch]:
        if self._closed:
            raise CubeQLError("this result is closed")
        if self._batches is None:
            raise CubeQLError("this result has been read already; run the statement again, or keep to_arrow()")
        batches, self._batches = self._batches, None
        for batch in batches:
            self._watch(batch)
            self.stats["rows"] += batch.num_rows
            yield batch

    def to_reader(self) -> pa.RecordBatchReader:
        """A reader that streams the rows; nothing is kept."""
        return pa.RecordBatchReader.from_batches(self.schema, iter(self))

    def to_arrow(self) -> pa.Table:
        """All rows as one table; it is kept, so that the result can be read again."""
        if self._table is None:
            self._table = pa.Table.from_batches(list(self._stream()), self.schema)
        return self._table

    def __arrow_c_schema__(self) -> Any:
        """The schema as an Arrow capsule."""
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows as an Arrow stream capsule."""
        return self.to_reader().__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> pandas.DataFrame:
        """A data frame; cells are uint64, times UTC timestamps."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """A polars data frame (needs polars)."""
        import polars

        return polars.DataFrame(self.to_arrow())

    def to_numpy(self) -> dict[str, np.ndarray[Any, Any]]:
        """An array a column; NULLs become NaN or NaT, other columns with NULL are objects.

        A column of lists of one length, such as ``pack`` gives, is an array (rows, length).
        """
        return {n: _numpy(self.to_arrow()[n]) for n in self.schema.names}

    def to_geopandas(self) -> geopandas.GeoDataFrame:
        """A frame in EPSG:4326: each row with its geometry, its point or the outline of its cell (needs geopandas)."""
        import geopandas

        from cubeql.formats.places import places_of

        places = places_of(self.schema)
        if places is None:
            self._cell_column()  # says what is missing
            raise InternalError("a result with a cell has places")
        batches = self.to_arrow().to_batches()
        shapes = np.concatenate([np.zeros(0, object), *(places.shapes(b) for b in batches)])
        frame = self.to_pandas()
        if not places.is_geometry:
            return geopandas.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326")
        name = self.schema.names[places.columns[0]]
        frame[name] = shapes
        return geopandas.GeoDataFrame(frame, geometry=name, crs="EPSG:4326")

    def to_xarray(self) -> xarray.Dataset:
        """A dataset over ``cell`` and, where the result has it, ``time``, with longitude and latitude of each cell.

        Raises:
            CubeQLError: a cell (and time) comes more than once.
        """
        from cubeql.engine.arrays import dataset

        return dataset(self.to_arrow(), self._cell_column(), self.statement)

    def to_raster(self, path: str | Path, band: str | None = None, **options: Any) -> str | Path:
        """Write a column as a GeoTIFF, to a path or an ``s3://`` address, which is given back.

        See :func:`cubeql.engine.rasters.write_raster`.
        """
        from cubeql.engine.rasters import write_raster
        from cubeql.storage.outfiles import place_of

        place = place_of(path)
        write_raster(self.to_arrow(), place, band=band, text=self.statement, **options)
        return place if isinstance(place, Path) else str(place)

    def write(self, path: str | Path, **options: Any) -> str | Path:
        """Write the rows to a path here or an ``s3://`` address, which is given back; the ending chooses the format.

        The same formats and options as of ``COPY (…) TO``; the file appears whole or not at all.

        Raises:
            QueryError: the rows do not fit the format, or it is not known.
            StoreError: the file cannot be written.
        """
        from cubeql.engine.copying import check_target, copy_to, options_of
        from cubeql.storage.outfiles import place_of

        place = place_of(path)
        check_target(place, "")
        known = options_of(place.suffix.lower())
        for name in options:
            if name not in known:
                raise ConfigError(f"{place} takes no option {name!r}; options are {', '.join(known) or 'none'}")
        copy_to(self, place, options, self.statement)
        return place if isinstance(place, Path) else str(place)

    def _cell_column(self) -> str:
        for field in self.schema:
            if (field.metadata or {}).get(b"cubeql.type") == b"cell":
                return str(field.name)
        raise CubeQLError("this result has no cell column; SELECT cell to place its rows")

    def progress(self) -> Progress | None:
        """How far it is, in tiles; may be asked from any thread. None for statements that read no layer's tiles."""
        return None if self._progress is None else self._progress()

    def cancel(self) -> None:
        """Stop the statement, from any thread; whoever reads its rows gets :class:`~cubeql.errors.QueryCancelled`."""
        if self._cancel is not None:
            self._cancel()

    def close(self) -> None:
        """Free what the statement holds; reading on is not possible then."""
        self._closed = True
        self._batches = None
        self._close()

    def __enter__(self) -> Result:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self.message is not None:
            return f"<Result: {self.message}>"
        columns = ", ".join(f"{f.name} {f.type}" for f in self.schema)
        return f"<Result ({columns})>" if self._table is None else f"<Result ({columns}), {len(self._table):,} rows>"

    def _repr_html_(self) -> str | None:
        """A table for a notebook, where the rows are kept; looking at a result must not read it up."""
        if self._table is None:
            return None
        from cubeql.formats.page import html_table, in_page

        return in_page([html_table(self._table)])

    def provenance(self) -> dict[str, Any]:
        """Where the data comes from: the statement, layers with version, licence and citation."""
        metadata = self.schema.metadata or {}
        found: dict[str, Any] = json.loads(metadata.get(b"cubeql", b"{}"))
        return found


def _numpy(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    if not pa.types.is_fixed_size_list(column.type) or column.null_count:
        plain: np.ndarray[Any, Any] = column.to_numpy(zero_copy_only=False)
        return plain
    found = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    values = np.concatenate(found) if found else np.zeros(0, column.type.value_type.to_pandas_dtype())
    return values.reshape(len(column), column.type.list_size)


def done(message: str, statement: str = "", **stats: Any) -> Result:
    """The result of a statement without rows."""
    return Result(pa.schema([]), iter(()), statement=statement, message=message, stats=stats)


def rows(table: pa.Table, statement: str = "") -> Result:
    """A result that is known already."""
    return Result(table.schema, iter(table.to_batches()), statement=statement)
