"""SQL text: constants to the last bit, names quoted, templates filled once."""

from __future__ import annotations

import math
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cubeql.sql.printer import literal, print_expr, print_query, quote
from cubeql.sql.tree import Bind, Ident, Select, Value, Within, bind_names, bound_values, fill
from cubeql.values.times import Duration


def value_of(text: str) -> Any:
    row = duckdb.execute(f"SELECT {text}").fetchone()
    return row[0] if row else None


@given(st.floats(allow_nan=False))
def test_numbers_are_read_back_to_the_last_bit(value: float) -> None:
    found = value_of(literal(value))
    assert found == value and math.copysign(1, found) == math.copysign(1, value)


@given(st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers(value: int) -> None:
    assert value_of(literal(value)) == value


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_texts_of_the_compiler(value: str) -> None:
    assert value_of(literal(value)) == value


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1))
def test_names(name: str) -> None:
    assert duckdb.execute(f"SELECT 1 AS {quote(name)}").description[0][0] == name


def test_other_constants() -> None:
    assert (literal(None), literal(True), literal(np.int32(3))) == ("NULL", "TRUE", "3")
    assert str(value_of(literal(np.datetime64("2024-05-03T10:30:31.5")))) == "2024-05-03 10:30:31.500000"
    assert value_of(f"TIMESTAMP '2024-01-31' + {literal(Duration(1, 1_000_000))}").isoformat() == "2024-02-29T00:00:01"


@given(st.text(max_size=8))
def test_what_is_filled_in_is_not_filled_again(name: str) -> None:
    inner = fill("({0} + {1})", Ident(name + "{0}"), Value(1))
    assert print_expr(fill("f({0}, {args})", inner, Bind("x"))) == (
        f"f(({quote(name + '{0}')} + 1), ({quote(name + '{0}')} + 1), $x)"
    )


def test_only_named_values_are_bound() -> None:
    query = Select(((Within(Ident("$t3"), (Bind("t1"), Bind("t10"))), "$t2"),))
    assert set(bind_names(query)) == {"t1", "t10"}
    assert bound_values(query, {"t1": 1, "t10": 2, "t2": 3, "t3": 4}) == {"t1": 1, "t10": 2}
    assert bound_values(Select(((Value(1), None),)), {"t1": 1}) is None
    assert print_query(query).count("$t1") == 2


@pytest.mark.parametrize("value", [object(), b"x", 1j])
def test_what_is_no_constant_is_a_bug(value: Any) -> None:
    with pytest.raises(AssertionError):
        literal(value)
