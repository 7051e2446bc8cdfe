"""--param name=value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cubeql.errors import ConfigError
from cubeql.parameters import read_parameters


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-0.5", -0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("null", None),
        ("[1, 2]", [1, 2]),
        ('"5"', "5"),
        ("2024-05-03", "2024-05-03"),
        ("2024", 2024),
        ("maize", "maize"),
        ("", ""),
        ("NaN", "NaN"),
        ("a=b", "a=b"),
        ("007", "007"),
    ],
)
def test_values_are_json_where_they_read_as_json_else_text(text: str, value: Any) -> None:
    found = read_parameters([f"x={text}"])["x"]
    assert found == value and type(found) is type(value)


def test_a_file_gives_a_geometry_or_a_text(tmp_path: Path) -> None:
    (tmp_path / "aoi.geojson").write_text('{"type": "Point", "coordinates": [11, 48]}')
    (tmp_path / "aoi.wkt").write_text("POINT (11 48)\n")
    found = read_parameters([f"a=@{tmp_path}/aoi.geojson", f"$b=@{tmp_path}/aoi.wkt"])
    assert found == {"a": {"type": "Point", "coordinates": [11, 48]}, "b": "POINT (11 48)"}


@pytest.mark.parametrize("given", [["x"], ["=1"], ["a b=1"], ["0=1"], ["x=1", "$x=2"], ["x=@/nowhere/at.all"]])
def test_what_cannot_be_bound_is_refused(given: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"--param|parameter @"):
        read_parameters(given)


def test_a_json_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(ConfigError, match="not JSON"):
        read_parameters([f"x=@{tmp_path}/a.json"])
