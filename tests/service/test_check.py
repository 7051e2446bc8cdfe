"""Faults of whole texts."""

from __future__ import annotations

import pytest

from cubeql.service import check
from cubeql.service.values import METHOD_HELP, TYPES
from tests.service.typing import CATALOG, cut, texts


def _found(text: str) -> list[tuple[str, str]]:
    return [(fault.code, cut(text, fault.span)) for fault in check(text, CATALOG) if fault.span]


def test_the_faults_of_all_statements_have_places_in_the_whole_text() -> None:
    text = "SELECT ndvy FROM s2;\nSELECT ndvi FROM s2;\nSELECT , FROM s2;\nFROM zz SELECT x"
    assert _found(text) == [("unknown_column", "ndvy"), ("unexpected", ","), ("unknown_layer", "zz")]


def test_faults_between_statements_are_told() -> None:
    assert [code for code, _ in _found("SELECT ndvi FROM s2; /* open")] == ["unclosed_comment"]
    assert [code for code, _ in _found("/* open")] == ["unclosed_comment"]


def test_warnings_are_told() -> None:
    found = check("FROM s2 JOIN rain SELECT ndvi, precip", CATALOG)
    assert [(fault.code, fault.severity) for fault in found] == [("steps_differ", "warning")]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ndvi FROM s2 LIMIT $n",
        "SELECT ndvi FROM s2 FILTER cell WITHIN $aoi AND time IN $t AND ndvi > -$x",
        "SELECT ndvi FROM s2 FILTER cell WITHIN BBOX($a, 1, 2, 3)",
        "SELECT ndvi FROM s2 FILTER time BEFORE ?",
    ],
)
def test_a_parameter_without_a_value_is_no_fault(text: str) -> None:
    assert _found(text) == []


def test_values_of_parameters_are_checked_where_they_are_known() -> None:
    assert [f.code for f in check("SELECT ndvi FROM s2 LIMIT $n", CATALOG, {"n": -1})] == ["bad_number"]


def test_a_layer_made_by_an_earlier_statement_is_known() -> None:
    assert _found("CREATE LAYER x AS SELECT cell, ndvi FROM s2; SELECT foo FROM x") == []
    assert [code for code, _ in _found("SELECT foo FROM x; CREATE LAYER x AS SELECT cell, ndvi FROM s2")] == [
        "unknown_layer"
    ]


def test_statements_about_layers_that_are_not_there_are_told() -> None:
    for text in ("DROP LAYER y", "SHOW BANDS y", "DESCRIBE y", "INSERT INTO y SELECT cell, ndvi FROM s2"):
        assert [code for code, _ in _found(text)] == ["unknown_layer"]
    assert _found("DROP LAYER IF EXISTS y") == []


def test_methods_and_types_that_are_offered_are_right() -> None:
    for method in texts("FROM landcover JOIN dem USING |") + texts("FROM landcover JOIN dem USING (elevation |"):
        assert method in METHOD_HELP
        assert _found(f"FROM landcover AT RESOLUTION 5 JOIN dem USING {method} SELECT elevation") == []
    for method in texts("FROM dem JOIN landcover USING (class |"):
        assert _found(f"FROM dem JOIN landcover USING (class {method}) SELECT class") == []
    for name in TYPES:
        assert [code for code, _ in _found(f"SELECT cast(ndvi AS {name}) FROM s2") if code == "unknown_type"] == []
