"""Every code block of README and docs does what its page says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.lang import format_text, parse, split_statements
from tests.docs.blocks import PAGES, ROOT, Block, blocks

LANGUAGES = {"cubeql", "json", "python", "sh", "text", "toml"}


def _named(language: str, on_the_cube: bool = False) -> list[Any]:
    found = [block for block in blocks(language) if block.runs and block.on_the_cube == on_the_cube]
    return [pytest.param(block, id=block.name) for block in found]


@pytest.fixture(scope="module")
def session(workplace: Path) -> Iterator[Any]:
    with cubeql.connect(str(workplace / "cubeql-demo")) as opened:
        yield opened


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``cubeql`` and ``python`` are the ones under test."""
    for name, words in (("cubeql", "-m cubeql"), ("python", "")):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    packages = os.pathsep.join((str(ROOT), str(ROOT / "drivers")))
    return {**os.environ, "PATH": path, "PYTHONPATH": packages, "CUBEQL_STORE": "cubeql-demo"}


@pytest.mark.slow
@pytest.mark.parametrize("block", _named("cubeql"))
def test_statements_run_or_fail_as_said(session: Any, block: Block) -> None:
    _run(session, block)


@pytest.mark.parametrize("block", _named("cubeql", on_the_cube=True))
def test_statements_run_on_the_layers_of_the_tests(cube: Any, block: Block) -> None:
    _run(cube, block)


@pytest.mark.parametrize("block", list(blocks("json")), ids=lambda b: b.name)
def test_json_can_be_read(block: Block) -> None:
    assert json.loads(block.text)


def _run(session: Any, block: Block) -> None:
    for statement, _ in split_statements(block.text):
        if block.fault is not None:
            with pytest.raises(cubeql.QueryError) as caught:
                session.query(statement)
            assert block.fault in {d.code for d in caught.value.diagnostics}, statement
            continue
        with session.query(statement) as result:
            assert result.message is not None or result.to_arrow().num_rows > 0, f"no rows: {statement}"


@pytest.mark.slow
@pytest.mark.parametrize("block", _named("python"))
def test_python_runs(workplace: Path, programs: dict[str, str], block: Block) -> None:
    ran = subprocess.run(["python", "-W", "error::DeprecationWarning:cubeql", "-c", block.text], cwd=workplace,
                         env=programs, capture_output=True, text=True)  # fmt: skip
    assert ran.returncode == 0, ran.stderr


@pytest.mark.slow
@pytest.mark.parametrize("block", _named("sh"))
def test_shell_commands_run(workplace: Path, programs: dict[str, str], block: Block) -> None:
    script = f"set -euo pipefail\n{block.text}"
    ran = subprocess.run(["bash", "-c", script], cwd=workplace, env=programs, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() or ran.stderr.strip()  # reports of upkeep are no data


@pytest.mark.parametrize("block", [b for b in blocks("cubeql") if b.fault is None], ids=lambda b: b.name)
def test_statements_can_be_read_and_are_formatted_alike(block: Block) -> None:
    """Without a store: a page must not go stale in the inner loop."""
    assert parse(format_text(block.text)) == parse(block.text)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_block_says_what_it_is(page: Path) -> None:
    fences = [line[3:] for line in page.read_text("utf-8").splitlines() if line.startswith("```")]
    opening = fences[::2]
    assert set(opening) <= LANGUAGES, "a block of a language that no test runs"
    assert set(fences[1::2]) <= {""}
