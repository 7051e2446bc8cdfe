"""Finding a layer by what is known of it: what is said by a nearer name counts for more. It knows no screen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cubeql.drawing.display import span_text

_MOMENT = re.compile(r"[12]\d{3}(-[01]\d(-[0-3]\d)?)?")


@dataclass(frozen=True, slots=True)
class Known:
    """One thing that is known.

    Attributes:
        rank: how near it is to the heart of the matter: 0 is the name.
        heading: what it is: ``unit``, ``class``.
        text: it.
    """

    rank: int
    heading: str
    text: str

    def holds(self, word: str) -> bool:
        """Whether a word in small letters is in it."""
        return word in self.text.casefold()


@dataclass(frozen=True, slots=True)
class KnownTimes:
    """From when to when there is something; a year, a month or a day is in it where they meet."""

    first: np.datetime64
    last: np.datetime64
    rank: int = 2
    heading: str = "time"

    def holds(self, word: str) -> bool:
        """Whether the moment that a word names lies in it."""
        if not _MOMENT.fullmatch(word):
            return False
        try:
            sought = np.datetime64(word)
        except ValueError:
            return False
        return bool(self.first < (sought + 1).astype("datetime64[us]") and sought.astype("datetime64[us]") <= self.last)

    @property
    def text(self) -> str:
        """The days."""
        return span_text(self.first, self.last)


Fact = Known | KnownTimes


@dataclass(frozen=True, slots=True, order=True)
class Match:
    """That something was found: the lowest is best.

    Attributes:
        rank: the sum of the ranks of what the words are in.
        inside: how many words are in the middle of a name and do not begin it.
        heading: of what the word of the highest rank is in; empty where all are in names.
        text: that itself.
    """

    rank: int
    inside: int
    heading: str = ""
    text: str = ""


def match(words: Sequence[str], facts: Iterable[Fact]) -> Match | None:
    """How well words in small letters, all of which must be somewhere in it, find what these facts are of."""
    known = sorted(facts, key=lambda fact: fact.rank)
    ranks, inside, heading, text, worst = 0, 0, "", "", 1
    for word in words:
        found = next((fact for fact in known if fact.holds(word)), None)
        if found is None:
            return None
        ranks += found.rank
        if isinstance(found, Known) and found.rank < 2:
            inside += not found.text.casefold().startswith(word)
        elif found.rank > worst:
            heading, text, worst = found.heading, found.text, found.rank
    return Match(ranks, inside, heading, text)


def around(text: str, words: Sequence[str], most: int) -> str:
    """A text cut to so many characters, with the first of the words that is in it."""
    if len(text) <= most:
        return text
    places = [(text.casefold().find(word), len(word)) for word in words]
    at, length = min((place for place in places if place[0] >= 0), default=(0, 0))
    at -= max(0, min(most // 3, most - 2 - length))
    at = 0 if at < 2 else min(at, len(text) - most + 1)
    cut = ("…" if at else "") + text[at : at + most - 1]
    return cut if at + most - 1 >= len(text) else cut[: most - 1] + "…"
