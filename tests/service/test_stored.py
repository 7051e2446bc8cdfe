"""Views and sets of cells where they may stand, and nowhere else."""

from __future__ import annotations

import pytest

from cubeql.service import check
from tests.service.typing import CATALOG, help_at, offered, texts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FROM lu|", ["lush"]),
        ("FROM s2 JOIN bav|", ["bavaria"]),
        ("SELECT ndvi FROM s2 FILTER cell WITHIN CELLS |", ["bavaria"]),
        ("DROP VIEW |", ["broken", "lush"]),
        ("DROP VIEW IF EXISTS l|", ["lush"]),
        ("DROP CELLS |", ["bavaria"]),
        ("DESCRIBE lu|", ["lush"]),
        ("DESCRIBE bav|", ["bavaria"]),
        ("DROP LAYER lu|", []),
        ("SHOW BANDS lu|", []),
        ("INSERT INTO bav|", []),
        ("CREATE VIEW lu|", []),
    ],
)
def test_names_stand_where_they_may(text: str, found: list[str]) -> None:
    assert texts(text, "layer") == found


def test_details_say_what_it_is() -> None:
    details = {c.text: c.detail for c in offered("FROM |") if c.kind == "layer"}
    assert details["lush"] == "view · cell, time, greenness" and details["bavaria"] == "cells · res 6 · 12,000"
    assert details["broken"] == "view · "


def test_columns_of_a_view_are_offered_with_their_units() -> None:
    (found,) = [c for c in offered("SELECT gre| FROM lush") if c.kind == "column"]
    assert found.text == "greenness"
    assert "cell" in texts("SELECT | FROM bavaria", "column")
    assert "red" not in texts("SELECT | FROM lush", "column")


def test_help() -> None:
    view, cells = help_at("SELECT * FROM lu|sh"), help_at("SELECT ndvi FROM s2 FILTER cell WITHIN CELLS bav|aria")
    assert view is not None and view.title == "lush: a view" and "greenness" in view.body and "FROM s2" in view.body
    assert cells is not None and cells.title == "bavaria: cells" and "resolution 6" in cells.body
    column = help_at("SELECT green|ness FROM lush")
    assert column is not None and column.title == "greenness: number in 1"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("DROP VIEW lush; DROP CELLS bavaria; DESCRIBE lush; DESCRIBE bavaria", []),
        ("DROP VIEW bavaria", ["unknown_view"]),
        ("DROP CELLS lush", ["unknown_cells"]),
        ("DESCRIBE nothing", ["unknown_layer"]),
        ("SELECT * FROM broken", ["view_fault"]),
        ("CREATE CELLS made AS SELECT cell FROM s2; SELECT ndvi FROM s2 FILTER cell WITHIN CELLS made", []),
        ("CREATE VIEW made AS SELECT cell FROM s2; SELECT cell FROM made; DROP VIEW made", []),
        ("SELECT greenness FROM lush FILTER cell WITHIN CELLS bavaria", []),
    ],
)
def test_faults(text: str, codes: list[str]) -> None:
    found = check(text, CATALOG)
    assert [f.code for f in found] == codes
    assert all(f.replacement is None for f in found)


def test_settings_are_offered() -> None:
    assert "timeout_s" in texts("SET |")


def test_facts_are_offered_where_they_are_set() -> None:
    assert {"licence", "doi", "keywords"} <= set(texts("ALTER LAYER s2 SET (|"))
    assert {"licence", "doi"} <= set(texts("CREATE LAYER x WITH (|"))
    assert {"colours", "unit"} <= set(texts("ALTER LAYER s2 ALTER BAND nir SET (unit '1', |"))
    assert "licence" not in texts("ALTER LAYER s2 ALTER BAND nir SET (|")
    assert "nir" in texts("ALTER LAYER s2 ALTER BAND |") and "ALTER BAND" in texts("ALTER LAYER s2 |")
