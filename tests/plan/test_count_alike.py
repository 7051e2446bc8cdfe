"""count_alike: cells alike in all that is asked of them are counted once, where that is of few bits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plan.reading import lines


def counted(cube: Any, text: str, *rules: str) -> list[str]:
    """What the plan says of cells that are counted once."""
    return [line for line in lines(cube, text, *rules, "count_alike") if line.startswith("counted once")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM cover GROUP BY height // 10 SELECT count(*)", "height"),
        ("FROM cover GROUP BY height // 10 SELECT avg(height) FILTER (WHERE height > 5)", "height"),
        ("FROM cover FILTER height > 3 AND cell WITHIN POINT(11, 48) GROUP BY height SELECT count(*)", "height"),
        ("FROM pole JOIN pole AS b GROUP BY pole.ice SELECT max(b.ice)", "pole.ice, b.ice"),
        ("FROM cover JOIN classes GROUP BY height, class SELECT count(*)",
         "cover.height, class by number where its values are few"),
    ],
)  # fmt: skip
def test_values_of_few_bits(cube: Any, text: str, said: str) -> None:
    assert counted(cube, text, "push_filters") == [f"counted once where alike in {said}"]
    assert lines(cube, text, "push_filters") == [
        line for line in lines(cube, text, "push_filters", "count_alike") if not line.startswith("counted once")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "FROM cover SELECT count(height)",
        "FROM cover SELECT height // 10",
        "FROM cover GROUP BY height, kind SELECT count(*)",
        "FROM cover GROUP BY height SELECT median(height)",
        "FROM cover GROUP BY height SELECT sum(DISTINCT height)",
        "FROM cover GROUP BY height SELECT area()",
        "FROM cover GROUP BY height, month(time) SELECT count(*)",
        "FROM cover GROUP BY height SELECT max(time)",
        "FROM cover GROUP BY cell, height SELECT count(*)",
        "FROM cover GROUP BY height SELECT count(*) SAMPLE 50 PERCENT",
        "FROM cover GROUP BY height IN (SELECT height FROM cover) AS k SELECT count(*)",
        "FROM finer AT RESOLUTION 7 GROUP BY elevation SELECT count(*)",
        "FROM fine GROUP BY month(time) SELECT avg(red)",
        "FROM twin GROUP BY floor(v) SELECT count(*)",
    ],
)
def test_what_needs_each_cell(cube: Any, text: str) -> None:
    assert counted(cube, text) == []
