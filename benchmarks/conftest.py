"""Options of ``pytest benchmarks``: which rows, on which data."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks import data
from benchmarks.__main__ import arguments, rows_of
from cubeql.session import Session

_OPEN = pytest.StashKey[ExitStack]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Those of ``python -m benchmarks`` that say what is measured."""
    group = parser.getgroup("cubeql benchmarks")
    group.addoption("--rows", default="", help="rows whose names begin so, by comma; all unless told")
    group.addoption("--cells", type=int, default=13_000_000, help="cells of a layer, all dates together")
    group.addoption("--data", type=Path, help="where data is made and kept; a temporary folder unless told")


def pytest_configure(config: pytest.Config) -> None:
    """CPU seconds of all threads and children, for these do not care who else uses the machine."""
    if config.pluginmanager.hasplugin("benchmark"):
        config.option.benchmark_timer = "benchmarks.measure.cpu_seconds"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test a row."""
    if "row" not in metafunc.fixturenames:
        return
    told = metafunc.config.option
    held = metafunc.config.stash.setdefault(_OPEN, ExitStack())
    folder = told.data or Path(held.enter_context(tempfile.TemporaryDirectory(prefix="cubeql-benchmarks-")))
    made = data.make(folder / f"cells{told.cells}", told.cells)
    session = held.enter_context(Session.open(made.folder / "store"))
    rows = rows_of(session, made, arguments(["--only", told.rows] if told.rows else []))
    metafunc.parametrize("row", [pytest.param(row, id=row.name) for row in rows])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the session and remove data that was not to be kept."""
    config.stash.setdefault(_OPEN, ExitStack()).close()
