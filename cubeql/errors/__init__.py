"""What can be said about a fault.

Reading order: ``span`` (a place in a text), ``catalogue`` (every code, one row each, with the facts it
needs), ``diagnostic`` (one fault found), ``exceptions`` (the tree of what is raised), ``nearest``
(names like the one written), ``render`` (a diagnostic drawn under its line of text).
"""

from cubeql.errors.diagnostic import Diagnostic, diagnose
from cubeql.errors.exceptions import (
    CardError,
    ConfigError,
    CubeQLError,
    IngestError,
    InternalError,
    Misfit,
    NotAllowed,
    Outpaced,
    QueryCancelled,
    QueryError,
    QueryTimeout,
    StoreError,
    VersionGone,
    VersionUnknown,
)
from cubeql.errors.nearest import nearest
from cubeql.errors.render import render
from cubeql.errors.span import Span

__all__ = [
    "CardError", "ConfigError", "CubeQLError", "Diagnostic", "IngestError", "InternalError", "Misfit", "NotAllowed",
    "Outpaced", "QueryCancelled", "QueryError", "QueryTimeout", "Span", "StoreError", "VersionGone", "VersionUnknown",
    "diagnose", "nearest", "render",
]  # fmt: skip
