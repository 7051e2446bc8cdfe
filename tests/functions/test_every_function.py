"""Every function of the registry works where its row says it does."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.errors import QueryError
from cubeql.functions import FUNCTIONS, Function, names
from cubeql.values.types import accepts

ARGUMENTS = {
    "number": "red", "integer": "month(time)", "text": "season(time)", "boolean": "(red > 0.1)", "timestamp": "time",
    "interval": "INTERVAL '10 days'", "cell": "cell", "any": "nir",
}  # fmt: skip
SPECIAL = {
    "cell": "CELL(5)",
    "cell_to_parent": "cell_to_parent(cell, 5)",
    "date_diff": "date_diff('month', time, time)",
    "date_trunc": "date_trunc('month', time)",
    "time_bucket": "time_bucket('10 days', time)",
    "quantile": "quantile(red, 0.9)",
    "nullif": "nullif(nir, 0.5)",
    "histogram": "histogram(red, [0, 0.1, 1])",
    **{name: f"{name}(red, '2024')" for name in ("baseline", "anomaly", "standardized_anomaly")},
    "acosh": "acosh(1 + red)",
    "disk": "disk(avg(red), 1)",
    "convert": "convert(red, '%')",
    "cell_to_center_child": "cell_to_center_child(cell, 9)",
    "latlng_to_cell": "latlng_to_cell(red, nir, 9)",
    "string_to_cell": "string_to_cell(cell_to_string(cell))",
    "grid_disk": "grid_disk(cell, 1)",
    "grid_ring": "grid_ring(cell, 1)",
}
ROWS = sorted(FUNCTIONS.values(), key=lambda f: f.name)


def call(function: Function, count: int | None = None) -> str:
    """A call with arguments of the types that the row asks for."""
    if function.name in SPECIAL:
        return SPECIAL[function.name]
    params = function.params if count is None else function.params[:count]
    return f"{function.name}({', '.join(ARGUMENTS[p] for p in params)})"


def query(function: Function, text: str) -> str:
    if function.kind == "window" and function.name != "disk":
        text += " OVER (PARTITION BY cell ORDER BY time)"
    grouped = " GROUP BY CELL(6), time" if function.name == "pack" else ""
    return f"SELECT {text} AS x FROM fine{grouped}"


@pytest.mark.parametrize("function", ROWS, ids=lambda f: f.name)
def test_it_works(cube: Any, function: Function) -> None:
    result = cube.query(query(function, call(function)))
    (column,) = result.to_arrow().columns
    assert len(column) > 0 and column.null_count < len(column)
    kind = result.schema.field("x").metadata[b"cubeql.type"].decode()
    assert kind == type_of(cube, function)


def type_of(cube: Any, function: Function) -> str:
    return str(cube.compile(query(function, call(function))).columns[0].type.name)


@pytest.mark.parametrize("function", [f for f in ROWS if f.optional], ids=lambda f: f.name)
def test_it_works_without_its_optional_arguments(cube: Any, function: Function) -> None:
    for count in range(len(function.params) - function.optional, len(function.params)):
        text = call(function, count) if count else f"{function.name}(*)"
        assert cube.query(query(function, text)).to_arrow().num_rows > 0


@pytest.mark.parametrize("function", [f for f in ROWS if f.variadic], ids=lambda f: f.name)
def test_it_takes_more(cube: Any, function: Function) -> None:
    assert cube.query(f"SELECT {function.name}(red, nir, 0.5, NULL) AS x FROM fine").to_arrow().num_rows > 0


AGGREGATES = [f for f in ROWS if f.kind == "aggregate" and f.name != "pack"]


@pytest.mark.parametrize("function", AGGREGATES, ids=lambda f: f.name)
def test_aggregates_over_nothing_and_over_windows(cube: Any, function: Function) -> None:
    (value,) = cube.query(f"{query(function, call(function))} FILTER red > 100").to_arrow()["x"].to_pylist()
    assert value in (None, 0, [0, 0])
    windowed = cube.query(f"SELECT {call(function)} OVER (PARTITION BY cell) AS x FROM fine").to_arrow()
    assert windowed.num_rows == cube.query("SELECT red FROM fine").to_arrow().num_rows
    filtered = cube.query(f"SELECT {call(function)} FILTER (WHERE red > 100) AS x FROM fine").to_arrow()
    assert filtered["x"].to_pylist() == [value]


@pytest.mark.parametrize("function", [f for f in ROWS if f.params], ids=lambda f: f.name)
def test_nothing_but_nulls_gives_no_value_and_no_failure(cube: Any, function: Function) -> None:
    if function.name in SPECIAL:
        return
    text = f"{function.name}({', '.join('NULL' for _ in function.params)})"
    found = cube.query(query(function, text)).to_arrow()["x"].to_pylist()
    assert all(v in (None, 0) or set(v) == {None} for v in found)


@pytest.mark.parametrize("function", ROWS, ids=lambda f: f.name)
def test_it_is_described(function: Function) -> None:
    assert function.summary.strip().endswith(".") and len(function.summary) > 3
    assert function.family and function.signature.startswith(f"{function.name}(")
    assert len(function.parameter_names) in (0, len(function.params))
    assert function.name in names()


@pytest.mark.parametrize("function", ROWS, ids=lambda f: f.name)
def test_wrong_arguments_are_refused_with_the_signature(cube: Any, function: Function) -> None:
    if not function.variadic:
        many = ", ".join(["red"] * (len(function.params) + 1))
        with pytest.raises(QueryError):
            cube.query(query(function, f"{function.name}({many})"))
    for position, wanted in enumerate(function.params):
        wrong = next((k for k in ("text", "boolean", "number") if not accepts(wanted, _type(k))), None)
        if wrong is None or function.name in SPECIAL:
            continue
        args = [ARGUMENTS[p] for p in function.params]
        args[position] = ARGUMENTS[wrong]
        with pytest.raises(QueryError, match=function.name):
            cube.query(query(function, f"{function.name}({', '.join(args)})"))


def _type(name: Any) -> Any:
    from cubeql.values.types import Type

    return Type(name)
