"""Fixtures of the storage tests: a store on every medium."""

from __future__ import annotations

import inspect
import os
from pathlib import Path

import pytest

from cubeql.storage import Store
from cubeql.storage.addresses import parse_address
from cubeql.storage.media import objects_at
from cubeql.storage.objects import Objects

MEDIA = ("folder", pytest.param("s3", marks=pytest.mark.s3))
LOCAL = {"tmp_path", "monkeypatch", "damaged"}
"""What a test asks for that looks at files or at calls of the operating system."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of a store runs on every medium, unless it looks behind it."""
    asked = set(inspect.signature(metafunc.function).parameters)
    for name in ("store", "objects"):
        if name in metafunc.fixturenames and not hasattr(metafunc.module, name):
            metafunc.parametrize(name, MEDIA[:1] if asked & LOCAL else MEDIA, indirect=True)


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a power cut could tell the difference, and these tests write hundreds of small files."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def _place(request: pytest.FixtureRequest) -> str:
    if request.param == "s3":
        return str(request.getfixturevalue("s3").address("store"))
    return str(request.getfixturevalue("tmp_path") / "store")


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Store:
    """A new store, on each medium."""
    return Store.open(_place(request), create=True)


@pytest.fixture
def objects(request: pytest.FixtureRequest) -> Objects:
    """A place with nothing in it, on each medium."""
    place = _place(request)
    if request.param == "folder":
        Path(place).mkdir()
    return objects_at(parse_address(place))
