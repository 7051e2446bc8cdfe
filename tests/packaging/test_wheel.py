"""The package as users get it: sdist, wheel made from it, a clean environment, the demo."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
MOST_BYTES = 12_000_000
DEMO = """
import sys, cubeql
from cubeql.demo.layers import LAYERS, ROWS
from cubeql.demo.run import build
some = [layer for layer in (*LAYERS, *ROWS) if layer.name in ("s2_20m", "trees", "towers")]
with cubeql.connect(sys.argv[1], create=True) as session:
    assert all(built.cells for built in build(session, print, some))
"""
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
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def _declared(found: metadata.PathDistribution) -> dict[str, metadata.Distribution]:
    """The distributions of this environment that one declares, and those that these declare, by name.

    One that is missing or of another version than is declared fails.
    """
    declared: dict[str, metadata.Distribution] = {}
    wanted = [(text, "") for text in found.requires or ()]
    while wanted:
        text, extra = wanted.pop()
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        there = metadata.distribution(requirement.name)
        assert requirement.specifier.contains(there.version, prereleases=True), f"{text}: {there.version}"
        if requirement.name not in declared or requirement.extras:
            declared[requirement.name] = there
            wanted += [(t, e) for t in there.requires or () for e in ("", *requirement.extras)]
    return declared


def _link(distribution: metadata.Distribution, folder: Path) -> None:
    """Have what a distribution installed in another environment, without copying it."""
    for top in {path.parts[0] for path in distribution.files or ()} - {"..", "__pycache__"}:
        if not (folder / top).exists():
            (folder / top).symlink_to(Path(str(distribution.locate_file(top))))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and what it declares, nothing else; the folder of its programs."""
    folder = tmp_path_factory.mktemp("environment")
    _run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    _run(
        *(sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "--quiet", "--no-deps"),
        *("--no-index", "--disable-pip-version-check", wheel),
        cwd=folder,
    )
    (packages,) = folder.glob("lib/python*/site-packages")
    (installed,) = metadata.distributions(path=[str(packages)])
    assert isinstance(installed, metadata.PathDistribution)
    for distribution in _declared(installed).values():
        _link(distribution, packages)
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


def test_only_what_is_declared_is_there(environment: Path, tmp_path: Path) -> None:
    """Otherwise the tests below would not see that a dependency is not declared."""
    program = "from importlib.util import find_spec; print(*map(find_spec, ('duckdb', 'pytest', 'botocore')))"
    duckdb, *others = _run(environment / "python", "-c", program, cwd=tmp_path).rsplit(maxsplit=2)
    assert "None" not in duckdb and others == ["None", "None"]


def test_the_demo_runs_in_a_clean_environment(environment: Path, tmp_path: Path) -> None:
    """A layer of each kind of file: tests/truth has all of them made, and asks the questions."""
    _run(environment / "python", "-c", DEMO, "store", cwd=tmp_path)
    listed = _run(environment / "cubeql", "layers", "store", "--format", "csv", cwd=tmp_path)
    assert len(listed.splitlines()) == 4
    shown = _run(environment / "cubeql", "store", "-c", "SELECT avg(tree_cover) FROM trees", cwd=tmp_path)
    assert shown.strip()


def test_nothing_is_broken_in_a_clean_environment(environment: Path, tmp_path: Path) -> None:
    findings = _run(environment / "cubeql", "doctor", cwd=tmp_path).splitlines()
    assert {line.split()[0] for line in findings} == {"ok", "note"}


def test_types_are_there_for_those_who_import_it(environment: Path, tmp_path: Path) -> None:
    found = _run(environment / "python", "-c", "import cubeql, sys; print(cubeql.__version__)", cwd=tmp_path)
    _run(environment / "python", "-m", "cubeql", "--version", cwd=tmp_path)
    assert found.strip()
