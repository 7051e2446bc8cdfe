"""The process ends with the exit code, at once even where the engine still works on what was stopped."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest

from cubeql.cli import process
from cubeql.engine import running


@pytest.fixture(autouse=True)
def _memory_as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_it_ends_with_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "main", lambda: 4)
    with pytest.raises(SystemExit) as done:
        process.run()
    assert done.value.code == 4
    assert gc.get_freeze_count() > 0  # or the end of the process looks for cycles in all of it


def test_it_does_not_wait_for_what_was_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(process, "main", lambda: 130)
    monkeypatch.setattr(running, "left_alone", lambda: 1)
    monkeypatch.setattr(os, "_exit", codes.append)
    with pytest.raises(SystemExit):
        process.run()
    assert codes == [130]
