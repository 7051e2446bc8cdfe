"""What a session may use, and which store it opens where none is named."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Any

from cubeql.errors import ConfigError
from cubeql.plan.rules import RULES
from cubeql.storage.reach import Reach, folders

DEFAULT_STORE = "cubeql-store"
OF_GUESTS = ("timeout_s",)
"""The settings that somebody who shares an engine with others can see and change."""


def default_store() -> str:
    """Address of the store where none is named: ``$CUBEQL_STORE``, else ``cubeql-store`` in the working folder."""
    return os.environ.get("CUBEQL_STORE") or DEFAULT_STORE


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session may use.

    Attributes:
        threads: number of threads; None takes one a core, and more for a store on S3.
        memory_limit: for queries and the program that runs them, as ``4GB``: what the process holds. The engine, which
            puts what is larger into ``temp_folder``, gets it less 256 MiB and ``array_memory``, but half of it at
            least.
        array_memory: for arrays of tile rows that stay decoded between statements, as ``2GB`` or ``0``; None takes a
            tenth of ``memory_limit`` or of the machine's memory.
        temp_folder: where data that outgrows memory goes.
        timeout_s: time limit of every statement, in seconds.
        create: make the store where there is none.
        in_place: whether views may read rasters where they lie, by any path that this process can read.
        attach: whether servers may be attached, or which: ``("lrz.example:8815",)``.
        in_place_cells: how many cells a statement may make of such a raster; None is 20 million.
        rules: names of the only optimiser rules to apply; None applies all.
        files_from: folders (or ``s3://bucket/prefix``) of the files that statements may name, which are then written
            relative to them; None lets them name any file, an empty tuple none.
        copies_to: folders that COPY writes to, each user into one of his name; None lets it write anywhere.
        file_bytes: the largest file that a statement may read from ``files_from``.
        copy_bytes: the largest file that a statement may write.
        locked: let the engine open nothing but the files of layers, and let nobody change what it may.
    """

    threads: int | None = None
    memory_limit: str | None = None
    array_memory: str | None = None
    temp_folder: str | None = None
    timeout_s: float | None = None
    create: bool = False
    in_place: bool = True
    attach: bool | tuple[str, ...] = True
    in_place_cells: int | None = None
    rules: tuple[str, ...] | None = None
    files_from: tuple[str, ...] | None = None
    copies_to: tuple[str, ...] | None = None
    file_bytes: int | None = None
    copy_bytes: int | None = None
    locked: bool = False

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


def reach_of(settings: Settings, user: str) -> Reach:
    """Which files the statements of somebody may name."""
    chosen = settings
    return Reach(folders(chosen.files_from), folders(chosen.copies_to), user, chosen.file_bytes, chosen.copy_bytes)


def _check(settings: Settings) -> None:
    """Refuse values that mean nothing; the engine checks those that are its own."""
    limit = settings.timeout_s
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, (int, float)) or not limit > 0):
        raise ConfigError(f"timeout_s must be a number of seconds above 0, but is {limit!r}")
    threads = settings.threads
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise ConfigError(f"threads must be a whole number from 1 up, but is {threads!r}")
    places = settings.attach
    if not isinstance(places, bool) and not (isinstance(places, tuple) and all(isinstance(p, str) for p in places)):
        raise ConfigError(f"attach must be True, False or a tuple of host:port, but is {places!r}")
    _check_files(settings)
    for name in ("memory_limit", "array_memory", "temp_folder"):
        text = getattr(settings, name)
        if text is not None and not isinstance(text, str):
            raise ConfigError(f"{name} must be a text, but is {text!r}")
    known = [r.__name__ for r in RULES]
    for name in settings.rules or ():
        if name not in known:
            raise ConfigError(f"there is no rule {name!r}; rules are {', '.join(known)}")


def _check_files(settings: Settings) -> None:
    for name in ("in_place_cells", "file_bytes", "copy_bytes"):
        most = getattr(settings, name)
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 0):
            raise ConfigError(f"{name} must be a whole number from 0 up, but is {most!r}")
    for name in ("files_from", "copies_to"):
        given = getattr(settings, name)
        if given is not None and (isinstance(given, str) or not all(isinstance(f, str) for f in given)):
            raise ConfigError(f"{name} must be folders, such as ('exchange/',), but is {given!r}")
