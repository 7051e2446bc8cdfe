"""What tests of the way to a server share."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from cubeql.errors import CubeQLError

STREAM = "SELECT cell, time, red, nir FROM fine"
NOISE = ("gRPC", "debug context", "Detail:", "Traceback", "pyarrow", "ipv4:", ".cc")


def said_by(ask: Callable[[], Any]) -> CubeQLError:
    with pytest.raises(CubeQLError) as raised:
        ask()
    said = str(raised.value)
    assert not any(noise in said for noise in NOISE), said
    return raised.value


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not so():
        assert time.monotonic() < end
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
