"""Golden cases: CubeQL, its optimiser on, off and rule by rule, against the file and the oracle."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cubeql.errors import Diagnostic, QueryError
from cubeql.errors.catalogue import syntax
from cubeql.lang import nodes, parse_statement
from tests.support import cases, product
from tests.support.answers import Answer, differences, table, table_differences
from tests.support.oracle import UncoveredError, evaluate

ALL = cases.all_cases()
WITH_ROWS = [case for case in ALL if "rows" in case.sections]
WITH_ERRORS = [case for case in ALL if "error" in case.sections]
SHARE_ON_S3 = int(os.environ.get("CUBEQL_CASES_ON_S3", "20"))
"""Of so many cases one is asked on S3 too; 1 asks all."""
SYNTAX = {row.code for row in syntax.ROWS}
WITH_WORK = [case for case in ALL if "work" in case.sections]
WITH_STAGES = [(case, stage) for case in ALL for stage in cases.STAGES if stage in case.sections]


def named(case: cases.Case) -> str:
    return case.name


# What is asked of one case lies together, so that a worker which has its answer asks no other.
each_with_rows = pytest.mark.parametrize("case", WITH_ROWS, ids=named, scope="module")


_ANSWERS: dict[str, Answer] = {}


def oracle_answer(case: cases.Case) -> Answer:
    """What the oracle answers, worked out once.

    Raises:
        UncoveredError: it does not cover the statement.
    """
    if case.name not in _ANSWERS:
        _ANSWERS[case.name] = _worked_out(case)
    return _ANSWERS[case.name]


def _worked_out(case: cases.Case) -> Answer:
    statement = parse_statement(case.query)
    if not isinstance(statement, nodes.QueryStatement):
        raise UncoveredError(f"the statement {type(statement).__name__}")
    return evaluate(statement, case.params)


def _report(wrong: list[str], case: cases.Case) -> str:
    return "\n".join([f"{case.path}", *wrong])


@each_with_rows
def test_rows_in_the_file_are_the_oracles(case: cases.Case, update_cases: bool) -> None:
    try:
        answer = oracle_answer(case)
    except UncoveredError as construct:
        pytest.skip(f"the oracle's fault: it does not cover {construct}")
    if update_cases:
        case.updated("rows", table(answer, _written_names(case, answer)))
        return
    wrong = table_differences(case.sections["rows"], answer)
    assert not wrong, _report(wrong, case)


def _written_names(case: cases.Case, answer: Answer) -> tuple[str | None, ...]:
    """Column names, those the oracle does not know as they stand in the file."""
    lines = case.sections["rows"].splitlines()
    written = [name.strip() for name in lines[0].split(" | ")] if lines else []
    known = written if len(written) == len(answer.columns) else [None] * len(answer.columns)
    return tuple(a or b for a, b in zip(answer.columns, known))


def _agrees(case: cases.Case, found: Answer) -> list[str]:
    """How an answer differs from the oracle's, or where that is silent from the file."""
    try:
        return differences(oracle_answer(case), found)
    except UncoveredError:
        return table_differences(cases.read(case.path).sections["rows"], _in_order(case, found))


def _in_order(case: cases.Case, found: Answer) -> Answer:
    """An answer whose rows stand in order, where the statement gives them one."""
    statement = parse_statement(case.query)
    free = isinstance(statement, nodes.QueryStatement) and not getattr(statement.query, "order_by", ())
    return found if free else replace(found, order=tuple((n,) for n in range(len(found.rows))))


@each_with_rows
def test_cubeql_answers_as_the_file_and_the_oracle(case: cases.Case, cube: Any, update_cases: bool) -> None:
    found = product.query(cube, case.query, case.params)
    if update_cases:
        _write_rows(case, found)
    wrong = _agrees(case, found)
    assert not wrong, _report(wrong, case)


def _write_rows(case: cases.Case, found: Answer) -> None:
    """Rows of what the oracle does not cover; for the rest only the names it does not know."""
    try:
        answer = oracle_answer(case)
    except UncoveredError:
        answer = _in_order(case, found)
    if len(answer.columns) == len(found.columns):
        case.updated("rows", table(answer, found.columns))


@pytest.mark.parametrize("case", WITH_ROWS[::SHARE_ON_S3], ids=named)
def test_answers_are_the_same_on_s3(case: cases.Case, cube: Any, cube_on_s3: Any) -> None:
    near, far = (product.query(session, case.query, case.params) for session in (cube, cube_on_s3))
    wrong = differences(near, far, 1e-12) if _is_settled(case) else _agrees(case, far)
    assert not wrong, _report(wrong, case)


def _is_settled(case: cases.Case) -> bool:
    """Whether a statement has one answer; one that samples, or that cuts rows of no order, may have others."""
    text = case.query.upper()
    return "SAMPLE" not in text and "LIMIT" not in text


