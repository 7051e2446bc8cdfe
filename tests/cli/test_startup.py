"""What starting costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
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


def _loaded(code: str) -> set[str]:
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in ran.stdout.split()} & HEAVY


@pytest.mark.parametrize(
    "code",
    ["import cubeql", "import cubeql.cli.main", "from cubeql.cli.main import main; main(['--version'])"],
)
def test_starting_loads_nothing_heavy(code: str) -> None:
    assert _loaded(code) == set()
