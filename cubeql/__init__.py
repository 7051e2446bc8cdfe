"""CubeQL: one query language over Earth-observation layers on one nested H3 grid.

The rooms, in reading order (each imports only rooms above it in this list):

* ``errors``     what can be said about a fault: spans, the catalogue of codes, diagnostics
* ``values``     the nouns without I/O: types and units, cells and resolutions, tiles and slots, times
* ``lang``       text -> syntax tree -> text
* ``functions``  the library of functions as rows
* ``catalog``    what layers exist, as records and questions
* ``analyze``    syntax tree + catalog -> bound tree
* ``plan``       bound tree -> what will be done
* ``sql``        plan -> SQL text
* ``compiler``   the pipeline on one page
* ``grid``       H3, geometry and area in bulk
* ``storage``    bytes at rest: tile files, the durable catalog and its commits
* ``engine``     running: connection, masks, results
* ``ingest``     rasters in
* ``flight``     Arrow Flight SQL on the wire
* ``settings``   what a session may use
* ``sessions``   what every session can do, wherever its store is
* ``service``    what prompts and editors ask while somebody types
* ``session``    ``connect()`` and :class:`~cubeql.session.Session`
* ``client``     a store that another process serves
* ``dbapi``      DB-API 2.0
* ``server``     a store served to others
* ``cli``        the command line
* ``notebook``   cells of a notebook

Importing :mod:`cubeql` loads none of the heavy libraries; :func:`connect` does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cubeql.errors import CubeQLError, Diagnostic, QueryError
from cubeql.errors.version import VERSION

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from cubeql.sessions import AnySession

__version__ = VERSION
__all__ = ["CubeQLError", "Diagnostic", "QueryError", "__version__", "connect"]


def connect(store: str | os.PathLike[str] | None = None, **settings: Any) -> AnySession:
    """Open a store and return the session that queries it, whose methods are the same wherever the store is.

    Args:
        store: a folder, ``s3://bucket/store``, or ``flight://host:port`` of a server; without one, ``$CUBEQL_STORE``,
            else ``cubeql-store`` in the working folder.
        **settings: see :class:`cubeql.settings.Settings`; of a server :class:`cubeql.client.settings.RemoteSettings`.

    Raises:
        StoreError: the address cannot be opened.
        ConfigError: a setting means nothing.
    """
    from cubeql.settings import default_store

    address = default_store() if store is None else os.fspath(store)
    if address.lower().startswith("flight://"):
        from cubeql.client.session import RemoteSession

        return RemoteSession(address, **settings)
    from cubeql.session import Session

    return Session.open(address, **settings)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """What ``%load_ext cubeql`` calls; see :mod:`cubeql.notebook`."""
    from cubeql.notebook import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """What ``%unload_ext cubeql`` calls."""
    from cubeql.notebook import unload

    unload(shell)
