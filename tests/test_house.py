"""The house itself: sizes, streams, start-up and names that hold everywhere."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    file
    for room in ("cubeql", "tui", "drivers", "tests", "benchmarks", "scripts")
    for file in (ROOT / room).rglob("*.py")
)
PRODUCT = [file for file in MODULES if file.is_relative_to(ROOT / "cubeql")]
MOST_LINES = 400
MOST_LINES_IN_A_FUNCTION = 60
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
HEAVY = {
    "IPython",
    "PIL",
    "adbc_driver_manager",
    "deltalake",
    "duckdb",
    "geopandas",
    "h3",
    "h3ronpy",
    "lark",
    "netCDF4",
    "numpy",
    "pandas",
    "polars",
    "prompt_toolkit",
    "pyarrow",
    "pyogrio",
    "pyproj",
    "rasterio",
    "shapely",
    "textual",
    "xarray",
}


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    docstring = 0
    if ast.get_docstring(node) is not None:
        docstring = (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
    return (node.end_lineno or 0) - node.lineno + 1 - docstring


def test_no_module_outgrows_a_sitting() -> None:
    """A module of declarations alone, such as the syntax tree, reads like a table and may be longer."""
    long = {
        _name(file): lines
        for file in MODULES
        if (lines := len((text := file.read_text("utf-8")).splitlines())) >= MOST_LINES
        and any(_functions(ast.parse(text)))
    }
    assert long == {}


def test_no_function_outgrows_a_page() -> None:
    long = {
        f"{_name(file)}:{node.lineno} {node.name}": _length(node)
        for file in MODULES
        for node in _functions(ast.parse(file.read_text("utf-8")))
        if _length(node) > MOST_LINES_IN_A_FUNCTION
    }
    assert long == {}


def test_every_name_of_a_module_says_what_is_in_it() -> None:
    assert [_name(f) for f in MODULES if {f.stem, *f.relative_to(ROOT).parts[:-1]} & VAGUE] == []


def test_every_room_says_what_it_is() -> None:
    rooms = [f for f in PRODUCT if f.name == "__init__.py"]
    assert [_name(f) for f in rooms if not ast.get_docstring(ast.parse(f.read_text("utf-8")))] == []


@pytest.mark.parametrize(
    ("stream", "allowed"),
    [
        ("stdout", ("cubeql/cli/output/", "cubeql/cli/health.py", "cubeql/cli/shell/", "cubeql/cli/process.py")),
        ("stderr", ("cubeql/cli/diagnostics.py", "cubeql/cli/process.py")),
    ],
)
def test_one_place_writes_each_stream(stream: str, allowed: tuple[str, ...]) -> None:
    """``health`` and the prompt ask stdout what it is (its encoding, a terminal or not), ``process`` empties it at the
    end; they write nothing."""
    users = [
        _name(file)
        for file in PRODUCT
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in (stream, f"__{stream}__")
        and isinstance(node.value, ast.Name) and node.value.id == "sys"
    ]  # fmt: skip
    assert [user for user in users if not user.startswith(allowed)] == []


@pytest.mark.parametrize(
    "start",
    [
        "import cubeql",
        "import cubeql.errors, cubeql.catalog",
        "from cubeql.cli.main import main; main(['--version'])",
        "from cubeql.cli.main import main; main(['ingest', '--help'])",
    ],
)
def test_starting_loads_nothing_heavy(start: str) -> None:
    code = f"{start}; import sys; print('\\nloaded:', *sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = ran.stdout.rpartition("loaded:")[2].split()
    assert {name.split(".")[0] for name in loaded} & HEAVY == set()


def test_importing_loads_no_other_room_than_errors() -> None:
    code = "import cubeql, sys; print(*(m for m in sys.modules if m.startswith('cubeql.')))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert {name.split(".")[1] for name in ran.stdout.split()} == {"errors"}
