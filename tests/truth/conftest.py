"""The demo's store, a layer at a time, as tests ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cubeql
from tests.support.demo_store import shared_demo_store


class Demo:
    """A session on the demo's store, which gets its layers when they are needed."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._session: cubeql.Session | None = None

    def with_layers(self, *names: str) -> Any:
        """The session, with these layers in its store."""
        store = shared_demo_store(self._factory, *names)
        if self._session is None:
            self._session = cubeql.connect(str(store))
        return self._session

    @property
    def folder(self) -> Path:
        """Of the store with all its layers."""
        return shared_demo_store(self._factory)

    def close(self) -> None:
        """Let go of the store."""
        if self._session is not None:
            self._session.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo's store, shared by all who read it."""
    found = Demo(tmp_path_factory)
    yield found
    found.close()
