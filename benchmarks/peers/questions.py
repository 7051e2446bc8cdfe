"""The questions that are put to every peer, and what they have to reach."""

from __future__ import annotations

from dataclasses import dataclass

HEIGHTS = (500, 1000)
WARMER_THAN = 10.0
NDVI_CLASS, HEIGHT_CLASS = 0.1, 500
"""Widths of the classes of the cross-tabs. In the ndvi's own numbers, a ten-thousandth each, a class has 1000."""


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        name: short name.
        says: what is asked.
        keys: how many of an answer's columns say what a row is of; the others are numbers.
        values: the answer takes all values of the ndvi, so that its cost can be told per value.
        most_ms: target in milliseconds of CPU, or None.
        most: target as a share of what numpy takes per value, or None.
    """

    name: str
    says: str
    keys: int
    values: bool = True
    most_ms: float | None = None
    most: float | None = None


QUESTIONS = (
    Question("point", "ndvi of one place, at every date", 1, values=False, most_ms=20),
    Question("polygon", "mean ndvi of a small polygon, by date", 1, values=False, most_ms=30),
    Question("filter", "mean ndvi and count by date, where elevation is in a range and temperature above a limit", 1,
             most=0.8),
    Question("month", "mean ndvi and count by month and coarse cell (or block), of everything", 2, most_ms=10),
    Question("heights", "count by class of ndvi and class of elevation, of everything", 2, most=1.0),
    Question("classes", "count by class of ndvi and class of land, of everything", 2, most=1.0),
)  # fmt: skip
BY_NAME = {q.name: q for q in QUESTIONS}
