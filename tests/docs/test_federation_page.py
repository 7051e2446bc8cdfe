"""The page about attached servers: its program, on a server of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import cubeql
from cubeql.server.serving import Serving
from cubeql.server.settings import ServerSettings
from tests.docs.blocks import ROOT, blocks
from tests.support.attaching import hand
from tests.support.demo_store import shared_demo_store

PAGE = ROOT / "docs" / "how-to" / "federation.md"


def test_the_program_does_what_the_page_says(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "\n".join(block.text for block in blocks("python") if block.page == PAGE)
    monkeypatch.chdir(tmp_path)
    store = shutil.copytree(shared_demo_store(tmp_path_factory, "climate", "dem"), tmp_path / "theirs")
    with cubeql.connect(store) as house:
        serving = Serving(house, ServerSettings.of(flight={"address": "127.0.0.1:0"}))
        hand(monkeypatch, tmp_path, serving.address, house.store.tokens.create("anna", "keeper")[1])
        try:
            exec(compile(text.replace("flight://cubes.example.org:8815", serving.address), str(PAGE), "exec"), {})
        finally:
            serving.stop()
    said = capsys.readouterr().out
    assert "lrz.climate" in said and "lrz.dem" in said
    assert "shipped to lrz: SELECT cell, avg(t2m) AS t FROM climate VERSION" in said
