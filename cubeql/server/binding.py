"""Values of parameters as clients bind them: columns of Arrow become what an embedded session takes, or are refused."""

from __future__ import annotations

import decimal
import json
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import shapely

from cubeql.grid.nesting import check_wkb
from cubeql.server.faults import Refused

Values = dict[str, Any]
_LON_LAT = ("OGC:CRS84", "EPSG:4326")


def rows_of_values(batch: pa.RecordBatch, names: tuple[str, ...], positional: bool) -> Iterator[Values]:
    """The values of each row of a batch, by the names of the statement's parameters.

    Args:
        batch: a column a parameter.
        names: of the parameters in the order of the statement, without ``$``; of ``?`` their numbers.
        positional: they are written ``?``: columns stand for them in their order, whatever they are called.

    Raises:
        Refused: columns are missing or too many, or a value is of no kind that a statement takes.
    """
    columns = _by_position(batch, names) if positional else _by_name(batch, names)
    read = {name: _column(batch.schema.field(at), batch.column(at), name) for name, at in columns.items()}
    for row in range(batch.num_rows):
        yield {name: values[row] for name, values in read.items()}


def _by_position(batch: pa.RecordBatch, names: tuple[str, ...]) -> dict[str, int]:
    if batch.num_columns != len(names):
        raise Refused(f"the statement takes {_counted(len(names))}, but {batch.num_columns} came")
    return {name: at for at, name in enumerate(names)}


def _by_name(batch: pa.RecordBatch, names: tuple[str, ...]) -> dict[str, int]:
    found = {field.name.removeprefix("$"): at for at, field in enumerate(batch.schema)}
    if len(found) < batch.num_columns or set(found) != set(names):
        wanted, came = ", ".join(f"${n}" for n in names) or "none", ", ".join(map(repr, batch.schema.names)) or "none"
        raise Refused(f"the statement's parameters are {wanted}, but the columns that came are {came[:500]}; "
                      "name a column for each, or write ? in the statement")  # fmt: skip
    return found


def _counted(number: int) -> str:
    return f"{number} value" if number == 1 else f"{number} values"


# -------------------------------------------------------------- values


def _column(field: pa.Field, column: pa.Array, name: str) -> list[Any]:
    said = {**_extension(field.type), **(field.metadata or {})}
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    try:
        if said.get(b"ARROW:extension:name") == b"geoarrow.wkb":
            _check_lon_lat(said.get(b"ARROW:extension:metadata", b""), name)
        return _values(column, name)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError, OverflowError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"the parameter {name}: {column.type} cannot be read: {error}") from None


def _extension(kind: pa.DataType) -> dict[bytes, bytes]:
    if not isinstance(kind, pa.BaseExtensionType):
        return {}
    return {b"ARROW:extension:name": kind.extension_name.encode(),
            b"ARROW:extension:metadata": kind.__arrow_ext_serialize__()}  # fmt: skip


def _check_lon_lat(metadata: bytes, name: str) -> None:
    try:
        crs = json.loads(metadata or b"{}").get("crs")
    except (ValueError, AttributeError):
        crs = metadata
    if isinstance(crs, dict):
        named = crs.get("id") or {}
        crs = f"{named.get('authority')}:{named.get('code')}"
    if crs is not None and crs not in _LON_LAT:
        raise Refused(f"the parameter {name}: its geometries are of another reference system than longitude and "
                      "latitude (OGC:CRS84); transform them first")  # fmt: skip


def _values(column: pa.Array, name: str) -> list[Any]:
    kind = column.type
    for test, read in _KINDS:
        if test(kind):
            return read(column, name)
    raise Refused(f"the parameter {name}: a statement takes no value of the Arrow type {kind}")


def _plain(column: pa.Array, name: str) -> list[Any]:
    values: list[Any] = column.to_pylist()
    return values


def _decoded(column: pa.Array, name: str) -> list[Any]:
    return _values(column.dictionary_decode(), name)


def _decimals(column: pa.Array, name: str) -> list[Any]:
    return [None if v is None else _number(v) for v in column.to_pylist()]


def _number(value: decimal.Decimal) -> int | float:
    whole = int(value)
    return whole if whole == value and abs(whole) < 1 << 63 else float(value)


def _instants(column: pa.Array, name: str) -> list[Any]:
    """Whatever their unit and zone; what is finer than a microsecond cannot be told apart here, and is refused."""
    zone = None if column.type.tz is None else "UTC"
    found: list[Any] = column.cast(pa.timestamp("us", zone)).to_pylist()
    return found


def _lengths(column: pa.Array, name: str) -> list[Any]:
    values: list[Any] = column.cast(pa.duration("us")).to_pylist()
    return values


def _shape(wkb: bytes) -> Any:
    check_wkb(wkb)
    return shapely.from_wkb(wkb)


def _shapes(column: pa.Array, name: str) -> list[Any]:
    try:
        return [None if v is None else _shape(v) for v in column.to_pylist()]
    except (shapely.errors.ShapelyError, ValueError) as error:
        raise Refused(f"the parameter {name}: bytes are taken for geometries (WKB), and these are none: {error}"
                      ) from None  # fmt: skip


def _lists(column: pa.Array, name: str) -> list[Any]:
    return [None if not item.is_valid else _values(item.values, name) for item in column]


def _unions(column: pa.Array, name: str) -> list[Any]:
    """Clients that know no types beforehand send each value as the member of a union that fits it."""
    return [_values(pa.array([item.as_py()], item.value.type), name)[0] if item.is_valid else None for item in column]


_KINDS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array, str], list[Any]]], ...] = (
    (pa.types.is_null, _plain),
    (pa.types.is_boolean, _plain),
    (pa.types.is_integer, _plain),
    (pa.types.is_floating, _plain),
    (pa.types.is_string, _plain),
    (pa.types.is_large_string, _plain),
    (pa.types.is_string_view, _plain),
    (pa.types.is_date, _plain),
    (pa.types.is_decimal, _decimals),
    (pa.types.is_timestamp, _instants),
    (pa.types.is_duration, _lengths),
    (pa.types.is_binary, _shapes),
    (pa.types.is_large_binary, _shapes),
    (pa.types.is_binary_view, _shapes),
    (pa.types.is_dictionary, _decoded),
    (pa.types.is_list, _lists),
    (pa.types.is_large_list, _lists),
    (pa.types.is_fixed_size_list, _lists),
    (pa.types.is_union, _unions),
)
