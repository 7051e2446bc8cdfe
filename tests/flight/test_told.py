"""Faults, warnings and values of parameters come out as they went in."""

from __future__ import annotations

import datetime as dt
import random
import zlib
from typing import Any

import numpy as np
import pytest
import shapely

from cubeql.errors import (
    ConfigError,
    CubeQLError,
    Diagnostic,
    InternalError,
    QueryCancelled,
    QueryError,
    QueryTimeout,
    Span,
    StoreError,
    VersionGone,
)
from cubeql.flight.told import fault_bytes, fault_of, head_bytes, head_of, tail_bytes, tail_of
from cubeql.flight.values import params_of, params_text
from cubeql.flight.wire import WireError

TEXT = "SELECT rd FROM s2"
FAULTS = (
    Diagnostic("unknown_column", "there is no column rd", Span(7, 9), "did you mean red?", "red", facts=(("n", 1),)),
    Diagnostic("odd", "this is odd — “é” \ud83c", None, None, None, "warning"),
)


@pytest.mark.parametrize("kind", [QueryError, QueryTimeout, QueryCancelled])
@pytest.mark.parametrize("text", [TEXT, "CREATE VIEW v AS SELECT rd FROM s2", ""])
def test_faults_of_statements_keep_place_and_hint(kind: type[QueryError], text: str) -> None:
    sent = kind(FAULTS, text)
    found = fault_of(fault_bytes(sent, TEXT), TEXT)
    assert type(found) is kind
    assert isinstance(found, QueryError)
    assert (found.diagnostics, found.text, str(found)) == (sent.diagnostics, text, str(sent))
    assert found.diagnostics[0].facts == (("n", 1),)


@pytest.mark.parametrize("sent", [StoreError("gone"), ConfigError("a\nb"), InternalError("bug"), CubeQLError("?")])
def test_other_faults_keep_kind_and_words(sent: CubeQLError) -> None:
    found = fault_of(fault_bytes(sent))
    assert (type(found), str(found)) == (type(sent), str(sent))


def test_a_fault_made_of_more_than_words_keeps_it() -> None:
    sent = VersionGone("layer 's2'", 3, 4, 9, dt.datetime(2026, 11, 2, tzinfo=dt.UTC))
    found = fault_of(fault_bytes(sent))
    assert isinstance(found, VersionGone)
    assert (str(found), found.version, found.day, found.readable) == (str(sent), 3, "2026-11-02", "versions 4 to 9")


def test_faults_that_are_too_long_are_cut_to_what_fits() -> None:
    noise = random.Random(1)
    words = ["".join(noise.choices("abcdefgh", k=400)) for _ in range(200)]
    many = QueryError([Diagnostic("odd", word, Span(0, 3), facts=(("of", word[::-1]),)) for word in words], TEXT)
    for most in (200, 4_000, 40_000):
        data = fault_bytes(many, TEXT, most)
        found = fault_of(data, TEXT)
        assert len(data) <= most
        assert found is not None and words[0][:20] in str(found)
    long = fault_bytes(StoreError("".join(words)), most=3_000)
    assert len(long) <= 3_000
    assert type(fault_of(long)) is StoreError


def test_bytes_that_are_no_fault_are_none() -> None:
    noise = random.Random(2)
    for data in (b"", b"x", zlib.compress(b"[]"), zlib.compress(b"{}"), zlib.compress(b"[" * 100_000), b"\x00" * 99):
        assert fault_of(data) is None
    for _ in range(2_000):
        assert fault_of(noise.randbytes(noise.randrange(60))) is None
    assert fault_of(zlib.compress(b" " * (64 << 20))) is None


def test_a_server_cannot_choose_what_is_made() -> None:
    told = b'{"kind": "__import__", "message": "m", "more": {"__class__": "x", "args": [1], "a b": 1}}'
    found = fault_of(zlib.compress(told))
    assert type(found) is CubeQLError
    assert vars(found) == {}


def test_heads_and_tails_come_out_as_they_went_in() -> None:
    warnings, message, stats = head_of(head_bytes(FAULTS, "done", {"tiles_kept": 3}))
    assert (warnings, message, stats) == (FAULTS, "done", {"tiles_kept": 3})
    assert head_of(head_bytes((), None, {})) == ((), None, {})
    assert tail_of(tail_bytes({"seconds": 0.5, "n": np.int64(3)})) == ({"seconds": 0.5, "n": "3"}, None)
    assert tail_of(tail_bytes({}, {"done": 1})) == ({}, {"done": 1})
    for nothing in (b"", b"x", b"[]", b'{"other": 1}'):
        assert head_of(nothing) == ((), None, {})
        assert tail_of(nothing) == ({}, None)


ODD: list[Any] = [
    1, -(2**70), 0.1, float("inf"), "text", "\x00\ud83c", None, True, [], [1, "a", None], (1, 2), [[1]],
    dt.date(2024, 5, 3), dt.datetime(2024, 5, 3, 10, 30, 1, 5), dt.datetime(2024, 5, 3, tzinfo=dt.UTC),
    dt.timedelta(days=-2, microseconds=3), np.datetime64("2024-05-03T10:30"), np.datetime64("NaT"),
    np.datetime64(5, "ns"),
    {"type": "Point", "coordinates": [1.0, 2.0]}, shapely.box(0, 1, 2, 3), shapely.Point(1, 2, 3),
    [dt.date(2024, 5, 3), None], "a" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_values_come_out_as_they_went_in(value: Any) -> None:
    found = params_of(params_text({"x": value}))["x"]
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, np.datetime64):
        assert isinstance(found, np.datetime64)
        assert (str(found), found.dtype) == (str(value), value.dtype)
    else:
        assert found == value
        assert type(found) is type(value)


def test_times_keep_their_zone() -> None:
    there = dt.datetime(2024, 5, 3, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert params_of(params_text({"x": there}))["x"].utcoffset() == dt.timedelta(hours=2)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"abc", 1j, {1: {2}}])
def test_what_cannot_be_sent_keeps_its_name(value: Any) -> None:
    assert type(params_of(params_text({"x": value}))["x"]).__name__ == type(value).__name__


@pytest.mark.parametrize(
    "text",
    [
        "x", "[]", "1", '{"x": {"$": "no", "is": 1}}', '{"x": {"is": 1}}', '{"x": {"$": "date", "is": 1}}',
        '{"x": {"$": "date", "is": "2024-13-01"}}', '{"x": {"$": "geometry", "is": "AAAA"}}',
        '{"x": {"$": "geometry", "is": "?"}}', '{"x": {"$": "object", "is": [1]}}', '{"x": {"$": [], "is": 1}}',
        '{"x": {"$": "datetime64", "is": ["2024", "q"]}}', '{"x": {"$": "timedelta", "is": [1e300, 0, 0]}}',
        '{"x": ' + "[" * 100_000, '{"x": ' + "9" * 5_000 + "}", '{"x": {"$": "timedelta", "is": [9999999999, 0, 0]}}',
    ],
)  # fmt: skip
def test_what_is_no_parameter_is_refused(text: str) -> None:
    with pytest.raises(WireError):
        params_of(text)


def test_no_values_need_no_text() -> None:
    assert params_text({}) is None
    assert params_of(None) == params_of("") == {}
