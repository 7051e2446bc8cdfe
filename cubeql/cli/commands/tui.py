"""Open the screen, in the terminal or a browser: layers, an editor that helps, and results as they come."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import cubeql
from cubeql.cli.arguments import Parser, add_store, add_talking, chosen_store
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.lean import start_without_pandas
from cubeql.cli.outcome import DONE
from cubeql.errors import ConfigError
from cubeql.settings import default_store

_APPLICATION = "cubeql_tui"
LOOPBACK = "127.0.0.1"
_KEYS, _DRAWN = 0, 2
"""Where keys come from and where Textual draws: on stderr, so that it would vanish into a file."""


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    add_store(parser, positional=True)
    page = parser.add_argument_group("as a page of a browser")
    page.add_argument("--web", action="store_true", help="serve it on 127.0.0.1 until Ctrl-C, and print the address")
    page.add_argument("--port", metavar="N", type=_port, help="the port; without it a free one")
    page.add_argument("--host", metavar="HOST", default=LOOPBACK, help="127.0.0.1, and no other")
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Open the screen and stay until it is left.

    Raises:
        ConfigError: there is no terminal to draw on, or the page cannot be served.
        StoreError: the store cannot be opened.
    """
    if options.web:
        return _serve(options, diagnostics)
    if options.port is not None:
        raise ConfigError("--port is of the page\n  hint: cubeql tui --web --port N")
    if not _in_page() and not all(os.isatty(stream) for stream in (_KEYS, _DRAWN)):
        raise ConfigError(
            "the screen needs a terminal for stdin and stderr\n  hint: cubeql -c TEXT runs a statement without one"
        )
    start_without_pandas()
    _look(chosen_store(options) or default_store())
    return int(_application().run(chosen_store(options)))


def _look(store: str) -> None:
    """A server that does not answer is said before a screen is drawn; a store here opens at once, or not."""
    if "://" in store:
        with cubeql.connect(store) as session:
            session.store.layer_names()


def _in_page() -> bool:
    """Whether this is the process of a visitor: the page draws for it."""
    return os.environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver")


def _serve(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    from cubeql.cli.output.sink import write_text
    if options.host not in (LOOPBACK, "localhost"):
        raise ConfigError(
            f"the page is served on {LOOPBACK} only, not on {options.host}: who opens it can read and write your files"
            "\n  hint: `ssh -L 8000:127.0.0.1:8000 MACHINE cubeql tui --web --port 8000` brings it to where you sit"
        )
    store = chosen_store(options) or default_store()
    with cubeql.connect(store):
        _look(store)  # a store that does not open is said here, not to each visitor
    _application()
    try:
        web = import_module(f"{_APPLICATION}.web")
    except ModuleNotFoundError as missing:
        raise ConfigError(
            f"the page needs a package that is not installed: {missing.name}\n  hint: pip install 'cubeql[web]'"
        ) from None

    def tell(address: str) -> None:
        write_text(address + "\n")
        diagnostics.notice("Open it in a browser on this machine. Ctrl-C ends it, and every screen that is open there.")

    try:
        web.serve(store if "://" in store else str(Path(store).absolute()), options.port, tell)
    except OSError as error:
        raise ConfigError(f"port {options.port} cannot be taken: {error.strerror}") from None
    return DONE


def _port(written: str) -> int:
    port = int(written)
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return port


def _application() -> ModuleType:
    """The application; where the package is a checkout that is not installed, the one beside it."""
    try:
        return import_module(_APPLICATION)
    except ModuleNotFoundError as missing:
        beside = Path(__file__).parents[3] / "tui"
        if missing.name != _APPLICATION or not (beside / _APPLICATION).is_dir():
            raise
        sys.path.append(str(beside))
        return import_module(_APPLICATION)
