"""What can be found out about an installation and a store, finding by finding."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cubeql.errors import CubeQLError

# Distribution and module, in the order in which they are needed.
_NEEDED = (
    ("numpy", "numpy"),
    ("h3", "h3"),
    ("lark", "lark"),
    ("pyarrow", "pyarrow"),
    ("duckdb", "duckdb"),
    ("deltalake", "deltalake"),
    ("h3ronpy", "h3ronpy"),
    ("shapely", "shapely"),
    ("pyproj", "pyproj"),
    ("pyogrio", "pyogrio"),
    ("rasterio", "rasterio"),
    ("netCDF4", "netCDF4"),
    ("xarray", "xarray"),
    ("pandas", "pandas"),
)
_OPTIONAL = (
    ("geopandas", "Result.to_geopandas", "geo"),
    ("polars", "Result.to_polars", "polars"),
    ("duckdb-extension-httpfs", "stores on s3://", "s3"),
    ("textual", "the terminal application", "tui"),
    ("prompt_toolkit", "the rich prompt", "shell"),
)
_LITTLE_SPACE = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: ``ok``, a ``note`` worth knowing, or ``broken``."""

    state: Literal["ok", "note", "broken"]
    subject: str
    text: str

    def as_dict(self) -> dict[str, str]:
        """Plain values for JSON."""
        return {"state": self.state, "subject": self.subject, "text": self.text}


def check_installation() -> Iterator[Finding]:
    """Python, the packages, the grammar, the engine, the terminal."""
    from cubeql import __version__

    yield Finding("ok", "cubeql", f"{__version__} in {Path(__file__).parents[1]}")
    yield Finding("ok", "python", f"{platform.python_version()} on {platform.platform()}, {os.cpu_count()} CPUs")
    for distribution, module in _NEEDED:
        yield _check_package(distribution, module)
    for distribution, purpose, extra in _OPTIONAL:
        yield _check_optional(distribution, purpose, extra)
    yield _check_grammar()
    yield _check_engine()
    encoding = getattr(sys.stdout, "encoding", None) or "none"
    yield Finding("ok", "terminal", f"encoding {encoding}, {shutil.get_terminal_size().columns} columns")


def check_store(address: str | None) -> Iterator[Finding]:
    """Whether the store opens, what it holds, whether it can be written."""
    named = address or os.environ.get("CUBEQL_STORE")
    folder = Path(named or "cubeql-store")
    if not named and not folder.exists():
        yield Finding("note", "store", f"none at {folder.absolute()}; `cubeql demo` or `cubeql ingest` makes one")
        return
    try:
        yield _check_layers(address)
    except CubeQLError as fault:
        yield Finding("broken", "store", str(fault))
        return
    if folder.is_dir():
        yield _check_writable(folder)
        yield _check_space(folder)


def _check_package(distribution: str, module: str) -> Finding:
    try:
        importlib.import_module(module)
        return Finding("ok", distribution, importlib.metadata.version(distribution))
    except Exception as fault:
        return Finding("broken", distribution, f"cannot be imported: {type(fault).__name__}: {fault}")


def _check_optional(distribution: str, purpose: str, extra: str) -> Finding:
    try:
        return Finding("ok", distribution, importlib.metadata.version(distribution))
    except importlib.metadata.PackageNotFoundError:
        return Finding("note", distribution, f"not installed; {purpose} needs it: pip install 'cubeql[{extra}]'")


def _check_grammar() -> Finding:
    from cubeql.lang import parse

    try:
        parse("SHOW LAYERS")
    except Exception as fault:
        return Finding("broken", "grammar", f"{type(fault).__name__}: {fault}")
    return Finding("ok", "grammar", "found, and parses")


def _check_engine() -> Finding:
    try:
        import duckdb

        with duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"}) as connection:
            rows = connection.execute(
                "SELECT extension_name FROM duckdb_extensions() WHERE loaded OR installed ORDER BY 1"
            ).fetchall()
    except Exception as fault:
        return Finding("broken", "engine", f"{type(fault).__name__}: {fault}")
    return Finding("ok", "engine", f"DuckDB extensions there: {', '.join(r[0] for r in rows) or 'none'}")


def _check_layers(address: str | None) -> Finding:
    import cubeql

    with cubeql.connect(address) as session:
        count = len(session.layers)
    return Finding(
        "ok", "store", f"{address or os.environ.get('CUBEQL_STORE') or 'cubeql-store'} opens, layers: {count}"
    )


def _check_writable(folder: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Finding("ok", "writing", f"{folder} can be written")
    except OSError as fault:
        return Finding("note", "writing", f"{folder} can only be read: {fault.strerror}")


def _check_space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    return Finding("note" if free < _LITTLE_SPACE else "ok", "space", f"{free / 1e9:.1f} GB free")
