"""Where the pages' blocks run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.demo_store import NAME, shared_demo_store


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the demo's store, which pages write to, under the name that they use."""
    folder = tmp_path_factory.mktemp("workplace")
    shutil.copytree(shared_demo_store(tmp_path_factory), folder / NAME)
    return folder
