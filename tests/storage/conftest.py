"""Fixtures of the storage tests."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a power cut could tell the difference, and these tests write hundreds of small files."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
