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
    ("pillow", "PIL"),
    ("prompt_toolkit", "prompt_toolkit"),
    ("textual", "textual"),
)
_OPTIONAL = (
    ("geopandas", "Result.to_geopandas", "geo"),
    ("polars", "Result.to_polars", "polars"),
    ("obstore", "stores on s3://", "s3"),
    ("botocore", "keys of s3://", "s3"),
    ("duckdb-extension-httpfs", "queries on s3://", "s3"),
    ("textual-serve", "cubeql tui --web", "web"),
    ("adbc-driver-flightsql", "ADBC on served stores", "flight"),
    ("prometheus-client", "[metrics] of cubeql serve", "serve"),
    ("ipython", "%%cubeql in notebooks", "notebook"),
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
    yield _check_flight()
    yield _check_grammar()
    yield _check_engine()
    yield _check_engine_on_s3()
    encoding = getattr(sys.stdout, "encoding", None) or "none"
    yield Finding("ok", "terminal", f"encoding {encoding}, {shutil.get_terminal_size().columns} columns")


def check_preferences() -> Finding:
    """Which file of preferences the prompt and the screen read, and whether they can."""
    from cubeql.preferences import default_file, read

    try:
        there = read().file is not None
    except CubeQLError as fault:
        return Finding("broken", "preferences", str(fault))
    file = default_file()
    return Finding("ok", "preferences", f"of {file}" if there else f"none; {file} would be read")


def check_store(address: str | None) -> Iterator[Finding]:
    """Whether the store opens, what it holds, whether it can be written, what its cache takes."""
    named = address or os.environ.get("CUBEQL_STORE")
    folder = Path(named or "cubeql-store")
    if not named and not folder.exists():
        there = f"none at {folder.absolute()}; `cubeql demo` or `cubeql ingest` makes one"
        yield Finding("note", "store", there)
        return
    opened = _check_layers(named or str(folder))
    yield opened
    if opened.state == "ok" and folder.is_dir():
        yield _check_writable(folder)
        yield _check_space(folder)
        yield _check_cache(folder / "cache")


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
        return Finding("note", distribution, f"not installed; {purpose} needs it (extra: {extra})")


def _check_flight() -> Finding:
    try:
        importlib.import_module("pyarrow.flight")
        return Finding("ok", "flight", "pyarrow has Arrow Flight: stores can be served, and served ones connected to")
    except ImportError as fault:
        return Finding("note", "flight", f"pyarrow is built without Arrow Flight: no serving, no flight:// ({fault})")


def _check_grammar() -> Finding:
    try:
        from cubeql.lang import parse

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


def _check_engine_on_s3() -> Finding:
    from cubeql.engine.remote import MAY_INSTALL, extension_file, load_extension
    from cubeql.errors import StoreError

    try:
        import duckdb

        with duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"}) as connection:
            load_extension(connection)
    except StoreError as fault:
        return Finding("note", "engine on S3", str(fault))
    except Exception as fault:
        return Finding("broken", "engine on S3", f"{type(fault).__name__}: {fault}")
    brought = f"installed by DuckDB itself (see {MAY_INSTALL})" if extension_file() is None else "of its package"
    return Finding("ok", "engine on S3", f"the httpfs extension {brought} loads")


def _check_layers(address: str) -> Finding:
    import cubeql

    try:
        with cubeql.connect(address) as session:
            for name in session.store.layer_names():
                session.store.layer(name)
            return Finding("ok", "store", f"{address} opens, layers: {len(session.layers)}")
    except CubeQLError as fault:
        return Finding("broken", "store", str(fault))
    except Exception as fault:
        return Finding("broken", "store", f"{address}: {type(fault).__name__}: {fault}")


def _check_writable(folder: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Finding("ok", "writing", f"{folder} can be written")
    except OSError as fault:
        return Finding("note", "writing", f"{folder} can only be read: {fault.strerror}")


def _check_space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    return Finding("note" if free < _LITTLE_SPACE else "ok", "space", f"{free / 1e9:.1f} GB free")


def _check_cache(folder: Path) -> Finding:
    taken = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else 0
    return Finding("ok", "cache", f"{taken / 1e6:.1f} MB; it is made again when it is deleted")
