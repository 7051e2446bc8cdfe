"""Keys of few values are asked by number: the same answers, whatever their values and wherever rows lack."""

from __future__ import annotations

from typing import Any

import pytest

from cubeql.engine import knowing
from cubeql.engine.connection import EngineSettings, open_engine
from cubeql.lang import parse_query
from cubeql.plan.alike import MOST_CLASSES
from tests.support import cases, product
from tests.support.answers import differences
from tests.support.oracle import evaluate

CASES = [c for c in cases.all_cases() if c.path.parent.name == "alike"]
NUMBERED = ("coarser_class", "coarser_class_tested", "class_only", "two_of_a_kind")


@pytest.fixture(autouse=True)
def _few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowing, "FEWEST_CELLS", 0)
    monkeypatch.setattr(knowing, "FEWER", 0)


def _is_numbered(session: Any, text: str) -> bool:
    return "$class" in str(session.query(f"EXPLAIN {text}").to_arrow().to_pylist())


def _check(session: Any, text: str) -> None:
    wrong = differences(evaluate(parse_query(text)), product.query(session, text))
    assert not wrong, "\n".join([text, *wrong])


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.path.stem)
def test_cases_are_answered_alike(cube: Any, case: cases.Case) -> None:
    assert _is_numbered(cube, case.query) == (case.path.stem in NUMBERED)
    _check(cube, case.query)


@pytest.mark.parametrize(
    "key",
    ["class", "class = 2", "class > 2", "coalesce(class, 7)", "nullif(class, 2)", "class // 2", "class IN (1, 3)",
     "CASE WHEN class = 1 THEN NULL ELSE -0.5 END"],
)  # fmt: skip
def test_values_of_every_kind(cube: Any, key: str) -> None:
    text = f"FROM cover JOIN classes GROUP BY height // 50 AS h, {key} AS k SELECT h, k, count(*) AS n ORDER BY h, k"
    assert _is_numbered(cube, text)
    _check(cube, text)


@pytest.mark.parametrize("key", ["floor(other.salt)", "other.salt // 0", "floor(other.salt / 0.7)", "other.salt > 31"])
def test_fractions(cube: Any, key: str) -> None:
    text = f"FROM shelf JOIN shelf AS other GROUP BY shelf.salt > 30 AS s, {key} AS k SELECT s, k, count(*) AS n"
    assert _is_numbered(cube, text)
    _check(cube, text)


@pytest.mark.parametrize(
    "text",
    [
        "FROM pole JOIN pole AS other GROUP BY pole.ice, other.ice SELECT count(*) AS n",
        "FROM cover JOIN classes GROUP BY height, class, month(cover.time) SELECT count(*) AS n",
        "FROM shelf JOIN shelf AS other GROUP BY shelf.salt + other.salt AS k SELECT k, count(*) AS n",
        "FROM shelf JOIN shelf AS other GROUP BY shelf.salt, sqrt(other.salt) AS k SELECT count(*) AS n",
        "FROM shelf JOIN shelf AS other GROUP BY shelf.salt, other.salt AS k SELECT count(*) AS n",
        "FROM cover LEFT JOIN classes GROUP BY height, class SELECT count(*) AS n",
    ],
    ids=["few bits", "a time", "both layers", "a function that may fail", "many values", "LEFT JOIN"],
)
def test_what_is_not_numbered(cube: Any, text: str) -> None:
    assert not _is_numbered(cube, text)
    _check(cube, text)


def test_few_cells_are_not_worth_it(cube: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "FROM cover JOIN classes GROUP BY height, class SELECT count(*) AS n"
    assert _is_numbered(cube, text)
    monkeypatch.setattr(knowing, "FEWEST_CELLS", 1_000_000)
    assert not _is_numbered(cube, text)


def test_rows_of_about_the_same_number_are_not_worth_it(cube: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "FROM shelf JOIN shelf AS other GROUP BY shelf.salt, other.salt > 31 AS k SELECT count(*) AS n"
    assert _is_numbered(cube, text)
    monkeypatch.setattr(knowing, "FEWER", 2)
    assert not _is_numbered(cube, text)


@pytest.mark.parametrize("most", [MOST_CLASSES, MOST_CLASSES + 1])
def test_the_engine_looks_groups_up_by_their_place(most: int) -> None:
    numbers = ", ".join(f"'{n}'" for n in range(most))
    cells = f"SELECT unnest([1::SMALLINT]) AS v, unnest(['0'::ENUM({numbers})]) AS number"
    with open_engine(EngineSettings(threads=1)) as engine:
        plan = engine.execute(f"EXPLAIN SELECT v, number, count(*) FROM ({cells}) GROUP BY v, number").fetchall()
    assert ("PERFECT_HASH_GROUP_BY" in str(plan)) == (most == MOST_CLASSES)


def test_whether_cells_have_rows_is_asked_of_groups(cube: Any) -> None:
    found = cube.query("EXPLAIN FROM cover JOIN classes GROUP BY height, class SELECT count(*) AS n").to_arrow()
    cells, groups = str(found.to_pylist()).split('GROUP BY "cover.height", "classes.$class"')
    test = '"classes.$class" IS NOT NULL'
    assert test not in cells and "LIMIT" in groups.split(test)[0] and test in groups
