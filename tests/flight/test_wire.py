"""Bytes to messages and back: all of a message survives, and no bytes do harm."""

from __future__ import annotations

import struct
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cubeql.flight.messages import MESSAGES, Field
from cubeql.flight.wire import WireError, decode, encode, pack, unpack

SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    "bytes": st.binary(max_size=12),
    "bool": st.booleans(),
    "int": st.integers(-(2**63), 2**63 - 1),
    "uint": st.integers(0, 2**64 - 1),
    "double": st.floats(allow_nan=False),
    "sfixed64": st.integers(-(2**63), 2**63 - 1),
}


def value_of(field: Field) -> st.SearchStrategy[Any]:
    one = contents(field.kind) if field.kind in MESSAGES else SCALARS[field.kind]
    if field.mapped:
        return st.dictionaries(SCALARS["text"], one, min_size=1, max_size=3)
    return st.lists(one, min_size=1, max_size=3) if field.many else one


def contents(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={f.name: value_of(f) for f in MESSAGES[name]})


NAMES = st.sampled_from(sorted(MESSAGES))
WHOLE = NAMES.flatmap(lambda name: st.tuples(st.just(name), contents(name)))


@given(WHOLE)
@settings(max_examples=200)
def test_what_is_written_is_read_as_it_was(whole: tuple[str, dict[str, Any]]) -> None:
    name, content = whole
    assert decode(name, encode(name, content)) == content
    if name != "Any":
        assert unpack(pack(name, **content)) == (name, content)


def reads_or_refuses(name: str, data: bytes) -> None:
    try:
        decode(name, data)
    except WireError as error:
        assert len(str(error)) < 300
    try:
        unpack(data)
    except WireError as error:
        assert len(str(error)) < 300


@given(NAMES, st.binary(max_size=200))
@settings(max_examples=400)
def test_garbage_is_read_or_refused(name: str, data: bytes) -> None:
    reads_or_refuses(name, data)


@given(WHOLE, NAMES, st.data())
@settings(max_examples=400)
def test_what_is_cut_bent_or_taken_for_another_is_read_or_refused(
    whole: tuple[str, dict[str, Any]], other: str, data: st.DataObject
) -> None:
    name, content = whole
    good = bytearray(encode(name, content))
    if good:
        at = data.draw(st.integers(0, len(good) - 1))
        good[at] ^= data.draw(st.integers(1, 255))
        reads_or_refuses(name, bytes(good))
        reads_or_refuses(name, bytes(good[:at]))
        reads_or_refuses(other, bytes(good))


@given(WHOLE, st.binary(max_size=30))
@settings(max_examples=60)
def test_fields_of_a_newer_version_are_passed_over(whole: tuple[str, dict[str, Any]], more: bytes) -> None:
    name, content = whole
    unknown = b"\xfa\x7f" + bytes([len(more)]) + more  # field 2047, with a length
    assert decode(name, unknown + encode(name, content) + unknown) == content


HUGE = b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
BOMBS = {
    "a text longer than memory": b"\x0a" + HUGE,
    "bytes that are a number": b"\x08" + HUGE,
    "a number without end": b"\x08" + b"\xff" * 50,
    "a tag without end": b"\xff" * 50,
    "the field 0": b"\x02\x00",
    "a group": b"\x0b\x0c",
    "half a fixed number": b"\x09\x00\x00",
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("name", ["CommandStatementIngest", "SetSessionOptionsRequest", "CommandStatementQuery"])
def test_bombs_are_refused_at_once(bomb: str, name: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            decode(name, BOMBS[bomb])
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "tag"), [("CommandStatementIngest", b"\xc0\x3e"), ("SetSessionOptionsRequest", b"\x08")]
)
def test_a_map_whose_entry_is_a_number_is_refused(name: str, tag: bytes) -> None:
    with pytest.raises(WireError, match="wire type 0"):
        decode(name, tag + HUGE)


@pytest.mark.parametrize(
    ("name", "bit"),
    [
        ("CommandGetSqlInfo", b"\x08\x07"),
        ("CommandGetSqlInfo", b"\x0a\x01\x07"),
        ("CommandGetTables", b"\x22\x00"),
        ("CancelFlightInfoRequest", b"\x0a\x00"),
        ("CommandStatementIngest", b"\xc2\x3e\x00"),
        ("SetSessionOptionsRequest", b"\x0a\x03\x0a\x01a"),
    ],
)
def test_memory_grows_with_the_bytes_alone(name: str, bit: bytes) -> None:
    decode(name, bit)

    def peak(times: int) -> int:
        tracemalloc.start()
        try:
            decode(name, bit * times)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(20_000) < 30 * 20_000 * len(bit) + 100_000


def test_packed_and_single_numbers_are_read_alike() -> None:
    assert decode("CommandGetSqlInfo", b"\x0a\x03\x00\x01\x08\x08\x09") == {"info": [0, 1, 8, 9]}


def test_what_is_there_but_empty_is_not_what_is_left_out() -> None:
    assert decode("CommandGetDbSchemas", b"\x0a\x00") == {"catalog": ""}
    assert decode("CommandGetDbSchemas", b"") == {}


def test_of_a_field_that_comes_twice_the_last_is_taken() -> None:
    assert decode("CommandStatementQuery", b"\x0a\x01a\x0a\x01b") == {"query": "b"}


def test_numbers_below_nought_survive() -> None:
    assert decode("CommandGetXdbcTypeInfo", encode("CommandGetXdbcTypeInfo", {"data_type": -9})) == {"data_type": -9}
    written = encode("SessionOptionValue", {"int64_value": -1})
    assert written == b"\x19" + struct.pack("<q", -1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SELECT 1",
        encode("Any", {"type_url": "type.googleapis.com/google.protobuf.Empty"}),
        encode("Any", {"type_url": "type.googleapis.com/arrow.flight.protocol.sql.CommandNew"}),
        encode("Any", {"type_url": "type.googleapis.com/arrow.flight.protocol.sql."}),
        encode("Any", {"type_url": "x" * 10_000}),
    ],
)
def test_what_is_no_known_message_is_refused_in_short(data: bytes) -> None:
    with pytest.raises(WireError) as caught:
        unpack(data)
    assert len(str(caught.value)) < 200
