"""A served store: the door in this process, on a copy of the tiny cube."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.client.session import RemoteSession
from cubeql.server.serving import Serving
from cubeql.server.settings import ServerSettings
from cubeql.storage.tokens import Scope, Tokens


@dataclass(frozen=True)
class Served:
    """A server and what a test needs to know of it."""

    serving: Serving
    house: cubeql.Session

    @property
    def address(self) -> str:
        """``flight://host:port``."""
        return self.serving.address

    @property
    def tokens(self) -> Tokens:
        """Those of the store."""
        return self.house.store.tokens

    @property
    def keeper(self) -> str:
        """A token of a keeper, called root."""
        return self.token("root", "keeper")

    def token(self, user: str, scope: Scope = "read") -> str:
        """A new token: scope ``read``, ``write`` or ``keeper``."""
        return self.tokens.create(user, scope)[1]

    def connect(self, token: str | None = None) -> RemoteSession:
        """A client; without a token, of the keeper."""
        return RemoteSession(self.address, token or self.keeper)


Serve = Callable[..., Served]


def serve_store(store: Path, tables: dict[str, Any], closing: ExitStack) -> Served:
    """Serve a store, with settings by table, until a stack is closed."""
    settings = ServerSettings.of(**{**tables, "flight": {"address": "127.0.0.1:0", **tables.get("flight", {})}})
    house = closing.enter_context(cubeql.connect(store, locked=True))
    serving = Serving(house, settings)
    closing.callback(serving.stop)
    return Served(serving, house)


@pytest.fixture(scope="module")
def served_store(cube_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tiny cube that the tests of a module share."""
    return Path(shutil.copytree(cube_store, tmp_path_factory.mktemp("served") / "store"))


@pytest.fixture(scope="module")
def served(served_store: Path) -> Iterator[Served]:
    """One server for the tests of a module, with the usual settings."""
    with ExitStack() as closing:
        yield serve_store(served_store, {}, closing)


@pytest.fixture
def serve(served_store: Path) -> Iterator[Serve]:
    """Serve the module's store with settings of one's own: ``serve(limits={"run_s": 1.0})``."""
    with ExitStack() as closing:
        yield lambda **tables: serve_store(served_store, tables, closing)
