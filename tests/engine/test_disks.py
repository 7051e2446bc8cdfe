"""disk(): which rows meet, and what they are like."""

from __future__ import annotations

from typing import Any

import pytest

GROUPS = "WITH y AS (FROM fine GROUP BY CELL(6), month(time) AS m SELECT CELL(6) AS cell, m, avg(red) AS red)"


def rows(cube: Any, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cube.query(text).to_arrow().to_pylist()
    return found


def test_rows_of_groups_meet_by_their_other_keys(cube: Any) -> None:
    text = f"{GROUPS} SELECT cell, m, disk(avg(red), 1){{}} AS x FROM y ORDER BY cell, m"
    by_default, told, mixed = (
        rows(cube, text.format(over)) for over in ("", " OVER (PARTITION BY m)", " OVER (PARTITION BY 1)")
    )
    assert [r["x"] for r in by_default] == pytest.approx([r["x"] for r in told], rel=1e-9)
    assert [r["x"] for r in by_default] != pytest.approx([r["x"] for r in mixed], rel=1e-3)


def test_dimensions_brought_along_by_a_query_keep_rows_apart(cube: Any) -> None:
    inner = "(SELECT cell, time, horizon, wind FROM forecast) AS q"
    text = "SELECT cell, time, horizon, disk(max(wind), 20) AS x FROM {} ORDER BY cell, time, horizon"
    assert rows(cube, text.format(inner)) == rows(cube, text.format("forecast"))


def test_the_unit_and_the_classes_stay(cube: Any) -> None:
    result = cube.query("SELECT disk(avg(v), 1) AS v, disk(count(*), 1) AS n FROM twin")
    assert result.units() == {"v": "K"}
    compiled = cube.compile("SELECT disk(mode(class), 1) AS class FROM classes")
    assert compiled.columns[0].type.categorical


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_an_empty_layer_has_no_disks(cube: Any, steps: int) -> None:
    assert rows(cube, f"SELECT cell, disk(avg(n), {steps}) AS x FROM nothing") == []


def test_a_disk_of_no_steps_is_the_cell_itself(cube: Any) -> None:
    found = rows(cube, "SELECT v, disk(avg(v), 0) AS own FROM twin")
    assert all(r["v"] == pytest.approx(r["own"], rel=1e-12) or r["v"] is r["own"] for r in found)
