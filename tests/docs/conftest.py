"""Where the pages' blocks run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.demo_store import shared_demo_store


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's store under the name that the pages use."""
    return shared_demo_store(tmp_path_factory).parent
