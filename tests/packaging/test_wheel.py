"""The package as users get it: sdist, wheel made from it, a clean environment, the demo."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_BYTES = 12_000_000
pytestmark = pytest.mark.slow


def _run(*words: str | Path, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "CUBEQL_STORE")}
    ran = subprocess.run([str(w) for w in words], cwd=cwd, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, f"{words}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean virtual environment with the wheel alone; the folder of its programs."""
    folder = tmp_path_factory.mktemp("environment")
    _run(sys.executable, "-m", "venv", folder, cwd=folder)
    _run(
        folder / "bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        wheel,
        cwd=folder,
    )
    return folder / "bin"


def test_the_wheel_holds_every_module_and_data_file(files: set[str]) -> None:
    there = [f for f in (ROOT / "cubeql").rglob("*") if f.is_file() and "__pycache__" not in f.parts]
    assert {str(f.relative_to(ROOT)) for f in there} - files == set()


def test_the_wheel_holds_grammar_tables_and_licence(files: set[str]) -> None:
    assert {f"cubeql/_grammar/{name}" for name in ("cubeql.lark", "lexical.lark", "tables.json")} <= files
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in files)


def test_the_wheel_takes_no_name_that_belongs_to_others(files: set[str]) -> None:
    top = {name.split("/")[0] for name in files if ".dist-info" not in name}
    assert top == {"cubeql", "cubeql_tui", "adbc_driver_cubeql"}


def test_the_wheel_carries_nothing_that_was_left_lying_about(files: set[str]) -> None:
    assert [n for n in files if "__pycache__" in n or n.endswith((".pyc", ".part", ".ipynb"))] == []


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < MOST_BYTES


def test_the_sdist_holds_what_the_tests_need(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "grammar/cubeql.lark", "tests/test_house.py"} <= names


def test_the_demo_runs_in_a_clean_environment(environment: Path, tmp_path: Path) -> None:
    shown = _run(environment / "cubeql", "demo", "--store", tmp_path / "store", cwd=tmp_path)
    assert "SELECT" in shown
    listed = _run(environment / "cubeql", "layers", tmp_path / "store", "--format", "csv", cwd=tmp_path)
    assert len(listed.splitlines()) > 5


def test_nothing_is_broken_in_a_clean_environment(environment: Path, tmp_path: Path) -> None:
    findings = _run(environment / "cubeql", "doctor", cwd=tmp_path).splitlines()
    assert {line.split()[0] for line in findings} == {"ok", "note"}


def test_types_are_there_for_those_who_import_it(environment: Path, tmp_path: Path) -> None:
    found = _run(environment / "python", "-c", "import cubeql, sys; print(cubeql.__version__)", cwd=tmp_path)
    _run(environment / "python", "-m", "cubeql", "--version", cwd=tmp_path)
    assert found.strip()
