"""COPY (query) TO 'path': the ending chooses the format; a file appears whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from cubeql.engine.result import Result
from cubeql.errors import QueryError, Span, StoreError, diagnose
from cubeql.formats import columnar, delimited, features, objects
from cubeql.formats.places import places_of
from cubeql.formats.rows import FileTarget, Rows, Writer
from cubeql.storage.outfiles import Place, appearing, check_upload
from cubeql.storage.reach import Below

Options = dict[str, Any]


def options_of(ending: str) -> tuple[str, ...]:
    """The options of a format."""
    return _OPTIONS.get(ending, ())


def check_target(path: Place, text: str, span: Span | None = None) -> None:
    """Whether a format has this ending, before anything is computed.

    Raises:
        QueryError: it does not.
        StoreError: there is no such folder, a folder has this name, or S3 cannot be asked.
    """
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise QueryError([diagnose("unknown_format", span, path=path.name, known=", ".join(WRITERS))], text)
    if not isinstance(path, Path):
        check_upload(path)
        return
    if not path.parent.is_dir():
        raise StoreError(f"{path} cannot be written: there is no folder {path.parent}")
    if path.is_dir():
        raise StoreError(f"{path} cannot be written: it is a folder")


def copy_to(
    result: Result,
    path: Place,
    options: Options,
    text: str,
    temp_folder: str | None = None,
    most_bytes: int | None = None,
) -> int:
    """Write a result; gives the number of rows.

    Raises:
        QueryError: the result does not fit the format or what may be written, or fails while it is computed.
        StoreError: the file cannot be written.
    """
    try:
        with appearing(path, temp_folder=temp_folder) as partial:
            if most_bytes is not None:
                result.watch(_Scales(partial, path.suffix.lower() in _GATHERED, most_bytes, text).weigh)
            WRITERS[path.suffix.lower()](result, partial, options, text)
            if most_bytes is not None:
                _check_size(partial, most_bytes, text)
    except OSError as error:
        if isinstance(path, Below):  # what a library says names places that are nobody's business
            reason = error.strerror or "the format's library refuses it"
            raise QueryError([diagnose("copy_failed", path=path, reason=reason)], text) from error
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
    return int(result.stats["rows"])


class _Scales:
    """Weighs what a copy takes: its file as it grows, and before there is one the rows that are gathered for it."""

    def __init__(self, file: Path, gathers: bool, most: int, text: str) -> None:
        self._file, self._gathers, self._most, self._text = file, gathers, most, text
        self._gathered = 0

    def weigh(self, batch: pa.RecordBatch) -> None:
        """Look at the next rows."""
        self._gathered += batch.nbytes if self._gathers else 0
        if self._gathered > self._most:
            raise QueryError([diagnose("copy_too_large", most=self._most)], self._text)
        _check_size(self._file, self._most, self._text)


def _check_size(file: Path, most: int, text: str) -> None:
    if file.exists() and file.stat().st_size > most:
        raise QueryError([diagnose("copy_too_large", most=most)], text)


def _file(writer: Writer) -> Callable[[Result, Path, Options, str], None]:
    def write(result: Result, path: Path, options: Options, text: str) -> None:
        with path.open("wb") as binary:
            writer(Rows(result.schema, iter(result)), FileTarget(binary))

    return write


def _parquet(result: Result, path: Path, options: Options, text: str) -> None:
    for field in result.schema:
        if pa.types.is_interval(field.type):
            fault = diagnose("format_type", format="Parquet", name=field.name, type="interval")
            raise QueryError([fault], text)
    _file(columnar.write_parquet)(result, path, options, text)


def _geojson(result: Result, path: Path, options: Options, text: str) -> None:
    if places_of(result.schema) is None:
        suggestion = "SELECT cell, and the values of its features"
        raise QueryError([diagnose("raster_shape", reason="GeoJSON needs cells", suggestion=suggestion)], text)
    _file(features.write_geojson)(result, path, options, text)


def _tif(result: Result, path: Path, options: Options, text: str) -> None:
    from cubeql.engine.rasters import write_raster

    write_raster(result.to_arrow(), path, options.get("crs", "EPSG:4326"), options.get("size"), text)


def _netcdf(result: Result, path: Path, options: Options, text: str) -> None:
    from cubeql.engine.netcdf import write_netcdf

    try:
        write_netcdf(result.to_arrow(), path, options.get("crs", "EPSG:4326"), options.get("size"), text)
    except RuntimeError as error:  # what the library says where the disk refuses
        raise OSError(str(error)) from error


WRITERS: dict[str, Callable[[Result, Path, Options, str], None]] = {
    ".parquet": _parquet,
    ".arrow": _file(columnar.write_arrow_file),
    ".csv": _file(delimited.write_csv),
    ".tsv": _file(delimited.write_tsv),
    ".json": _file(objects.write_json),
    ".jsonl": _file(objects.write_jsonl),
    ".geojson": _geojson,
    ".tif": _tif,
    ".nc": _netcdf,
}
_GATHERED = (".tif", ".nc")  # whose pixels are looked up in all cells
_OPTIONS = {".tif": ("crs", "size"), ".nc": ("crs", "size")}
