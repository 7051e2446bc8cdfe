"""The argument parser, and the option groups that commands share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cubeql.errors import ConfigError

if TYPE_CHECKING:
    from cubeql.storage.addresses import Address


class UsageError(ConfigError):
    """Arguments that no command takes."""


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of writing to stderr, and whose help goes through the output room."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{message}\n  hint: {self.prog} --help lists what can be given")

    def _print_message(self, message: str, file: object = None) -> None:
        from cubeql.cli.output.sink import write_text

        write_text(message)


class _Script(argparse.Action):
    """Gathers ``-c`` and ``-f`` in the order they were written."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option: str | None = None,
    ) -> None:
        kind = "file" if option in ("-f", "--file") else "text"
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or []), (kind, values)])


def add_store(parser: argparse.ArgumentParser, positional: bool = False) -> None:
    """``--store DIR``, and the store as a first word where nothing else is expected there."""
    where = "a folder; default: $CUBEQL_STORE, else ./cubeql-store"
    if positional:
        parser.add_argument("store", metavar="STORE", nargs="?", help=where)
        parser.add_argument("--store", dest="store_option", metavar="DIR", help="the same as STORE")
    else:
        parser.add_argument("--store", metavar="DIR", help=where)


def add_scripts(parser: argparse.ArgumentParser) -> None:
    """``-c`` and ``-f``."""
    texts = parser.add_argument_group("statements (from stdin when neither is given)")
    texts.add_argument(
        "-c", "--command", metavar="TEXT", dest="scripts", action=_Script, help="run this text (repeatable)"
    )
    texts.add_argument(
        "-f",
        "--file",
        metavar="FILE",
        dest="scripts",
        action=_Script,
        help="run this file (repeatable, - is stdin)",
    )


def add_running(parser: argparse.ArgumentParser) -> None:
    """``--param`` and ``--timeout``."""
    parser.add_argument(
        "-p", "--param", metavar="NAME=VALUE", dest="parameters", action="append", default=[],
        help="bind $NAME: a number, true, false, null, a JSON list, else text; @FILE reads a file",
    )  # fmt: skip
    parser.add_argument("--timeout", metavar="SECONDS", type=positive, help="stop a statement that runs longer")


def _place(written: str) -> Path | Address:
    if not written.lower().startswith("s3://"):
        return Path(written)
    from cubeql.storage.outfiles import place_of

    return place_of(written)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Where results go and how they look."""
    from cubeql.cli.output.formats import NAMES

    output = parser.add_argument_group("output")
    output.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=_place,
        help="write results to this file or s3:// address; its ending chooses the format",
    )
    output.add_argument("--format", choices=NAMES, help="how rows are written (default: table)")
    output.add_argument(
        "--max-rows",
        metavar="N",
        type=whole,
        default=None,
        help="rows shown on a terminal (default 40, 0 shows all)",
    )


def add_talking(parser: argparse.ArgumentParser) -> None:
    """What is said beside the data."""
    talking = parser.add_argument_group("messages")
    talking.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    talking.add_argument("--no-progress", action="store_true", help="no progress and no timing")
    talking.add_argument("-q", "--quiet", action="store_true", help="only errors")


def positive(text: str) -> float:
    """A number above 0."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def whole(text: str) -> int:
    """A whole number, 0 or above."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}


def byte_count(text: str) -> int:
    """A size, as ``512M`` or ``2G``."""
    number, unit = text.upper().removesuffix("B").removesuffix("I"), 1
    if number and number[-1] in _UNITS:
        number, unit = number[:-1], _UNITS[number[-1]]
    size = int(float(number) * unit)
    if size <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write 512M or 2G")
    return size


def chosen_store(options: argparse.Namespace) -> str | None:
    """The store that was named; None leaves it to the default.

    Raises:
        UsageError: two stores were named.
    """
    first: str | None = options.store
    second: str | None = getattr(options, "store_option", None)
    if first is not None and second is not None and first != second:
        raise UsageError(f"two stores are named, {first} and {second}: name one")
    return first if first is not None else second


def store_here(options: argparse.Namespace, done: str) -> str | None:
    """The store that was named, which must not be one that another process serves.

    Args:
        options: the arguments.
        done: what is done with it, in words.

    Raises:
        ConfigError: it is, so that only there can be done what is to be done.
    """
    from cubeql.settings import default_store

    chosen = chosen_store(options)
    address = chosen or default_store()
    if address.lower().startswith("flight://"):
        raise ConfigError(f"{address} is a server: {done} where its store lies, by who keeps it")
    return chosen


def parse(parser: Parser, words: Sequence[str]) -> argparse.Namespace:
    """Parse all words; options may stand between positionals.

    Raises:
        UsageError: a word that is not understood.
    """
    return parser.parse_intermixed_args(words)
