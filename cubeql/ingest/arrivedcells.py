"""Rows of cells as they come: cells checked, times brought to UTC, and what their columns are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cubeql.analyze.bound import OutputColumn
from cubeql.engine.convert import UTC_TIMESTAMP
from cubeql.ingest.faults import ROWS, refusal
from cubeql.values.cells import are_cells, fault_of, format_cell, parse_cell, resolution_of
from cubeql.values.types import BOOLEAN, CELL, INTEGER, NULL, NUMBER, TEXT, TIMESTAMP, Type

_TYPES: tuple[tuple[Callable[[pa.DataType], bool], Type, pa.DataType | None], ...] = (
    (pa.types.is_boolean, BOOLEAN, None),
    (pa.types.is_integer, INTEGER, None),
    (pa.types.is_float16, NUMBER, pa.float32()),
    (pa.types.is_floating, NUMBER, None),
    (pa.types.is_decimal, NUMBER, pa.float64()),
    (pa.types.is_timestamp, TIMESTAMP, UTC_TIMESTAMP),
    (pa.types.is_date, TIMESTAMP, UTC_TIMESTAMP),
    (pa.types.is_string, TEXT, None),
    (pa.types.is_large_string, TEXT, pa.string()),
    (pa.types.is_string_view, TEXT, pa.string()),
    (pa.types.is_null, NULL, pa.float64()),
)
"""Which Arrow types are taken, as what, and what they are brought to; None stays."""


def cells_of(schema: pa.Schema) -> str | None:
    """The column of cells: the one that says so, else the one of that name."""
    for field in schema:
        if (field.metadata or {}).get(b"cubeql.type") == b"cell":
            return str(field.name)
    return next((str(n) for n in schema.names if n.casefold() == "cell"), None)


class Cells:
    """Rows of cells, read once.

    Args:
        rows: as they come.
        resolution: which all cells must have; None takes that of the first.

    Attributes:
        schema: of :meth:`reader`.
        resolution: None where there are no rows and nothing says it.
        columns: what they are to a layer.
        rows: how many were read.
    """

    def __init__(self, rows: pa.RecordBatchReader, resolution: int | None) -> None:
        key = cells_of(rows.schema)
        if key is None:
            raise refusal(ROWS, "no column holds cells", "call it cell: H3 indexes, as numbers or texts")
        if len(set(rows.schema.names)) < len(rows.schema.names):
            raise refusal(ROWS, "two columns have one name", "give each its own")
        self._key = key
        self._source = iter(rows)
        self._first = next((b for b in self._source if b.num_rows), None)
        self.rows = 0
        self.resolution = self._resolution() if resolution is None else resolution
        fields = [_column(field, field.name == key) for field in rows.schema]
        self.schema = pa.schema([field for field, _ in fields])
        self.columns = tuple(
            OutputColumn(f.name, replace(t, resolution=self.resolution) if t is CELL else t) for f, t in fields
        )

    def reader(self) -> pa.RecordBatchReader:
        """The rows, fit for a layer."""
        return pa.RecordBatchReader.from_batches(self.schema, self._batches())

    def _resolution(self) -> int | None:
        if self._first is None:
            return None
        cells = _numbers(self._first.column(self._key), self.rows)
        fault = fault_of(int(cells[0]))
        if fault is not None:
            raise _no_cell(0, int(cells[0]), fault)
        return int(resolution_of(int(cells[0])))

    def _batches(self) -> Iterator[pa.RecordBatch]:
        first, self._first = self._first, None
        if first is not None:
            yield self._fitted(first)
        yield from (self._fitted(batch) for batch in self._source if batch.num_rows)

    def _fitted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = [self._array(batch.column(i), field) for i, field in enumerate(self.schema)]
        self.rows += batch.num_rows
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _array(self, column: pa.Array, field: pa.Field) -> pa.Array:
        if field.name == self._key:
            return pa.array(self._checked(_numbers(column, self.rows)))
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        try:
            return _brought(column, field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as fault:
            raise refusal(ROWS, f"the column {field.name}: {fault}", "send values that fit") from None

    def _checked(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        resolution = self.resolution
        assert resolution is not None
        wrong = np.flatnonzero(~are_cells(cells, resolution))
        if wrong.size:
            at, cell = int(wrong[0]), int(cells[wrong[0]])
            other = f"its resolution is {resolution_of(cell)}, of others {resolution}" if not fault_of(cell) else ""
            raise _no_cell(self.rows + at, cell, other or str(fault_of(cell)))
        return cells


def _no_cell(row: int, cell: int, fault: str) -> Exception:
    shown = format_cell(cell) if cell >= 0 else str(cell)
    return refusal(f"row {row + 1} of {ROWS.removeprefix('the ')}", f"its cell is {shown}: {fault}",
                   "all cells must be H3 cells of one resolution")  # fmt: skip


def _brought(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("us"))
    if pa.types.is_timestamp(column.type) and column.type.tz is None:  # it is of UTC
        column = pc.cast(column, pa.timestamp("us"))
    return column.cast(kind)


def _column(field: pa.Field, is_cell: bool) -> tuple[pa.Field, Type]:
    """The field as it will be, and what it is."""
    if is_cell:
        return pa.field(field.name, pa.int64()), CELL
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    for test, own, brought in _TYPES:
        if test(kind):
            return pa.field(field.name, brought or kind), _known(own, field)
    raise refusal(ROWS, f"the column {field.name} is of the Arrow type {field.type}, which no layer of cells holds",
                  "leave it out")  # fmt: skip


def _known(kind: Type, field: pa.Field) -> Type:
    """The type with the unit and classes that the column tells, as results of queries do."""
    told = field.metadata or {}
    unit = told[b"unit"].decode() if b"unit" in told and kind.is_numeric else None
    pairs = [part.partition("=") for part in told.get(b"cubeql.classes", b"").decode().split("|") if part]
    if kind is not INTEGER or not pairs or not all(code.removeprefix("-").isdigit() for code, _, _ in pairs):
        return replace(kind, unit=unit)
    return replace(kind, unit=unit, classes=tuple((int(c), n) for c, _, n in pairs), categorical=True)


def _numbers(column: pa.Array, before: int) -> NDArray[np.int64]:
    if column.null_count:
        at = int(np.flatnonzero(~column.is_valid().to_numpy(zero_copy_only=False))[0])
        raise refusal(f"row {before + at + 1} of the rows that came", "it has no cell", "leave such rows out")
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_integer(column.type):
        found: NDArray[np.int64] = column.to_numpy(zero_copy_only=False).astype(np.int64)
        return found
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise refusal("the column of cells", f"it holds {column.type}", "send H3 indexes as numbers or texts")
    coded = column.dictionary_encode()
    try:
        cells = np.array([parse_cell(text) for text in coded.dictionary.to_pylist()], np.int64)
    except ValueError as fault:
        raise refusal("the column of cells", str(fault)) from None
    spelled: NDArray[np.int64] = cells[coded.indices.to_numpy()]
    return spelled
