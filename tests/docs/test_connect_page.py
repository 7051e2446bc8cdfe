"""The page about served stores: its blocks, on a server of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cubeql
from cubeql.catalog.rights import Who
from cubeql.server.serving import Serving
from cubeql.server.settings import ServerSettings
from tests.docs.blocks import ROOT, blocks
from tests.docs.test_blocks import programs
from tests.support.demo_store import shared_demo_store

PAGE = ROOT / "docs" / "how-to" / "connect.md"
__all__ = ["programs"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the demo's store is served to whoever shows ``mytoken``."""
    with cubeql.connect(shared_demo_store(tmp_path_factory, "climate", "dem")) as house:
        who = {"mytoken": Who("anna", keeper=True, writes=True)}
        serving = Serving(house, who.get, ServerSettings.of(flight={"address": "127.0.0.1:0"}))
        yield serving.address
        serving.stop()


def text_of(language: str, address: str) -> str:
    text = "\n".join(block.text for block in blocks(language) if block.page == PAGE)
    assert "flight://cubes.example.org:8815" in text
    return text.replace("flight://cubes.example.org:8815", address)


def test_the_program_does_what_the_page_says(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUBEQL_TOKEN", "mytoken")
    exec(compile(text_of("python", address), str(PAGE), "exec"), {})
    said = capsys.readouterr().out
    assert "'climate'" in said and "aggregate avg(elevation)" in said
    assert (tmp_path / "alps.parquet").stat().st_size > 1000


@pytest.mark.skipif(sys.platform == "win32", reason="the page's commands are a shell's")
def test_the_commands_do_what_the_page_says(address: str, tmp_path: Path, programs: dict[str, str]) -> None:
    script = f"set -euo pipefail\n{text_of('sh', address)}"
    ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, env=programs)
    assert ran.returncode == 0, ran.stderr
    assert "climate" in ran.stdout and "aggregate avg(elevation)" in ran.stdout
    assert float((tmp_path / "highest.csv").read_text().splitlines()[1]) > 4000
