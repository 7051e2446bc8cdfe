"""Each row of the security table names an attack, what happens, and tests that are there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs.blocks import ROOT

PAGE = ROOT / "docs/explain/security.md"
HEAD = ["attack", "what happens", "test"]
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def table() -> list[list[str]]:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


ROWS = table()[2:]


@cache
def named_in(file: str) -> set[str]:
    path = ROOT / file
    tree = ast.parse(path.read_text("utf-8")) if path.exists() else ast.Module([], [])
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_the_table_has_its_columns_and_no_attack_twice() -> None:
    assert table()[0] == HEAD and len(ROWS) >= 60
    assert all(len(row) == len(HEAD) and all(row) for row in ROWS)
    assert len({row[0] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:50])
def test_a_row_names_tests_that_are_there(row: list[str]) -> None:
    named = _TEST.findall(row[-1])
    assert named and not [f"{file}::{test}" for file, test in named if test not in named_in(file)]
