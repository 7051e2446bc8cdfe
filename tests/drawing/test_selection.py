"""What was brushed holds exactly what lies in it, in every place it is used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cubeql_tui.map.clock import Clock

from cubeql.drawing.colours import Scale
from cubeql.drawing.selection import Choice, TimeSpan
from cubeql.values.times import parse_range

GROUND = (10, 12, 16)


def instants(*texts: str) -> Any:
    return np.array(texts, "datetime64[us]")


MONTHS = instants("2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01")


@pytest.mark.parametrize(
    ("known", "first", "last", "text"),
    [
        (MONTHS, 1, 2, "2024-02-01/2024-03-01"),
        (MONTHS, 3, 3, "2024-04-01/2024-04-01"),
        (instants("2024-01-01", "2024-01-01T12:00", "2024-01-02"), 0, 0, "2024-01-01T00:00:00Z/2024-01-01T00:00:00Z"),
        (instants("2024-01-01T10:30", "2024-01-01T10:30:00.25"), 0, 0,
         "2024-01-01T10:30:00.000000Z/2024-01-01T10:30:00.000000Z"),
        (instants("1850-01-01", "2024-01-01T10:30:01.5"), 0, 1,
         "1850-01-01T00:00:00.000000Z/2024-01-01T10:30:01.500000Z"),
    ],
)  # fmt: skip
def test_the_text_of_a_span_holds_its_instants_and_no_others(known: Any, first: int, last: int, text: str) -> None:
    span = TimeSpan.between(known[last], known[first])
    assert span.period(known) == text
    assert parse_range(text).contains(known).tolist() == span.holds(known).tolist()
    assert span.holds(known).sum() == last - first + 1


def test_values_that_are_not_chosen_fade_and_the_others_keep_their_colours() -> None:
    values = np.array([0.0, 1.0, 2.0, 3.0, np.nan])
    plain = Scale.of_values(values, "leaves")
    fading = plain.fading(Choice.of_range("v", None, 1.0, 2.0), GROUND)
    own, shown = plain.indexes(values), fading.indexes(values)
    assert shown[[1, 2]].tolist() == own[[1, 2]].tolist()
    assert shown[4] == fading.nothing and own[4] == plain.nothing
    for place in (0, 3):
        assert shown[place] == own[place] + len(plain.colours)
        faded, whole = np.array(fading.colours[shown[place]]), np.array(plain.colours[own[place]])
        assert np.abs(faded - GROUND).max() < 0.4 * np.abs(whole - GROUND).max()
    assert fading.fading(None, GROUND) == plain


def test_classes_that_are_not_chosen_fade_and_unknown_codes_stay_nothing() -> None:
    plain = Scale.of_classes({1: "water", 3: "forest", 7: "crop"})
    fading = plain.fading(Choice.of_classes("class", frozenset({3, 7}), {3: "forest", 7: "crop"}), GROUND)
    values = np.array([1.0, 3.0, 7.0, 5.0])
    assert fading.indexes(values).tolist() == [3, 1, 2, fading.nothing]
    assert fading.choice is not None and fading.choice.words == "class forest, crop"


def test_a_clock_steps_through_a_span_and_its_mean_and_then_through_all() -> None:
    clock = Clock.of(MONTHS)
    assert clock.when == MONTHS[3] and clock.words() == "2024-04-01 (4 of 4)"
    span = TimeSpan(MONTHS[1], MONTHS[2])
    clock.narrow(span)
    assert clock.when == span and clock.words() == "mean of 2 brushed times, 2024-02-01 … 2024-03-01"
    seen = []
    for _ in range(4):
        clock.step(1)
        seen.append(clock.when)
    assert seen == [MONTHS[1], MONTHS[2], span, MONTHS[1]]
    assert not clock.turn_to(MONTHS[0]) and clock.turn_to(MONTHS[2])
    clock.narrow(None)
    assert clock.when == MONTHS[2] and len(clock.times) == 4
    clock.narrow(TimeSpan(MONTHS[1], MONTHS[1]))
    assert clock.when == MONTHS[1]
    clock.narrow(TimeSpan(MONTHS[3] + 1, MONTHS[3] + 2))
    assert clock.span is None and clock.when == MONTHS[1]


def test_nothing_is_shown_of_a_clock_without_instants() -> None:
    clock = Clock()
    clock.step(1)
    assert clock.when is None and clock.words() == ""
