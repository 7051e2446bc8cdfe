"""Connections to the tiny cube."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cubeql import dbapi


@pytest.fixture(scope="module")
def connection(cube_store: Path) -> Iterator[dbapi.Connection]:
    """A connection that nobody changes anything by."""
    with dbapi.connect(cube_store) as opened:
        yield opened


@pytest.fixture
def cursor(connection: dbapi.Connection) -> Iterator[dbapi.Cursor]:
    with connection.cursor() as made:
        yield made


@pytest.fixture
def writable(cube_store: Path, tmp_path: Path) -> Iterator[dbapi.Connection]:
    """A connection to a copy that may be changed."""
    with dbapi.connect(shutil.copytree(cube_store, tmp_path / "store")) as opened:
        yield opened


def same(found: Any, wanted: Any) -> bool:
    """Whether two tables are equal, with the metadata of fields and schema."""
    return bool(found.equals(wanted, check_metadata=True))
