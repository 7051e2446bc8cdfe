"""Pages made of the product's own tables are up to date, and links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, ROOT

_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_the_pages_of_functions_and_faults_are_up_to_date() -> None:
    ran = subprocess.run(
        [sys.executable, ROOT / "scripts/make_reference.py", "--check"], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = [t for t in _LINK.findall(page.read_text("utf-8")) if "://" not in t]
    assert [t for t in targets if not (page.parent / t).exists()] == []


_PATH = re.compile(r"`((?:cubeql|tests|docs|grammar|scripts|benchmarks)/[\w./-]+)`")
_GUIDES = sorted((ROOT / "docs/how-to").glob("add-*.md"))


@pytest.mark.parametrize("page", _GUIDES, ids=lambda p: p.name)
def test_guides_name_files_that_are_there(page: Path) -> None:
    named = set(_PATH.findall(page.read_text("utf-8"))) - _MADE_BY_THE_READER
    assert named and [n for n in sorted(named) if not (ROOT / n).exists()] == []


_MADE_BY_THE_READER = {"tests/cases/function/gndvi.case"}


def test_each_way_of_adding_has_a_guide() -> None:
    assert {page.stem for page in _GUIDES} >= {"add-a-function", "add-syntax", "add-a-rule", "add-an-error"}
