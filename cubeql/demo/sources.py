"""Where the demo's data come from: one record for each file or group of files in ``data/``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
"""Folder of the data files."""


@dataclass(frozen=True, slots=True)
class DataSource:
    """What must be known of a data file to use it and to pass it on.

    Attributes:
        name: short name.
        files: its files, relative to :data:`DATA`.
        title: what it is, in words.
        source: who measured or computed it, and which version it is.
        package: registry package and version that the values were read from.
        licence: terms of the data.
        citation: how to cite it.
        changes: what was changed on the way from the package to the file.
    """

    name: str
    files: tuple[str, ...]
    title: str
    source: str
    package: str
    licence: str
    citation: str
    changes: str

    @property
    def tags(self) -> dict[str, str]:
        """The record as metadata of a file."""
        return {
            "title": self.title,
            "source": self.source,
            "licence": self.licence,
            "citation": self.citation,
            "history": f"{self.changes} Values from the package {self.package}.",
        }


@cache
def data_sources() -> dict[str, DataSource]:
    """All records by name, in the order of ``sources.toml``."""
    rows: list[dict[str, Any]] = tomllib.loads((DATA.parent / "sources.toml").read_text("utf-8"))["source"]
    return {row["name"]: DataSource(**{**row, "files": tuple(row["files"])}) for row in rows}
