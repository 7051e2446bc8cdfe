"""The page about served stores: its blocks, on a server of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, blocks
from tests.docs.test_blocks import programs
from tests.server.conftest import Served, serve_store
from tests.support.demo_store import shared_demo_store

PAGE = ROOT / "docs" / "how-to" / "connect.md"
__all__ = ["programs"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo's store, served; a copy, since tokens are kept in it."""
    demo = shared_demo_store(tmp_path_factory, "climate", "dem")
    store = shutil.copytree(demo, tmp_path_factory.mktemp("connect") / "store")
    with ExitStack() as closing:
        yield serve_store(Path(store), {}, closing)


def text_of(language: str, served: Served) -> str:
    text = "\n".join(block.text for block in blocks(language) if block.page == PAGE)
    assert "flight://cubes.example.org:8815" in text
    return text.replace("flight://cubes.example.org:8815", served.address).replace("mytoken", served.keeper)


def test_the_program_does_what_the_page_says(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUBEQL_TOKEN", served.keeper)
    exec(compile(text_of("python", served), str(PAGE), "exec"), {})
    said = capsys.readouterr().out
    assert "'climate'" in said and "aggregate avg(elevation)" in said
    assert (tmp_path / "alps.parquet").stat().st_size > 1000


@pytest.mark.skipif(sys.platform == "win32", reason="the page's commands are a shell's")
def test_the_commands_do_what_the_page_says(served: Served, tmp_path: Path, programs: dict[str, str]) -> None:
    script = f"set -euo pipefail\n{text_of('sh', served)}"
    ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, env=programs)
    assert ran.returncode == 0, ran.stderr
    assert "climate" in ran.stdout and "aggregate avg(elevation)" in ran.stdout
    assert float((tmp_path / "highest.csv").read_text().splitlines()[1]) > 4000
