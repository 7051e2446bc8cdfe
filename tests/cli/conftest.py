"""The command line run in this process over a fake session."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

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


Run = Callable[..., Ran]


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run the command line with these words in this process; ``text`` is its stdin."""
    monkeypatch.delenv("CUBEQL_DEBUG", raising=False)

    def call(*words: object, text: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        code = main([str(word) for word in words])
        caught = capfdbinary.readouterr()
        return Ran(code, caught.out, caught.err.decode(), None)

    return call


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, run_here: Run) -> Run:
    """The same over a fake session."""
    opened: list[fake_session.FakeSession] = []

    def connect(store: str | None = None, **_: object) -> fake_session.FakeSession:
        opened.append(fake_session.FakeSession(store))
        return opened[-1]

    monkeypatch.setattr(cubeql, "connect", connect)
    monkeypatch.setenv("CUBEQL_STORE", "/")

    def call(*words: object, text: str = "") -> Ran:
        ran = run_here(*words, text=text)
        return replace(ran, session=opened[-1] if opened else None)

    return call
