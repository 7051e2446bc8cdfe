"""Candidates of a time join lie side by side at each cell where they are few; many are grouped, with the same rows."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.sql import meeting

STATEMENTS = [
    "FROM fine JOIN twin ON TIME AS OF SELECT cell, time, red, twin.time AS t, v",
    "FROM fine LEFT JOIN twin ON TIME NEAREST WITHIN '20 days' SELECT cell, time, red, twin.time AS t, v",
    "FROM fine JOIN twin ON TIME NEXT ON v > 270 + 40 * red SELECT cell, time, red, twin.time AS t, v",
    "FROM fine LEFT JOIN twin ON TIME AS OF ON v > 285 SELECT cell, time, red, twin.time AS t, v",
    "FROM fine ANTI JOIN twin ON TIME AS OF ON v > 285 SELECT cell, time, red",
    "FROM twin JOIN fine ON TIME NEAREST VALID SELECT cell, time, v, fine.time AS t, red, nir",
    "FROM fine LEFT JOIN twin ON TIME AS OF LEFT JOIN coarse ON TIME AS OF SELECT cell, time, v, t2m",
]


@pytest.mark.parametrize("text", STATEMENTS)
def test_few_candidates_need_no_groups_of_cells(cube: Any, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    few, rows = _answer(cube, text)
    monkeypatch.setattr(meeting, "_MOST_ABREAST", 1)
    many, grouped = _answer(cube, text)
    assert "arg_min_null" not in few and '$match@2"' in few
    assert few.count("GROUP BY") == few.count('AS "families"'), "only tiles below a coarser one are brought together"
    assert "any_value" in many and "@2" not in many
    assert rows == grouped and rows


def _answer(cube: Any, text: str) -> tuple[str, list[tuple[str, ...]]]:
    rows = cube.query(text).to_arrow().to_pylist()
    return cube.explain(text).sql, sorted(tuple(str(v) for v in row.values()) for row in rows)
