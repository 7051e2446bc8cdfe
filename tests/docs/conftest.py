"""The demo's store, built once for all pages."""

from __future__ import annotations

from pathlib import Path

import pytest

import cubeql


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's store under the name that the pages use."""
    from cubeql.demo.run import build

    folder = tmp_path_factory.mktemp("workplace")
    with cubeql.connect(str(folder / "cubeql-demo"), create=True) as session:
        build(session, lambda line: None)
    return folder
