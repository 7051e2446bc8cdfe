"""A fresh store for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from cubeql.storage import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store", create=True)
