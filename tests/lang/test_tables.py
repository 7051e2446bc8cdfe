"""The grammar, its tables and where they are kept."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lark import Lark, logger

from cubeql.lang import lr, parse, tables
from cubeql.lang.build import ACTIONS
from cubeql.lang.compile_grammar import compile_grammar
from cubeql.lang.grammar import grammar_folder
from tests.lang.reading import TWELVE


def test_every_rule_has_its_building_function_and_every_function_its_rule() -> None:
    def builds(rule: tables.Rule) -> bool:
        return rule.name[0] != "_" and not (rule.passes and len(rule.shape) == 1 and not rule.nones_after)

    named = {rule.name for rule in tables.tables().rules if builds(rule)}
    assert named - {"script"} == set(ACTIONS)


def stock_parser() -> Lark:
    """The grammar as Lark itself reads it."""
    main_file = str(grammar_folder() / "cubeql.lark")
    return Lark.open(main_file, parser="lalr", start=["statement", "script"], debug=True)


def test_grammar_has_no_conflict_but_the_known_one(caplog: pytest.LogCaptureFixture) -> None:
    """ROWS or RANGE behind OVER TIME inside a window's ORDER BY belongs to OVER TIME."""
    caplog.set_level(logging.DEBUG, logger="lark")
    logger.addHandler(caplog.handler)
    stock_parser()
    logger.removeHandler(caplog.handler)
    told = {record.message for record in caplog.records if record.levelno >= logging.WARNING}
    conflicts = {f"Shift/Reduce conflict for terminal {word}: (resolving as shift)" for word in ("ROWS", "RANGE")}
    assert told == conflicts | {" * <over : OVER TIME>"}


def test_lark_itself_reads_the_twelve_statements() -> None:
    parser = stock_parser()
    for text in TWELVE:
        parser.parse(text, start="statement")


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    """What Lark makes of the grammar, made once."""
    return compile_grammar()


@pytest.fixture
def elsewhere(tmp_path: Path, compiled: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder of its own, and no tables in memory."""
    monkeypatch.setattr(tables, "cache_file", lambda: tmp_path / "cache" / "tables.json")
    monkeypatch.setattr("cubeql.lang.compile_grammar.compile_grammar", lambda: compiled)
    yield tmp_path / "cache"
    forget()


def forget() -> None:
    """Throw away what is kept in memory of the tables: the numbers of their states may differ."""
    tables.tables.cache_clear()
    lr._landing.cache_clear()


@pytest.fixture(autouse=True)
def fresh() -> None:
    forget()


def test_tables_are_made_once_and_then_read(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tables.tables()
    assert [file.name for file in elsewhere.iterdir()] == ["tables.json"]
    monkeypatch.setattr("cubeql.lang.compile_grammar.compile_grammar", None)
    forget()
    assert tables.tables() == made


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1, "hash": "of another grammar"}'])
def test_a_spoilt_cache_is_made_anew(elsewhere: Path, content: str) -> None:
    elsewhere.mkdir()
    (elsewhere / "tables.json").write_text(content)
    assert tables.tables().states
    assert json.loads((elsewhere / "tables.json").read_text())["states"]


def test_a_cache_that_cannot_be_written_is_no_fault(elsewhere: Path) -> None:
    elsewhere.write_text("a file where the folder should be")
    assert parse("SELECT a FROM s2")
    assert tables.tables().states


def test_saved_tables_are_those_of_the_grammar(elsewhere: Path, compiled: dict[str, Any]) -> None:
    tables.tables()
    saved = json.loads((elsewhere / "tables.json").read_text())
    assert {key: saved[key] for key in compiled} == json.loads(json.dumps(compiled))


def test_reading_a_query_with_saved_tables_loads_no_lark() -> None:
    parse("SELECT a FROM s2")
    program = "import sys, cubeql.lang as l; l.parse('SELECT a FROM s2'); sys.exit('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=grammar_folder().parent, check=False)
    assert done.returncode == 0
