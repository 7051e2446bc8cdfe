"""The progress line."""

from __future__ import annotations

import pytest

from cubeql.cli.progress import duration, line, short_count


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.6, "0:05"), (59.7, "1:00"), (720, "12:00"), (3600, "1:00:00"), (0, "0:00")]
)
def test_durations_carry_over(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (12_345, "12.3 k"), (4.56e6, "4.6 M"), (5e12, "5.0 T")]
)
def test_counts_are_short(number: float, text: str) -> None:
    assert short_count(number) == text


def test_the_bar_is_empty_at_first_and_full_at_last() -> None:
    assert line("ingest", 0, 8, "0 cells/s", None) == "ingest [                    ]   0%  0 cells/s"
    assert line("ingest", 8, 8, "1 cells/s", 0.0) == "ingest [####################] 100%  1 cells/s  0:00 left"


def test_where_blocks_can_be_drawn_the_bar_is_of_blocks() -> None:
    assert line("query", 1, 4, "1 of 4 tiles", None, blocks=True).startswith("query █████░░░░░░░░░░░░░░░  25%  1 of 4")


def test_nothing_to_do_is_done() -> None:
    assert "100%" in line("ingest", 0, 0, "", None)
