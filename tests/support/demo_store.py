"""The demo's store, built once for a whole test run however many processes share it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

NAME = "cubeql-demo"


def shared_demo_store(factory: pytest.TempPathFactory) -> Path:
    """The store's folder; whoever comes first builds it, the others wait."""
    import cubeql
    from cubeql.demo.run import build

    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo"
    folder.mkdir(exist_ok=True)
    built = folder / "built"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            with cubeql.connect(str(folder / NAME), create=True) as session:
                build(session, lambda line: None)
            built.touch()
    return folder / NAME
