"""SHOW and DESCRIBE."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.errors import QueryError
from cubeql.functions import FUNCTIONS
from tests.support.cube import tiny_cube
from tests.support.rows import tiny_rows
from tests.support.zones import tiny_zones


def rows(session: Any, text: str) -> list[dict[str, Any]]:
    return list(session.query(text).to_arrow().to_pylist())


def test_layers(cube: Any) -> None:
    found = {r["layer"]: r for r in rows(cube, "SHOW LAYERS")}
    assert found.keys() == {*tiny_cube(), *tiny_rows(), *tiny_zones()}
    fine = found["fine"]
    assert fine["resolution"] == 7 and fine["bands"] == "red, nir" and fine["tiles"] == 17 and fine["bytes"] > 0
    assert str(fine["first_time"]) == "2024-01-05 10:30:00+00:00"
    assert str(fine["last_time"]) == "2025-02-10 10:30:00+00:00"
    assert found["dem" if "dem" in found else "far"]["first_time"] is None
    assert found["nothing"]["tiles"] == 0


@pytest.mark.parametrize(
    "pattern,names",
    [("pe%", ["pent", "pentfine"]),
     ("P_le", ["pole"]), ("%.%", []), ("fin_", ["fine"]), ("fine(r)?", [])],
)
def test_layers_like(cube: Any, pattern: str, names: list[str]) -> None:
    assert [r["layer"] for r in rows(cube, f"SHOW LAYERS LIKE '{pattern}'")] == names


def test_bands(cube: Any) -> None:
    red, nir = rows(cube, "SHOW BANDS fine")
    assert (red["band"], red["type"], red["unit"]) == ("red", "number", "1")
    assert (red["storage"], red["scale"]) == ("int16", 1e-4)
    assert nir["band"] == "nir"
    (classes,) = rows(cube, "SHOW BANDS classes")
    assert classes["kind"] == "categorical" and classes["classes"] == "1=water, 2=forest, 3=crop, 4=urban"


def test_times(cube: Any) -> None:
    found = rows(cube, "SHOW TIMES fine")
    assert len(found) == 9 and sum(r["tiles"] for r in found) == 17
    assert [r["time"] for r in found] == sorted(r["time"] for r in found)
    assert rows(cube, "SHOW TIMES far") == [] == rows(cube, "SHOW TIMES nothing")


def test_versions(cube: Any) -> None:
    assert [r["version"] for r in rows(cube, "SHOW VERSIONS fine")] == [1, 0]
    assert [r["version"] for r in rows(cube, "SHOW VERSIONS far")] == [0]


def test_functions(cube: Any) -> None:
    found = {r["function"]: r for r in rows(cube, "SHOW FUNCTIONS")}
    assert set(found) == set(FUNCTIONS) and all(r["description"] and r["signature"] for r in found.values())
    assert [r["function"] for r in rows(cube, "SHOW FUNCTIONS LIKE 'regr%'")] == [
        "regr_count", "regr_slope", "regr_intercept", "regr_r2",
    ]  # fmt: skip


def test_settings(cube: Any) -> None:
    assert "memory_limit" in [r["setting"] for r in rows(cube, "SHOW SETTINGS")]


def test_describe_layer(cube: Any) -> None:
    found = rows(cube, "DESCRIBE forecast")
    assert [(r["column"], r["type"], r["unit"]) for r in found[:5]] == [
        ("cell", "cell", None), ("time", "timestamp", None), ("horizon", "integer", "h"), ("t", "number", "degC"),
        ("wind", "number", "m s-1"),
    ]  # fmt: skip
    facts = {r["column"]: r["note"] for r in rows(cube, "DESCRIBE fine") if r["type"] == "layer"}
    assert facts == {"title": "reflectance with clouds", "licence": "CC0-1.0", "citation": None}


def test_describe_query(cube: Any) -> None:
    items = "CELL(5) AS parent, avg(v) AS v, count(*) AS n, list(season(time)) AS s"
    assert [tuple(r.values()) for r in rows(cube, f"DESCRIBE SELECT {items} FROM twin GROUP BY CELL(5)")] == [
        ("parent", "cell", None, "resolution 5"), ("v", "number", "K", None), ("n", "integer", None, None),
        ("s", "list of text", None, None),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["SHOW BANDS fyne", "SHOW TIMES fyne", "SHOW VERSIONS fyne", "DESCRIBE fyne"])
def test_unknown_layers_are_named_with_the_nearest(cube: Any, text: str) -> None:
    with pytest.raises(QueryError, match="'fine'"):
        cube.query(text)
