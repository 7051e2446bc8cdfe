"""DuckDB, set up once a session: no extensions from the network, UTC, no progress bar of its own."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

import duckdb

from cubeql.engine.cellfunctions import provide_cell_functions
from cubeql.engine.marks import provide_marks
from cubeql.errors import ConfigError
from cubeql.plan.alike import MOST_BITS
from cubeql.sql.printer import literal
from cubeql.storage.addresses import Address


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What the engine may use.

    Attributes:
        threads: number of threads; None takes one a core.
        memory_limit: of the process, as DuckDB writes it (``4GB``), see :func:`engine_share`; None takes the engine's
            own default, 80 % of the machine's.
        array_memory: for arrays that stay decoded, of the memory limit; None takes a tenth.
        temp_folder: where data that outgrows memory goes; None means the system's own.
    """

    threads: int | None = None
    memory_limit: str | None = None
    array_memory: str | None = None
    temp_folder: str | None = None

    @staticmethod
    def of(settings: object, address: Address) -> EngineSettings:
        """Those among settings, for a store."""
        chosen = {f.name: getattr(settings, f.name) for f in fields(EngineSettings)}
        return EngineSettings(**{**chosen, "threads": chosen["threads"] or default_threads(address)})


_FOR_EVERY_CURSOR = f"""
SET GLOBAL TimeZone = 'UTC';
SET GLOBAL parquet_metadata_cache = true;
SET GLOBAL order_by_non_integer_literal = true;
SET GLOBAL disabled_optimizers = 'common_subplan';
SET GLOBAL perfect_ht_threshold = {MOST_BITS};
"""
# What is named twice would be kept with the arrays that its cells were taken from, once a cell. Groups are looked up by
# their place up to the bits that count_alike reckons with.


_NAMES = {"threads": "threads", "memory_limit": "memory_limit", "array_memory": "memory_limit",
          "temp_folder": "temp_directory"}  # fmt: skip


def default_threads(address: Address) -> int | None:
    """Threads of an engine on a store: None, one a core, on a disk.

    On S3 a thread waits for one answer at a time, so that cores would starve.
    """
    return None if address.scheme == "file" else max(16, 4 * (os.cpu_count() or 1))


_BESIDE = 256 * 2**20
_SIZE = re.compile(r"\s*(\d+(?:\.\d*)?)\s*([kmgt])(i?)b?\s*", re.IGNORECASE)


def engine_share(settings: EngineSettings) -> str | None:
    """What the engine may take where a process is to stay within a limit, as text; what is no size stays as it is.

    Beside it the process holds arrays that stay decoded, the code of libraries, what is Python's and Arrow's own, and
    rows on their way. Of a limit that would leave the engine less than half of it, it takes half.
    """
    limit = None if settings.memory_limit is None else _bytes(settings.memory_limit)
    if limit is None:
        return settings.memory_limit
    kept = _array_share(settings, limit)
    return f"{max(limit // 2, limit - _BESIDE - kept)} bytes"


def array_bytes(database: duckdb.DuckDBPyConnection, settings: EngineSettings) -> int:
    """How much memory arrays may take that stay decoded."""
    limit = None if settings.memory_limit is None else _bytes(settings.memory_limit)
    return _array_share(settings, limit if limit is not None else (most_bytes(database) or 0) * 5 // 4)


def _array_share(settings: EngineSettings, limit: int) -> int:
    if settings.array_memory is None:
        return limit // 10
    if settings.array_memory.strip() == "0":
        return 0
    size = _bytes(settings.array_memory)
    if size is None:
        raise ConfigError(f"array_memory must be a size such as '2GB', or '0', but is {settings.array_memory!r}")
    return size


def _bytes(size: str) -> int | None:
    """A size as a number; None where the text is none."""
    found = _SIZE.fullmatch(size)
    if found is None:
        return None
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** (" kmgt".index(unit.lower())))


def most_bytes(cursor: duckdb.DuckDBPyConnection) -> int | None:
    """How much memory an engine may hold; None where that is not known."""
    found = cursor.execute("SELECT current_setting('memory_limit')").fetchone()
    return _bytes(str(found[0])) if found is not None else None


def change_engine(database: duckdb.DuckDBPyConnection, name: str, settings: EngineSettings) -> None:
    """Have one of the settings count for an engine.

    Raises:
        ConfigError: the engine refuses it.
    """
    setting = _NAMES[name]
    value = engine_share(settings) if setting == "memory_limit" else getattr(settings, name)
    try:
        if value is None:
            database.execute(f"RESET GLOBAL {setting}")
        else:
            database.execute(f"SET GLOBAL {setting} = {literal(value)}")
    except duckdb.Error as error:
        raise ConfigError(str(error).splitlines()[0]) from error


def memory_bytes(database: duckdb.DuckDBPyConnection) -> int:
    """How much memory an engine holds, buffers and results of all its connections."""
    with database.cursor() as cursor:
        found = cursor.execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchone()
    return int(found[0] or 0) if found else 0


def lock_engine(database: duckdb.DuckDBPyConnection, layers: str) -> None:
    """Let an engine that is set up open nothing but the files below a folder or prefix, and its own temporary ones.

    What it may is locked: no statement can widen it, attach a file, or load an extension. What EXPLAIN ANALYZE needs
    stays open, and so do keys of S3, which have to be renewed.
    """
    temp = database.execute("SELECT current_setting('temp_directory')").fetchone()
    database.execute(f"SET GLOBAL allowed_directories = [{literal(layers)}]")
    database.execute(f"SET GLOBAL temp_directory = {literal(temp[0] if temp else '')}")
    database.execute(_LOCKED)


_LOCKED = """
SET GLOBAL allow_community_extensions = false;
SET GLOBAL python_enable_replacements = false;
SET GLOBAL enable_external_access = false;
SET GLOBAL allowed_configs = ['enable_profiling'];
SET GLOBAL lock_configuration = true;
"""


def open_engine(settings: EngineSettings) -> duckdb.DuckDBPyConnection:
    """A database in memory that queries run on; one cursor a query."""
    config: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": False,
    }
    if settings.threads is not None:
        config["threads"] = settings.threads
    if settings.memory_limit is not None:
        config["memory_limit"] = engine_share(settings)
    if settings.temp_folder is not None:
        config["temp_directory"] = settings.temp_folder
    try:
        database = duckdb.connect(":memory:", config=config)
        database.execute(_FOR_EVERY_CURSOR)
        with suppress(duckdb.InvalidInputException):  # a notebook without ipywidgets has no bar to put out
            database.execute("SET enable_progress_bar = false")
    except duckdb.Error as error:
        raise ConfigError(f"the engine cannot be set up: {error}") from error
    provide_cell_functions(database)
    provide_marks(database)
    return database
