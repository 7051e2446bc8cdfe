"""What a session may use, and which store it opens where none is named."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Any

from cubeql.errors import ConfigError
from cubeql.plan.rules import RULES

DEFAULT_STORE = "cubeql-store"


def default_store() -> str:
    """Address of the store where none is named: ``$CUBEQL_STORE``, else ``cubeql-store`` in the working folder."""
    return os.environ.get("CUBEQL_STORE") or DEFAULT_STORE


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session may use.

    Attributes:
        threads: number of threads; None takes one a core, and more for a store on S3.
        memory_limit: for queries, as DuckDB writes it (``4GB``).
        temp_folder: where data that outgrows memory goes.
        timeout_s: time limit of every statement, in seconds.
        create: make the store where there is none.
        in_place: whether views may read rasters where they lie, by any path that this process can read.
        in_place_cells: how many cells a statement may make of such a raster; None is 20 million.
        rules: names of the only optimiser rules to apply; None applies all.
    """

    threads: int | None = None
    memory_limit: str | None = None
    temp_folder: str | None = None
    timeout_s: float | None = None
    create: bool = False
    in_place: bool = True
    in_place_cells: int | None = None
    rules: tuple[str, ...] | None = None

    @staticmethod
    def of(values: dict[str, Any]) -> Settings:
        """Settings by name; an unknown one is a ConfigError."""
        known = [f.name for f in fields(Settings)]
        for name in values:
            if name not in known:
                raise ConfigError(f"there is no setting {name!r}; settings are {', '.join(known)}")
        chosen = Settings(**values)
        _check(chosen)
        return chosen


def shown(settings: Settings) -> dict[str, object]:
    """Settings by name, as SHOW SETTINGS tells them."""
    return {f.name: getattr(settings, f.name) for f in fields(Settings)}


def _check(settings: Settings) -> None:
    """Refuse values that mean nothing; the engine checks those that are its own."""
    limit = settings.timeout_s
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, (int, float)) or not limit > 0):
        raise ConfigError(f"timeout_s must be a number of seconds above 0, but is {limit!r}")
    threads = settings.threads
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise ConfigError(f"threads must be a whole number from 1 up, but is {threads!r}")
    cells = settings.in_place_cells
    if cells is not None and (isinstance(cells, bool) or not isinstance(cells, int) or cells < 0):
        raise ConfigError(f"in_place_cells must be a whole number from 0 up, but is {cells!r}")
    for name in ("memory_limit", "temp_folder"):
        text = getattr(settings, name)
        if text is not None and not isinstance(text, str):
            raise ConfigError(f"{name} must be a text, but is {text!r}")
    known = [r.__name__ for r in RULES]
    for name in settings.rules or ():
        if name not in known:
            raise ConfigError(f"there is no rule {name!r}; rules are {', '.join(known)}")
