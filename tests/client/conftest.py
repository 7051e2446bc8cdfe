"""A session on the tiny cube at a server, and one on the same store here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cubeql.client.session import RemoteSession
from tests.server.conftest import Served, serve, served, served_store

__all__ = ["serve", "served", "served_store"]


@pytest.fixture(scope="module")
def far(served: Served) -> Iterator[RemoteSession]:
    """The keeper's session at the server."""
    with served.connect() as session:
        yield session


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("CUBEQL_TOKEN", raising=False)
