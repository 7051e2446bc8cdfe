"""Help at the pointer, and the words it is about."""

from __future__ import annotations

import pytest

from cubeql.lang.tables import tables
from cubeql.service.keywords import HELP, phrases
from tests.service.typing import cursor, cut, help_at


@pytest.mark.parametrize(
    ("text", "title", "about"),
    [
        ("SELECT a|vg(ndvi) FROM s2", "avg(x number)", "avg"),
        ("SELECT nd|vi FROM s2", "ndvi: number in 1", "ndvi"),
        ("SELECT ndvi| FROM s2", "ndvi: number in 1", "ndvi"),
        ("SELECT d.elev|ation FROM s2 JOIN dem AS d", "elevation: integer in m", "elevation"),
        ("SELECT d|.elevation FROM s2 JOIN dem AS d", "dem", "d"),
        ("SELECT ndvi FROM s|2", "s2: Sentinel-2", "s2"),
        ("FROM cli|mate.wind SELECT u10", "climate: a collection", "climate"),
        ("SELECT cell FROM s2 GROUP B|Y cell", "GROUP BY", "GROUP BY"),
        ("FROM s2 JOIN rain ON TIME AS O|F", "AS OF", "AS OF"),
        ("SELECT count(*) FIL|TER (WHERE ndvi > 0) FROM s2", "FILTER (WHERE", "FILTER (WHERE"),
        ("FROM s2 JOIN dem USING m|ax", "max", "max"),
        ("WITH m AS (SELECT avg(ndvi) AS w FROM s2) SELECT w| FROM m", "w: expression", "w"),
        ("SELECT ti|me FROM s2", "time: timestamp", "time"),
    ],
)
def test_the_word_at_the_pointer_is_explained(text: str, title: str, about: str) -> None:
    found = help_at(text)
    assert found is not None and found.title == title
    assert cut(cursor(text)[0], found.span) == about


def test_classes_long_names_and_the_layer_are_told() -> None:
    classes = help_at("SELECT cl|ass FROM landcover")
    height = help_at("SELECT ele|vation FROM dem")
    assert classes is not None and "1 maize" in classes.body and "from landcover, resolution 10" in classes.body
    assert height is not None and "height above the sea" in height.body


@pytest.mark.parametrize("text", ["|", "SELECT 'nd|vi' FROM s2", "SELECT 1|2", "SELECT nobody| FROM s2", "-- sel|ect"])
def test_nothing_is_said_of_what_is_unknown(text: str) -> None:
    assert help_at(text) is None


def test_every_keyword_of_the_grammar_has_help_and_is_offered() -> None:
    words = {word for phrase in HELP for word in phrase.replace("(", "").split()}
    assert set(tables().keywords) - words == set()
    assert {terminal for terminal in tables().keywords.values() if not phrases()[terminal]} == set()


def test_help_is_of_words_that_the_grammar_has() -> None:
    assert {w for phrase in HELP for w in phrase.replace("(", "").split()} - set(tables().keywords) == set()
