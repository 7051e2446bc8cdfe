"""Exit codes, and which of them a fault leads to.

====  =====================================================
code  meaning
====  =====================================================
0     done
1     a statement, a source to ingest, or a card is at fault
2     arguments or settings are at fault
3     the store cannot be opened, read or written
4     the time limit was reached
70    a bug in CubeQL
130   interrupted (143 when asked to terminate)
====  =====================================================
"""

from __future__ import annotations

from cubeql.errors import (
    CardError,
    ConfigError,
    CubeQLError,
    IngestError,
    InternalError,
    QueryCancelled,
    QueryError,
    QueryTimeout,
    StoreError,
)

DONE = 0
FAULT = 1
USAGE = 2
STORE = 3
TIMEOUT = 4
BUG = 70
INTERRUPTED = 130

# The first class that fits decides, so that a class stands before its parents.
_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (KeyboardInterrupt, INTERRUPTED),
    (QueryTimeout, TIMEOUT),
    (QueryCancelled, INTERRUPTED),
    (QueryError, FAULT),
    (StoreError, STORE),
    (IngestError, FAULT),
    (CardError, FAULT),
    (ConfigError, USAGE),
    (InternalError, BUG),
    (CubeQLError, FAULT),
)


def exit_code(fault: BaseException) -> int:
    """The exit code of a fault; whatever CubeQL does not raise on purpose is a bug."""
    if isinstance(fault, KeyboardInterrupt) and fault.args:
        return 128 + int(fault.args[0])
    return next((code for kind, code in _CODES if isinstance(fault, kind)), BUG)
