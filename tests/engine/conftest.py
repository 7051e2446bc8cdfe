"""A store of one's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import cubeql


@pytest.fixture
def own_store(cube_store: Path, tmp_path: Path) -> Path:
    """A copy of the tiny cube that a test may change; nothing is worked out in it yet."""
    return Path(shutil.copytree(cube_store, tmp_path / "own", ignore=shutil.ignore_patterns("cache")))


@pytest.fixture
def own(own_store: Path) -> Iterator[cubeql.Session]:
    """A session on a copy of the tiny cube."""
    with cubeql.connect(own_store) as session:
        yield session
