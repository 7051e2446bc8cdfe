"""Every question of the demo is answered as the source rasters answer it."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.cli.main import main
from cubeql.demo.layers import LAYERS, ROWS
from cubeql.demo.queries import QUERIES
from tests.support import product
from tests.support.answers import Answer, differences
from tests.truth import rasters
from tests.truth.answers import ANSWERS

LAYERS_OF = {
    "greenness": ("s2", "trees"),
    "season": ("s2", "landcover", "climate"),
    "moisture": ("s2", "s2_20m"),
    "mosaic": ("s2", "trees"),
    "highland": ("landcover", "dem"),
    "lapse": ("landcover", "dem", "climate"),
    "hot_fields": ("landcover", "climate"),
    "towers": ("climate", "dem", "landcover"),
}
FAST = {"greenness", "moisture", "mosaic"}
CASES = [
    pytest.param(query, id=query.name, marks=() if query.name in FAST else pytest.mark.slow)
    for query in QUERIES
]


@pytest.mark.parametrize("query", CASES)
def test_the_answer_is_that_of_the_source_rasters(demo: Any, query: Any) -> None:
    session = demo.with_layers(*LAYERS_OF[query.name])
    expected = ANSWERS[query.name]()
    assert expected.rows
    found = product.query(session, query.text)
    assert differences(expected, _with_codes(found)) == []


@pytest.mark.slow
def test_the_command_leaves_what_is_there_and_asks_every_question(
    demo: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--store", str(demo.folder)]) == 0
    out, err = capfd.readouterr()
    assert err.count("is there already") == len(LAYERS + ROWS)
    assert [query.name for query in QUERIES if query.text not in out] == []


def _with_codes(answer: Answer) -> Answer:
    """Class names as codes: the truth does not ask how classes are shown."""
    if "class" not in answer.columns:
        return answer
    codes = {name: code for code, name in rasters.landcover_classes().items()}
    at = answer.columns.index("class")
    rows = [(*row[:at], codes.get(row[at], row[at]), *row[at + 1 :]) for row in answer.rows]
    return Answer(answer.columns, tuple(rows), answer.order)


def test_every_question_has_an_answer_to_compare_with() -> None:
    assert {q.name for q in QUERIES} == set(ANSWERS) == set(LAYERS_OF)
