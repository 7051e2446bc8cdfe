"""The demo's store, each layer built once for a whole test run however many processes share it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

NAME = "cubeql-demo"


def shared_demo_store(factory: pytest.TempPathFactory, *names: str) -> Path:
    """The store's folder, to be read only; whoever first needs a layer builds it, the others wait.

    Args:
        factory: of the test run's folders.
        names: the layers that are needed; all of the demo where none is named.
    """
    import cubeql
    from cubeql.demo.layers import LAYERS, ROWS
    from cubeql.demo.run import build

    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = [layer for layer in (*LAYERS, *ROWS) if not names or layer.name in names]
        missing = [layer for layer in wanted if not (folder / f"{layer.name}.built").exists()]
        if missing:
            with cubeql.connect(str(folder / NAME), create=True) as session:
                build(session, lambda line: None, missing)
            for layer in missing:
                (folder / f"{layer.name}.built").touch()
    return folder / NAME
