"""Each of the twelve statements gives what the oracle gives, with the optimiser and without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cubeql.lang import format_text, parse_query, parse_statement
from tests.support import product
from tests.support.answers import Answer, differences
from tests.support.oracle import evaluate
from tests.twelve.layers import layers, write_store
from tests.twelve.statements import AS_WRITTEN, IN_SQL_ORDER

pytestmark = pytest.mark.parametrize("number", sorted(AS_WRITTEN))
_ANSWERS: dict[int, Answer] = {}


def right_answer(number: int) -> Answer:
    """What the oracle answers, worked out once."""
    if number not in _ANSWERS:
        _ANSWERS[number] = evaluate(parse_query(AS_WRITTEN[number]), None, layers())
    return _ANSWERS[number]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("twelve") / "store")


@pytest.fixture(scope="module")
def session(store: Path) -> Iterator[Any]:
    with product.connect(store) as opened:
        yield opened


def test_it_is_answered_as_by_the_oracle(session: Any, number: int) -> None:
    right = right_answer(number)
    assert right.rows, "a statement that finds nothing shows nothing"
    assert differences(right, product.query(session, AS_WRITTEN[number])) == []


def test_it_is_answered_alike_without_the_optimiser(store: Path, number: int) -> None:
    with product.connect(store, rules=()) as bare:
        assert differences(right_answer(number), product.query(bare, AS_WRITTEN[number])) == []


def test_it_is_the_same_formatted_and_in_the_order_of_sql(session: Any, number: int) -> None:
    tree = parse_statement(AS_WRITTEN[number])
    assert parse_statement(IN_SQL_ORDER[number]) == tree
    assert parse_statement(format_text(AS_WRITTEN[number])) == tree
    assert differences(right_answer(number), product.query(session, format_text(IN_SQL_ORDER[number]))) == []
