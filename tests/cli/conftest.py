"""The command line run in this process over a fake session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

import cubeql
from cubeql.cli.main import main
from tests.cli import fake_session


@dataclass(frozen=True)
class Ran:
    """One run of the command line."""

    code: int
    out: bytes
    err: str
    session: fake_session.FakeSession | None

    @property
    def text(self) -> str:
        return self.out.decode()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Ran]:
    """Run the command line with these words."""
    opened: list[fake_session.FakeSession] = []

    def connect(store: str | None = None, **_: object) -> fake_session.FakeSession:
        opened.append(fake_session.FakeSession(store))
        return opened[-1]

    monkeypatch.setattr(cubeql, "connect", connect)
    monkeypatch.delenv("CUBEQL_DEBUG", raising=False)

    def call(*words: str) -> Ran:
        code = main(words)
        caught = capfdbinary.readouterr()
        return Ran(code, caught.out, caught.err.decode(), opened[-1] if opened else None)

    return call
