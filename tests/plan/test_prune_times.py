"""prune_times: which times scans are given."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.plan.nodes import Scan
from cubeql.plan.walking import walk
from tests.plan.reading import plan_of

MAY = ("2024-05-01T00:00", "2024-06-01T00:00")


def times(cube: Any, source: str, condition: str) -> list[tuple[str | None, str | None]]:
    text = f"SELECT count(*) AS n FROM {source} FILTER {condition}"
    plan = plan_of(cube, text, "push_filters", "prune_times")
    ends = [(s.times.start, s.times.end) for s in walk(plan) if isinstance(s, Scan)]
    return [(a and str(a)[:16], b and str(b)[:16]) for a, b in ends]


@pytest.mark.parametrize(
    "condition,start,end",
    [
        ("time IN '2024-05'", *MAY),
        ("time AFTER '2024-05'", "2024-06-01T00:00", None),
        ("TIMESTAMP '2024-05-03' > time", None, "2024-05-03T00:00"),
        ("time >= '2024-05-01' AND time < '2024-07-01' AND time < '2024-06-01'", *MAY),
        ("time = '2024-05-03T10:30' OR red > 1", None, None),
        ("NOT time IN '2024-05'", None, None),
        ("month(time) = 5", None, None),
        ("time > time", None, None),
        ("time > NULL", None, None),
    ],
)
def test_the_drivers_times(cube: Any, condition: str, start: str | None, end: str | None) -> None:
    assert times(cube, "fine", condition) == [(start, end)]


@pytest.mark.parametrize(
    "match,start,end",
    [
        ("EQUAL", *MAY),
        ("AS OF", None, "2024-06-01T00:00"),
        ("AS OF WITHIN '10 days'", "2024-04-20T23:59", "2024-06-01T00:00"),
        ("NEXT WITHIN '10 days'", "2024-05-01T00:00", "2024-06-11T00:00"),
        ("NEAREST WITHIN '1 month'", "2024-03-30T23:59", "2024-07-02T00:00"),
        ("SAME MONTH", "2024-03-31T00:00", "2024-07-02T00:00"),
        ("ANY", None, None),
    ],
)
def test_the_joined_layers_times_follow(cube: Any, match: str, start: str | None, end: str | None) -> None:
    found = times(cube, f"fine JOIN twin ON TIME {match}", "time IN '2024-05'")
    assert found == [MAY, (start, end)]


def test_layers_without_time_and_other_clocks_are_left_alone(cube: Any) -> None:
    assert times(cube, "fine JOIN far", "time IN '2024-05'")[1] == (None, None)
    assert times(cube, "far AT RESOLUTION 7 JOIN twin", "time IN '2024-05'") == [(None, None)] * 2
    assert times(cube, "fine JOIN twin ON TIME ANY", "twin.time IN '2024-05'") == [(None, None)] * 2


@pytest.mark.parametrize(
    "join,start,end",
    [
        ("JOIN twin ON TIME EQUAL", *MAY),
        ("LEFT JOIN twin ON TIME AS OF WITHIN '10 days'", "2024-04-20T23:59", "2024-06-01T00:00"),
        ("ANTI JOIN twin ON TIME EQUAL", *MAY),
        ("JOIN twin ON TIME ANY", None, None),
        ("JOIN (SELECT cell, time, v FROM twin) AS t ON TIME EQUAL", *MAY),
        ("JOIN (FROM twin GROUP BY cell, time SELECT cell, time, max(v) AS v) AS t ON TIME EQUAL", *MAY),
        ("JOIN (SELECT cell, time, v FROM twin LIMIT 9) AS t ON TIME EQUAL", None, None),
        ("JOIN (SELECT cell, time, lag(v) OVER TIME AS v FROM twin) AS t ON TIME EQUAL", None, None),
        ("JOIN (FROM twin GROUP BY cell SELECT cell, max(time) AS time) AS t ON TIME EQUAL", None, None),
    ],
)
def test_times_follow_where_rows_meet_cell_by_cell(cube: Any, join: str, start: str | None, end: str | None) -> None:
    source = f"(SELECT cell, time, red FROM fine FILTER time IN '2024-05') AS f {join}"
    plan = plan_of(cube, f"SELECT count(*) AS n FROM {source}", "push_filters", "prune_times")
    found = {s.layer.name: s.times for s in walk(plan) if isinstance(s, Scan)}
    ends = [t and str(t)[:16] for t in (found["twin"].start, found["twin"].end)]
    assert ends == [start, end]
    assert [str(t)[:16] for t in (found["fine"].start, found["fine"].end)] == list(MAY)
