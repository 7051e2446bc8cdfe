"""Values that clients bind: whatever Arrow type they come in, they are what an embedded session would be given."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from typing import Any

import pyarrow as pa
import pytest
import shapely

from cubeql.server.binding import rows_of_values
from cubeql.server.faults import Refused

UTC = dt.UTC
NOON = dt.datetime(2024, 5, 3, 12, 0, 0, 250)
BOX = shapely.box(11, 48, 12, 49)


def read(column: pa.Array, field: pa.Field | None = None) -> list[Any]:
    schema = pa.schema([field or pa.field("x", column.type)])
    batch = pa.RecordBatch.from_arrays([column], schema=schema)
    return [row["x"] for row in rows_of_values(batch, ("x",), positional=False)]


INTEGERS = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())


@pytest.mark.parametrize("kind", INTEGERS, ids=str)
def test_whole_numbers(kind: pa.DataType) -> None:
    found = read(pa.array([3, None], kind))
    assert found == [3, None]
    assert type(found[0]) is int


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()], ids=str)
def test_numbers(kind: pa.DataType) -> None:
    assert read(pa.array([0.5, None], pa.float64()).cast(kind)) == [0.5, None]


def test_what_is_no_number_stays_so_and_is_refused_by_the_statement() -> None:
    assert math.isnan(read(pa.array([float("nan")]))[0])


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_texts(kind: pa.DataType) -> None:
    assert read(pa.array(["ä'; DROP", None], kind)) == ["ä'; DROP", None]


def test_truth_and_nothing() -> None:
    assert read(pa.array([True, None])) == [True, None]
    assert read(pa.nulls(2)) == [None, None]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()], ids=str)
def test_days(kind: pa.DataType) -> None:
    assert read(pa.array([dt.date(2024, 5, 3), None], kind)) == [dt.date(2024, 5, 3), None]


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_instants_without_a_zone_stay_without(unit: str) -> None:
    assert read(pa.array([NOON, None], pa.timestamp(unit))) == [NOON, None]


@pytest.mark.parametrize("unit", ["us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "+02:00", "Europe/Berlin", "Nowhere/Atlantis"])
def test_instants_with_a_zone_are_of_utc(unit: str, zone: str) -> None:
    column = pa.array([NOON, None], pa.timestamp("us", "UTC")).cast(pa.timestamp(unit, "UTC"))
    moved = pa.Array.from_buffers(pa.timestamp(unit, zone), 2, column.buffers())
    assert read(moved) == [NOON.replace(tzinfo=UTC), None]


def test_seconds_and_milliseconds() -> None:
    whole = NOON.replace(microsecond=0)
    assert read(pa.array([whole], pa.timestamp("s"))) == read(pa.array([whole], pa.timestamp("ms"))) == [whole]


def test_what_is_finer_than_a_microsecond_is_refused() -> None:
    with pytest.raises(Refused, match="the parameter x"):
        read(pa.array([1], pa.int64()).cast(pa.timestamp("ns")))


def test_lengths_of_time() -> None:
    assert read(pa.array([dt.timedelta(days=2)], pa.duration("s"))) == [dt.timedelta(days=2)]


@pytest.mark.parametrize(
    ("written", "wanted"), [("3", 3), ("3.00", 3), ("0.25", 0.25), ("-7.5", -7.5), ("9" * 30, float("9" * 30))]
)
def test_decimals(written: str, wanted: float) -> None:
    (found,) = read(pa.array([decimal.Decimal(written)]))
    assert (found, type(found)) == (wanted, type(wanted))


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()], ids=str)
def test_bytes_are_geometries(kind: pa.DataType) -> None:
    found = read(pa.array([shapely.to_wkb(BOX), None], kind))
    assert found[0].equals(BOX)
    assert found[1] is None


def geoarrow(metadata: bytes) -> pa.Field:
    told = {b"ARROW:extension:name": b"geoarrow.wkb", b"ARROW:extension:metadata": metadata}
    return pa.field("x", pa.binary(), metadata=told)


@pytest.mark.parametrize(
    "metadata",
    [b"", b"{}", b'{"crs": null}', b'{"crs": "OGC:CRS84"}', b'{"crs": "EPSG:4326"}',
     b'{"crs": {"type": "GeographicCRS", "id": {"authority": "OGC", "code": "CRS84"}}}'],
)  # fmt: skip
def test_geoarrow_in_longitude_and_latitude(metadata: bytes) -> None:
    assert read(pa.array([shapely.to_wkb(BOX)]), geoarrow(metadata))[0].equals(BOX)


@pytest.mark.parametrize("metadata", [b'{"crs": "EPSG:32632"}', b'{"crs": {"name": "somewhere"}}', b"not json", b"[]"])
def test_geoarrow_of_another_system_is_refused(metadata: bytes) -> None:
    with pytest.raises(Refused, match="another reference system"):
        read(pa.array([shapely.to_wkb(BOX)]), geoarrow(metadata))


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.int64()), pa.large_list(pa.int32()), pa.list_(pa.int64(), 2), pa.list_(pa.float64())], ids=str
)
def test_lists(kind: pa.DataType) -> None:
    assert read(pa.array([[3, 5], None], kind)) == [[3, 5], None]


def test_lists_of_instants_and_of_decimals() -> None:
    assert read(pa.array([[NOON]], pa.list_(pa.timestamp("us", "UTC")))) == [[NOON.replace(tzinfo=UTC)]]
    assert read(pa.array([[decimal.Decimal("1.5"), None]])) == [[1.5, None]]


def test_dictionaries_and_unions_are_their_values() -> None:
    assert read(pa.array(["a", "b", "a"]).dictionary_encode()) == ["a", "b", "a"]
    union = pa.UnionArray.from_dense(
        pa.array([0, 1], pa.int8()), pa.array([0, 0], pa.int32()), [pa.array(["a"]), pa.array([3], pa.int64())]
    )
    assert read(union) == ["a", 3]


UNKNOWN = {
    "struct": pa.array([{"a": 1}]),
    "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
    "time": pa.array([dt.time(1)]),
    "interval": pa.array([pa.MonthDayNano([1, 2, 3])]),
    "fixed": pa.array([b"ab"], pa.binary(2)),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_no_statement_takes_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(Refused, match="the parameter x: a statement takes no value of the Arrow type"):
        read(UNKNOWN[name])


@pytest.mark.parametrize("data", [b"", b"abc", b"\x01\x03\x00\x00\x00\xff\xff\xff\xff"])
def test_bytes_that_are_no_geometry_are_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="geometries"):
        read(pa.array([data]))


# -------------------------------------------------------------- names and places


def names_of(batch: pa.RecordBatch, names: tuple[str, ...], positional: bool) -> list[dict[str, Any]]:
    return list(rows_of_values(batch, names, positional))


def test_question_marks_take_columns_in_their_order() -> None:
    batch = pa.record_batch({"b": [1, 2], "a": ["x", "y"]})
    assert names_of(batch, ("1", "2"), positional=True) == [{"1": 1, "2": "x"}, {"1": 2, "2": "y"}]


def test_names_are_matched_whatever_their_order_with_or_without_a_dollar() -> None:
    batch = pa.record_batch({"$b": [1], "a": ["x"]})
    assert names_of(batch, ("a", "b"), positional=False) == [{"a": "x", "b": 1}]


@pytest.mark.parametrize("columns", [["0", "1"], ["a"], ["a", "b", "c"], ["a", "a"], ["a", "$a"], []])
def test_columns_that_are_not_the_parameters_are_refused(columns: list[str]) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([1])] * len(columns), columns)
    with pytest.raises(Refused, match=r"the statement's parameters are \$a, \$b"):
        names_of(batch, ("a", "b"), positional=False)


@pytest.mark.parametrize("columns", [1, 3])
def test_too_few_and_too_many_values_are_refused(columns: int) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([1])] * columns, [str(n) for n in range(columns)])
    with pytest.raises(Refused, match=f"takes 2 values, but {columns} came"):
        names_of(batch, ("1", "2"), positional=True)
