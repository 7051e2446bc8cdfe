"""Serve a store to others by Arrow Flight SQL, until Ctrl-C or SIGTERM.

  cubeql token create me --scope keeper > me.token      # nobody comes in without a token
  cubeql serve store/                                   # on this machine, at 127.0.0.1:8815
  cubeql serve s3://bucket/store --flight 0.0.0.0:8815 --tls-cert cert.pem --tls-key key.pem

All that can be said of a server stands in a TOML file (--config); what is said here stands above it.
"""

from __future__ import annotations

import argparse
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeql.cli.arguments import Parser, add_store, add_talking
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.interrupt import cancelling
from cubeql.cli.outcome import DONE
from cubeql.cli.runner import named_store
from cubeql.errors import ConfigError

if TYPE_CHECKING:
    from cubeql.server.serving import Serving
    from cubeql.server.settings import ServerSettings
    from cubeql.session import Session

_EVERYWHERE = ("0.0.0.0", "::")
_OPTIONS: tuple[tuple[str, str, str, str, str], ...] = (
    ("--flight", "HOST:PORT", "flight", "address", "where to listen (default 127.0.0.1:8815; port 0 takes a free one)"),
    ("--tls-cert", "FILE", "tls", "cert", "PEM file of the server's certificate"),
    ("--tls-key", "FILE", "tls", "key", "PEM file of its key"),
    ("--tls-client-ca", "FILE", "tls", "client_ca", "let in only clients that show a certificate of this authority"),
    ("--audit", "FOLDER", "audit", "folder", "write down there who did what"),
    ("--metrics", "HOST:PORT", "metrics", "address", "tell Prometheus figures there, by HTTP"),
    ("--memory-limit", "SIZE", "engine", "memory_limit", "memory for queries, as 8GB"),
)
_SWITCHES: tuple[tuple[str, str, str, str], ...] = (
    ("--plain", "flight", "plain", "serve without TLS where others can reach it"),
    ("--anonymous", "access", "anonymous", "let in who shows no token, to read what is granted to public"),
)


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    add_store(parser, positional=True)
    parser.add_argument("--config", metavar="FILE", type=Path, help="settings of the server, a TOML file")
    for option, shown, table, name, about in _OPTIONS:
        parser.add_argument(option, metavar=shown, dest=f"{table}.{name}", help=about)
    for option, table, name, about in _SWITCHES:
        parser.add_argument(option, action="store_true", default=None, dest=f"{table}.{name}", help=about)
    add_talking(parser)


def settings_of(options: argparse.Namespace) -> ServerSettings:
    """The settings of the file, and of the options above it.

    Raises:
        ConfigError: one means nothing.
    """
    from cubeql.server.settings import ServerSettings, read_settings

    settings = ServerSettings() if options.config is None else read_settings(options.config)
    given: dict[str, dict[str, Any]] = {}
    for place, value in vars(options).items():
        table, dot, name = place.partition(".")
        if dot and value is not None:
            given.setdefault(table, {})[name] = value
    return settings.but(**given)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Serve until a signal comes, then let what runs end.

    Raises:
        ConfigError: the settings cannot be, or the place is taken.
        StoreError: there is no store.
    """
    from cubeql.cli.lean import start_without_pandas

    start_without_pandas()
    from cubeql.server.ground import warnings_of
    from cubeql.server.serving import Serving

    settings = settings_of(options)
    with _house(named_store(options), settings) as house, _logging(diagnostics):
        serving = Serving(house, settings)
        for warning in warnings_of(settings):
            diagnostics.notice(warning)
        _tell(serving, house, diagnostics)
        _serve(serving, diagnostics)
    return DONE


def _house(address: str, settings: ServerSettings) -> Session:
    """The session of the store's keeper, whose engine all guests share."""
    from cubeql.flight.address import FlightAddress
    from cubeql.session import Session

    if FlightAddress.is_one(address):
        raise ConfigError(f"{address} is served already; give the store itself: a folder or s3://bucket/store")
    engine = settings.engine
    folder = None if engine.temp_folder is None else str(engine.temp_folder)
    return Session.open(
        address, locked=True, threads=engine.threads or None, memory_limit=engine.memory_limit,
        array_memory=engine.array_memory, temp_folder=folder,
    )


def _tell(serving: Serving, house: Session, diagnostics: Diagnostics) -> None:
    """What is served where, and how to come in."""
    from cubeql.flight.address import FlightAddress

    told, tls = FlightAddress.of(serving.address), serving.settings.tls
    way = "without TLS" if tls.cert is None else "over TLS"
    shows = "" if tls.client_ca is None else ", to clients that show a certificate"
    diagnostics.notice(f"serving {house.store.address} at {serving.address} {way}{shows}; Ctrl-C ends it")
    if told.host in _EVERYWHERE:
        told = FlightAddress(socket.gethostname(), told.port, told.tls)
    diagnostics.notice(f"connect: CUBEQL_TOKEN=… cubeql '{told}'")
    tokens = house.store.tokens
    if not any(token.state(tokens.now()) == "good" for token in tokens.all()):
        diagnostics.notice("nobody can come in yet, for there is no token; make one: "
                           f"cubeql token create NAME --scope keeper --store {house.store.address}")  # fmt: skip


def _serve(serving: Serving, diagnostics: Diagnostics) -> None:
    asked = threading.Event()
    ended = False
    try:
        with cancelling(asked.set):
            asked.wait()
            grace_s = serving.settings.limits.drain_s
            diagnostics.notice(f"ending: what runs may go on for {grace_s:g} s; ask again to end at once")
            ended = serving.stop(grace_s)
    except KeyboardInterrupt:
        ended = serving.stop()
    if not ended:
        diagnostics.notice("a client did not let go; it is left")


class _Log(logging.Handler):
    """The server's log, on stderr."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        super().__init__()
        self._diagnostics = diagnostics
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        self._diagnostics.log(self.format(record))


@contextmanager
def _logging(diagnostics: Diagnostics) -> Iterator[None]:
    """The server's log goes to stderr as long as the block lasts."""
    log, handler = logging.getLogger("cubeql.server"), _Log(diagnostics)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
