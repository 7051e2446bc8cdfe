"""thresholds: stored values of which a comparison can be true, to the last bit."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.catalog import Band
from cubeql.plan.thresholds import Chain, decoded, extremes, stored_ends
from cubeql.sql.printer import print_expr
from cubeql.sql.stored import decoded as decoded_sql
from cubeql.sql.tree import Ident

SCALES = st.sampled_from([None, 0.0001, 0.1, -0.5, 1 / 3, -7e-5, 28.0, 1e300, -1e-300])
OFFSETS = st.sampled_from([None, 0.0, -450.0, 273.15, 0.1, 1e17])
DATABASE = duckdb.connect()
HOLDS: dict[str, Any] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


def stored_values(storage: str) -> st.SearchStrategy[Any]:
    if storage.startswith("float"):
        return st.floats(width=int(storage[5:]), allow_nan=False)
    info = np.iinfo(storage)
    return st.one_of(st.integers(int(info.min), int(info.max)), st.sampled_from([int(info.min), 0, int(info.max)]))


@st.composite
def chains(draw: st.DrawFn) -> tuple[Chain, Any, Any]:
    """A chain, a stored value, and a constant that is often just what the value becomes."""
    storage = draw(st.sampled_from(["int8", "int16", "int32", "int64", "float32", "float64"]))
    chain = decoded(Band("b", storage, scale=draw(SCALES), offset=draw(OFFSETS)))
    assert chain is not None
    if draw(st.booleans()):
        shift = draw(st.floats(-10, 10))
        chain = chain.then(lambda x: shift - x, rises=False)
    stored = draw(stored_values(storage))
    near = chain.value(stored)
    constants = [st.just(near), st.floats(-1000, 1000), st.integers(-1000, 1000)]
    if isinstance(near, float) and np.isfinite(near):
        constants.append(st.sampled_from([float(np.nextafter(near, side)) for side in (-np.inf, np.inf)]))
    constant = draw(st.one_of(*constants).filter(lambda c: isinstance(c, int) or bool(np.isfinite(c))))
    return chain, stored, constant


@given(chains(), st.sampled_from(sorted(HOLDS)))
def test_a_comparison_holds_between_the_ends_and_nowhere_else(made: tuple[Chain, Any, Any], comparison: str) -> None:
    chain, stored, constant = made
    ends = stored_ends(chain, comparison, constant)
    value = chain.value(stored)
    value, constant = (float(value), float(constant)) if isinstance(constant, float) else (value, constant)
    within = ends is not None and (ends[0] is None or stored >= ends[0]) and (ends[1] is None or stored <= ends[1])
    assert within == HOLDS[comparison](value, constant)


@pytest.mark.parametrize("storage", ["int8", "int16", "int32", "int64", "float32", "float64"])
@given(st.data())
def test_values_are_decoded_as_the_engine_does(storage: str, data: st.DataObject) -> None:
    band = Band("b", storage, scale=data.draw(SCALES), offset=data.draw(OFFSETS))  # type: ignore[arg-type]
    chain, stored = decoded(band), data.draw(stored_values(storage))
    assert chain is not None
    kinds = {"int8": "TINYINT", "int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT", "float32": "FLOAT",
             "float64": "DOUBLE"}  # fmt: skip
    text = f"SELECT {print_expr(decoded_sql(Ident('b'), band))} FROM (SELECT ?::{kinds[storage]} AS b)"
    row = DATABASE.execute(text, [stored]).fetchone()
    assert row is not None
    assert row[0] == chain.value(stored) or np.isnan(row[0])


def test_the_ends_of_a_storage_type() -> None:
    assert extremes("int8") == (-128, 127)
    assert extremes("float32") == (-np.inf, np.inf)
