"""The page about other programs: each of its programs, on a server of their own."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import ROOT, Block, blocks
from tests.server.conftest import Served, serve_store
from tests.support.demo_store import shared_demo_store

PAGE = ROOT / "docs" / "how-to" / "clients.md"
PLACE = "cubes.example.org:8815"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A copy of the demo's store that may be changed."""
    demo = shared_demo_store(tmp_path_factory, "climate", "countries", "dem")
    store = shutil.copytree(demo, tmp_path_factory.mktemp("clients") / "store")
    with ExitStack() as closing:
        yield serve_store(Path(store), {}, closing)


def at(served: Served, text: str) -> str:
    """A text of the page with the address of a server that is there, on this machine, which is spoken to plainly."""
    assert PLACE in text
    return text.replace("grpc+tls://", "grpc://").replace(PLACE, served.address.removeprefix("flight://"))


@pytest.mark.parametrize(
    "block", [pytest.param(b, id=f"line {b.line}") for b in blocks("python") if b.page == PAGE]
)  # fmt: skip
def test_programs_do_what_the_page_says(served: Served, monkeypatch: pytest.MonkeyPatch, block: Block) -> None:
    monkeypatch.setenv("CUBEQL_TOKEN", served.token("anna", "keeper"))
    exec(compile(at(served, block.text), block.name, "exec"), {})


def test_rows_that_the_page_sends_are_layers(served: Served) -> None:
    """What the programs before have written."""
    names = [layer.name for layer in served.house.layers]
    assert "anna.summits" in names and "anna.cold" in names


def test_the_profile_opens_a_connection(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import adbc_driver_flightsql
    from adbc_driver_manager import dbapi

    (block,) = (b for b in blocks("toml") if b.page == PAGE)
    assert tomllib.loads(block.text)["driver"] == "adbc_driver_flightsql"
    driver = f'driver = "{adbc_driver_flightsql._driver_path()}"'
    text = at(served, block.text).replace('driver = "adbc_driver_flightsql"', driver)
    (tmp_path / "cubes.toml").write_text(text)
    monkeypatch.setenv("ADBC_PROFILE_PATH", str(tmp_path))
    monkeypatch.setenv("CUBEQL_TOKEN", served.token("anna", "keeper"))
    with dbapi.connect(profile="cubes", autocommit=True) as connection, connection.cursor() as cursor:
        assert cursor.execute("SELECT count(*) AS n FROM dem").fetchone()[0] > 0


def test_the_programs_that_were_tested_are_named() -> None:
    """The versions stand for a run by hand, of all questions; a name that is no package here would be a slip."""
    rows = re.findall(r"^\| ([a-z-]+)(?:, ([a-z-]+))?[^|]*\| \d+\.\d+", PAGE.read_text("utf-8"), re.MULTILINE)
    names: set[Any] = {name for row in rows for name in row if name} - {"ibis-framework", "sqlalchemy-adbc"}
    assert names and all(importlib.metadata.version(name) for name in names)
