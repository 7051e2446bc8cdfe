"""Giving memory back to the system after a job.

The arrays of a job are made in one thread and freed in another, which leaves the C library with hundreds of
megabytes that it keeps for later; a session that goes on living would look as if the job still ran.
"""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Return what the allocators hold but do not use; where that cannot be asked for, nothing happens."""
    import pyarrow

    pyarrow.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl does not
        if trim is not None:
            trim(0)
