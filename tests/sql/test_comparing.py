"""A comparison of stored values holds exactly where that of decoded ones does, and no cell is decoded for it."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pytest

from cubeql.analyze.bound import Apply, Column, Constant
from cubeql.catalog import Band, Layer, MemoryCatalog, TimeAxis
from cubeql.compiler import compile_query
from cubeql.functions.registry import operator
from cubeql.sql.comparing import stored_comparison
from cubeql.sql.printer import literal, print_expr
from cubeql.sql.stored import decoded
from cubeql.sql.tree import Ident
from cubeql.values.types import BOOLEAN, INTEGER, NUMBER

BANDS = (
    Band("v", "int8"), Band("v", "int16", scale=0.0001), Band("v", "int16", scale=0.1, offset=-273.15),
    Band("v", "int32", offset=7.0), Band("v", "int64"), Band("v", "float32"), Band("v", "float32", scale=0.01),
    Band("v", "float64"),
)  # fmt: skip
CONSTANTS = (0, 14, -3, 0.4, 0.1, -0.0, 1e-9, -273.15, 273.15, 1e300, 127, 127.5, 2**62)
SQL_TYPES = {"int8": "TINYINT", "int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT", "float32": "FLOAT",
             "float64": "DOUBLE"}  # fmt: skip


def stored_values(band: Band) -> list[Any]:
    """Ends of the type, values about the constants, NULL and, of floats, NaN and infinity."""
    kind = np.dtype(band.storage)
    scale, offset = band.scale or 1.0, band.offset or 0.0
    near = [(c - offset) / scale for c in CONSTANTS]
    if kind.kind == "f":
        about = [float(kind.type(n)) for n in near if abs(n) < 1e38]
        steps = [float(np.nextafter(kind.type(n), kind.type(e))) for n in about for e in (-np.inf, np.inf)]
        return [None, float("nan"), float("inf"), float("-inf"), *about, *steps]
    info = np.iinfo(kind)
    about_whole = [int(n) + d for n in near for d in (-1, 0, 1)]
    return [None, int(info.min), int(info.max), *(n for n in about_whole if info.min <= n <= info.max)]


def compared(sign: str, constant: float, turned: bool) -> Apply:
    column, other = Column(NUMBER, 0, "v"), Constant(INTEGER if isinstance(constant, int) else NUMBER, constant)
    return Apply(BOOLEAN, operator(sign), (other, column) if turned else (column, other))


@pytest.mark.parametrize("band", BANDS, ids=lambda b: f"{b.storage} {b.scale} {b.offset}")
def test_the_same_stored_values_pass(band: Band) -> None:
    stored = ("NULL" if v is None else f"'{v}'" for v in stored_values(band))
    rows = ", ".join(f"({v}::{SQL_TYPES[band.storage]})" for v in stored)
    known = 0
    for sign in ("<", "<=", ">", ">=", "="):
        for constant in CONSTANTS:
            for turned in (False, True):
                found = stored_comparison(compared(sign, constant, turned), lambda source, name: (Ident("v"), band))
                if found is None:
                    continue
                sides = [print_expr(decoded(Ident("v"), band)), literal(constant)]
                left, right = reversed(sides) if turned else sides
                differ = f"({left} {sign} {right}) IS DISTINCT FROM {print_expr(found)}"
                assert duckdb.sql(f"SELECT v FROM (VALUES {rows}) AS t(v) WHERE {differ}").fetchall() == [], found
                known += 1
    assert known > 60


def test_what_no_ends_tell_is_decoded() -> None:
    falling = Band("v", "float32", scale=-0.5)
    for band, sign, constant in ((falling, ">", 1.0), (BANDS[0], ">", 200), (BANDS[0], "<>", 3)):
        assert stored_comparison(compared(sign, constant, False), lambda source, name, b=band: (Ident("v"), b)) is None


def test_a_condition_reads_stored_values() -> None:
    layers = MemoryCatalog([Layer("fine", 7, (Band("red", "int16", scale=0.0001),), TimeAxis())])
    text = "FROM fine FILTER red > 0.4 AND 0.9 >= red GROUP BY time SELECT time, count_if(red < 0.5) AS n"
    sql = compile_query(text, layers).sql
    assert '("fine.red" >= 4001)' in sql and '("fine.red" <= 9000)' in sql and '("fine.red" <= 4999)' in sql
    assert "0.0001" not in sql
