"""``cubeql audit``: what was written down, and what is no more."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from cubeql.server.audit import Book
from cubeql.server.deeds import Deed, Origin
from cubeql.storage import Store
from tests.cli.conftest import Run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(Book(tmp_path / "audit")) as book:
        book.deed(Deed(Origin("anna", "a1"), "SELECT 1", "query", reads={"dem": 3, "bert.x": None}, rows=7))
        book.deed(Deed(Origin("bert", "b2"), "SHOW LAYERS", "show"))
    return tmp_path / "audit"


def test_lines_are_shown_of_a_user_and_a_time(run_here: Run, folder: Path, tmp_path: Path) -> None:
    ran = run_here("audit", "show", "--folder", str(folder), "--format", "jsonl")
    anna, bert = (json.loads(line) for line in ran.text.splitlines())
    assert (anna["user"], anna["reads"], anna["rows"], bert["kind"]) == ("anna", "dem@3, bert.x", 7, "show")
    config = tmp_path / "server.toml"
    config.write_text('[audit]\nfolder = "audit"\n')
    one = run_here("audit", "show", "--config", str(config), "--user", "BERT", "--format", "csv").text
    assert "bert" in one and "anna" not in one
    for words, lines in ((("--until", "2020-01-01"), 1), (("--since", "2020-01-01T00:00+02:00"), 3)):
        ran = run_here("audit", "show", "--folder", str(folder), "--format", "csv", *words)
        assert len(ran.text.splitlines()) == lines


@pytest.mark.parametrize("words,says", [
    ((), "--folder DIR, or --config FILE"), (("--folder", "x", "--config", "y"), "--folder DIR, or --config FILE"),
    (("--folder", "nowhere"), "cannot be read"), (("--folder", ".", "--since", "soon"), "no day or time"),
])  # fmt: skip
def test_what_means_nothing_is_refused(run_here: Run, words: tuple[str, ...], says: str) -> None:
    ran = run_here("audit", "show", *words)
    assert ran.code == 2 and says in ran.err and not ran.text


def test_a_user_is_erased_and_the_labels_of_his_tokens(run_here: Run, folder: Path, tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store", create=True)
    store.tokens.create("Anna", label="Anna's own notebook")
    store.tokens.create("bert", label="stays")
    ran = run_here("audit", "erase", "anna", "--folder", str(folder), "--store", str(tmp_path / "store"))
    assert ran.code == 0 and "anna: 1 lines removed and 0 lines of others changed in 1 files" in ran.err
    assert "1 labels of tokens removed" in ran.err
    assert {t.user: t.label for t in store.tokens.all()} == {"anna": "", "bert": "stays"}
    shown = run_here("audit", "show", "--folder", str(folder), "--format", "csv").text
    assert "anna" not in shown and "bert" in shown
