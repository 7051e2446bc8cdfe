"""Laws of answers: whatever is asked, CubeQL answers as the oracle does, with its optimiser and without."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis.strategies import SearchStrategy

from cubeql.errors import QueryError
from cubeql.lang import parse_query
from tests.laws.queries import queries
from tests.laws.zone_queries import zone_queries
from tests.support import product
from tests.support.answers import Answer, differences
from tests.support.oracle import UncoveredError, UndeterminedError, evaluate


def _right_answer(text: str) -> Answer:
    """The oracle's answer; an example it has no answer to is drawn anew."""
    try:
        return evaluate(parse_query(text))
    except (UncoveredError, UndeterminedError):
        reject()


def _product_answer(session: Any, text: str) -> Answer:
    """CubeQL's answer; an example with a construct it says it does not support is drawn anew."""
    try:
        return product.query(session, text)
    except QueryError as error:
        if {d.code for d in error.diagnostics} == {"not_supported"}:
            reject()
        raise


@pytest.fixture(scope="module")
def example_count(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("--law-examples"))


def _check_many(count: int, session: Any, drawn: SearchStrategy[str] | None = None) -> None:
    @settings(max_examples=count, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
    @given(drawn if drawn is not None else queries())
    def check(text: str) -> None:
        right = _right_answer(text)
        wrong = differences(right, _product_answer(session, text))
        assert not wrong, "\n".join([text, *wrong])

    check()


def test_random_queries_are_answered_as_by_the_oracle(cube: Any, example_count: int) -> None:
    _check_many(example_count, cube)


def test_random_queries_are_answered_alike_without_optimiser(cube_without_rules: Any, example_count: int) -> None:
    _check_many(max(1, example_count // 2), cube_without_rules)


def test_random_queries_with_zones_are_answered_as_by_the_oracle(cube: Any, example_count: int) -> None:
    _check_many(max(1, example_count // 2), cube, zone_queries())


def test_random_queries_with_zones_are_answered_alike_without_optimiser(
    cube_without_rules: Any, example_count: int
) -> None:
    _check_many(max(1, example_count // 4), cube_without_rules, zone_queries())


@settings(max_examples=60)
@given(queries())
def test_random_queries_are_queries_and_have_an_answer(text: str) -> None:
    try:
        evaluate(parse_query(text))
    except UndeterminedError:
        reject()
