"""The catalogue of faults and what makes a diagnostic of a row."""

from __future__ import annotations

import re

import pytest

from cubeql.errors import diagnose, nearest
from cubeql.errors.catalogue import FAULTS, analysis, running, syntax
from cubeql.errors.catalogue.rows import Fault


class Anything(str):
    """A fact that any format takes."""

    def __format__(self, spec: str) -> str:
        return str(self)


ROWS = [*syntax.ROWS, *analysis.ROWS, *running.ROWS]


def test_no_code_is_given_twice() -> None:
    assert len({row.code for row in ROWS}) == len(ROWS) == len(FAULTS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_rows_are_well_formed(row: Fault) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", row.code)
    assert not row.message.endswith(".")
    fault = diagnose(row.code, **{fact: Anything(f"<{fact}>") for fact in row.facts})
    assert (fault.code, fault.severity) == (row.code, row.severity)
    for fact in row.facts:
        assert f"<{fact}>" in fault.message + (fault.hint or "")


def test_a_row_without_its_facts_is_a_bug() -> None:
    with pytest.raises(KeyError, match="clause"):
        diagnose("clause_twice")
    with pytest.raises(KeyError):
        diagnose("no_such_code")


def test_a_hint_given_overrides_the_row() -> None:
    assert diagnose("clause_twice", clause="LIMIT", hint="delete one").hint == "delete one"


def test_nearest_names_are_best_first_and_know_no_case() -> None:
    assert nearest("NDVY", ["ndvi", "ndwi", "nbr", "elevation"])[0] == "ndvi"
    assert nearest("xyz", ["ndvi"]) == ()
    assert len(nearest("b1", [f"b{i}" for i in range(20)])) == 3
