"""A served store: the door in this process, on a copy of the tiny cube."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.catalog.rights import Who
from cubeql.client.session import RemoteSession
from cubeql.server.serving import Serving
from cubeql.server.settings import ServerSettings


@dataclass(frozen=True)
class Served:
    """A server and what a test needs to know of it."""

    serving: Serving
    house: cubeql.Session
    users: dict[str, Who] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """``flight://host:port``."""
        return self.serving.address

    @property
    def keeper(self) -> str:
        """A token of a keeper, called root."""
        return self.token("root", "keeper")

    def token(self, user: str, scope: str = "read") -> str:
        """A new token: scope ``read``, ``write`` or ``keeper``."""
        secret = secrets.token_urlsafe(32)
        self.users[secret] = Who(user, keeper=scope == "keeper", writes=scope != "read")
        return secret

    def connect(self, token: str | None = None) -> RemoteSession:
        """A client; without a token, of the keeper."""
        return RemoteSession(self.address, token or self.keeper)


Serve = Callable[..., Served]


def _served(store: Path, tables: dict[str, Any], closing: ExitStack) -> Served:
    settings = ServerSettings.of(**{**tables, "flight": {"address": "127.0.0.1:0", **tables.get("flight", {})}})
    house = closing.enter_context(cubeql.connect(store, locked=True))
    users: dict[str, Who] = {}
    serving = Serving(house, users.get, settings)
    closing.callback(serving.stop)
    return Served(serving, house, users)


@pytest.fixture(scope="module")
def served_store(cube_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tiny cube that the tests of a module share."""
    return Path(shutil.copytree(cube_store, tmp_path_factory.mktemp("served") / "store"))


@pytest.fixture(scope="module")
def served(served_store: Path) -> Iterator[Served]:
    """One server for the tests of a module, with the usual settings."""
    with ExitStack() as closing:
        yield _served(served_store, {}, closing)


@pytest.fixture
def serve(served_store: Path) -> Iterator[Serve]:
    """Serve the module's store with settings of one's own: ``serve(limits={"run_s": 1.0})``."""
    with ExitStack() as closing:
        yield lambda **tables: _served(served_store, tables, closing)