@pytest.mark.slow
@each_with_rows
def test_no_rule_changes_an_answer(
    case: cases.Case, cube: Any, cube_without_rules: Any, cubes_of_one_rule: dict[str, Any]
) -> None:
    sessions = {"no rule": cube_without_rules, **cubes_of_one_rule}
    sets = [product.rule_names(), (), *((rule,) for rule in cubes_of_one_rule)]
    whole, *works = product.works(cube, case.query, case.params, sets)
    asked = [whole]
    for (rules, session), work in zip(sessions.items(), works, strict=True):
        if work in asked:
            continue  # the rules have nothing to do here or do all that is done, and a test has asked this
        asked.append(work)
        wrong = _agrees(case, product.query(session, case.query, case.params))
        assert not wrong, _report([f"with {rules} alone", *wrong], case)


@pytest.fixture
def one_tile_a_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cubeql.engine.ranges.FEWEST_BYTES", -1)
    monkeypatch.setattr("cubeql.engine.ranges.FITS", 0.0)
    monkeypatch.setattr("cubeql.engine.ranges.SHARE", 0.0)


WITH_JOINS = [case for case in WITH_ROWS if "JOIN" in case.query][::6]  # all take a minute more


@pytest.mark.usefixtures("one_tile_a_range")
@pytest.mark.parametrize("case", WITH_JOINS, ids=named, scope="module")
def test_tiles_that_meet_range_by_range_change_no_answer(case: cases.Case, cube: Any) -> None:
    wrong = _agrees(case, product.query(cube, case.query, case.params))
    assert not wrong, _report(wrong, case)


@pytest.mark.usefixtures("one_tile_a_range")
def test_tiles_of_many_cases_can_meet_range_by_range(cube: Any) -> None:
    told = ["\n".join(cube.explain(c.query, c.params).plan) for c in WITH_JOINS if c.query.startswith("FROM")]
    assert sum("tiles meet in" in plan for plan in told) >= 10


@pytest.mark.parametrize("case", [c for c in WITH_ROWS if "warns" in c.sections], ids=named)
def test_warnings_say_what_they_must(case: cases.Case, cube: Any) -> None:
    said = product.warnings_of(cube, case.query, case.params)
    _holds_all(said, case.fragments("warns"), case)


def test_stages_are_as_in_the_files(cube: Any, update_cases: bool) -> None:
    for case, stage in WITH_STAGES:
        found = product.stage(cube, case.query, case.params, stage)
        if update_cases:
            case.updated(stage, found)
        assert found == cases.read(case.path).sections[stage], case.path


@pytest.mark.parametrize("case", WITH_WORK, ids=named)
def test_no_more_is_read_than_in_the_file(case: cases.Case, cube: Any, update_cases: bool) -> None:
    found = product.reading(cube, case.query, case.params)
    if update_cases:
        case.updated("work", found)
    assert found == cases.read(case.path).sections["work"], case.path


@pytest.mark.parametrize("case", [c for c in WITH_WORK if "rule" in c.sections], ids=named)
def test_without_its_rule_more_is_read(case: cases.Case, cube_store: Path) -> None:
    rules = case.sections["rule"].split()
    others = [name for name in product.rule_names() if name not in rules]
    assert len(others) == len(product.rule_names()) - len(rules), f"{case.path}: there are no rules {rules}"
    with product.connect(cube_store, rules=others) as session:
        assert product.reading(session, case.query, case.params) != case.sections["work"], case.path


@pytest.mark.parametrize("case", WITH_ERRORS, ids=named)
def test_errors_say_what_they_must(case: cases.Case, cube: Any, update_cases: bool) -> None:
    with pytest.raises(QueryError) as raised:
        product.query(cube, case.query, case.params)
    said = str(raised.value)
    _holds_all(said, case.fragments("says"), case)
    if update_cases:
        case.updated("error", said)
    assert said.strip() == cases.read(case.path).sections["error"].strip(), case.path


@pytest.mark.parametrize("case", WITH_ERRORS, ids=named)
def test_replacements_mend_what_they_replace(case: cases.Case, cube: Any) -> None:
    before = _faults(cube, case.query, case.params)
    unread = any(f.code in SYNTAX for f in before)  # what a text means is only asked once it can be read
    for fault in before:
        if fault.replacement is None:
            continue
        assert fault.span is not None
        mended = case.query[: fault.span.start] + fault.replacement + case.query[fault.span.end :]
        after = [f for f in _faults(cube, mended, case.params) if not unread or f.code in SYNTAX]
        assert fault.message not in [f.message for f in after], f"{case.path}\n{mended}"
        assert len(after) < len(before), f"{case.path}\n{mended}"


def _faults(cube: Any, text: str, params: Any) -> tuple[Diagnostic, ...]:
    try:
        product.query(cube, text, params)
    except QueryError as error:
        return error.diagnostics
    return ()


def _holds_all(said: str, fragments: list[str], case: cases.Case) -> None:
    lacking = [f for f in fragments if f.casefold() not in said.casefold()]
    assert not lacking, f"{case.path}\nlacking {lacking} in\n{said}"


def test_there_are_cases() -> None:
    assert len(WITH_ROWS) >= 80
    assert len(WITH_ERRORS) >= 30


def test_cases_cannot_be_rewritten_in_ci() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--update-cases", "--collect-only", "-q", __file__],
        env={**os.environ, "CI": "true"}, cwd=cases.FOLDER.parent.parent,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "refused" in done.stderr
