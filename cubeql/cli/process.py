"""The process of the command ``cubeql``."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

from cubeql.cli.main import main

_MAY_HOLD = ("cubeql.engine.running", "cubeql.server.serving", "cubeql_tui.ending")

_NEW_OBJECTS = 200_000
"""Between searches for cycles; with the 700 of Python 3.11 they take a tenth of a short statement's time, and find
nothing: what is made then are modules, which stay."""


def run() -> None:
    """Run the command line and end the process with its exit code.

    Where the engine still works on a statement that was stopped (see :mod:`cubeql.engine.running`), a thread of the
    screen still asks a server, or a client of a server that was stopped does not read what it was sent, an ordinary
    exit would wait for it.
    """
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
    code = main()
    gc.freeze()  # leaves what there is to the end of the process, else it is searched for cycles there several times
    if any(known.left_alone() for name in _MAY_HOLD if (known := sys.modules.get(name)) is not None):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    sys.exit(code)
