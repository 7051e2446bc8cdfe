"""The command ``cubeql``: one command run, its faults told, its exit code."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from cubeql.cli.arguments import Parser, parse
from cubeql.cli.commands import COMMANDS, QUERY, Command, find_command
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE, STORE, USAGE
from cubeql.errors import nearest

_EPILOG = """commands (cubeql COMMAND --help says more):
{commands}

exit codes: 0 done, 1 a statement or source is at fault, 2 arguments or settings, 3 the store, 4 time limit,
            70 a bug in CubeQL, 130 interrupted
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        words: the arguments; None takes the process's own.

    Returns:
        The exit code (see :mod:`cubeql.cli.outcome`).
    """
    if words is None:
        words = sys.argv[1:]
        _silence_libraries()
    diagnostics = Diagnostics()
    try:
        command, rest = find_command(words)
        parser = _parser(command)
        options = parse(parser, rest)
        diagnostics = Diagnostics(
            getattr(options, "quiet", False),
            getattr(options, "color", "auto"),
            not getattr(options, "no_progress", False),
        )
        return command.run(options, diagnostics)
    except BrokenPipeError:
        from cubeql.cli.output.sink import hush

        hush()
        return DONE
    except SystemExit as done:  # argparse leaves so after --help and --version
        return int(done.code or 0)
    except (Exception, KeyboardInterrupt) as fault:
        code = diagnostics.fault(fault)
        if code in (USAGE, STORE):
            _hint_command(words, diagnostics)
        return code


def _silence_libraries() -> None:
    """Warnings of libraries are for their developers; stderr is for what CubeQL has to say."""
    if not sys.warnoptions and os.environ.get("CUBEQL_DEBUG") != "1":
        warnings.simplefilter("ignore")


def _hint_command(words: Sequence[str], diagnostics: Diagnostics) -> None:
    """A misspelt command was taken for the folder of a store."""
    word = words[0] if words else "-"
    near = nearest(word, COMMANDS, 1)
    if near and word not in COMMANDS and not word.startswith("-") and not Path(word).exists():
        diagnostics.notice(f"  hint: if {word} is meant as a command, did you mean `cubeql {near[0]}`?")


def _parser(command: Command) -> Parser:
    if command is QUERY:
        listed = "\n".join(c.line for c in COMMANDS.values())
        parser = Parser(prog="cubeql", description=command.summary, epilog=_EPILOG.format(commands=listed))
        from cubeql import __version__

        parser.add_argument("--version", action="version", version=f"cubeql {__version__}")
    else:
        parser = Parser(prog=f"cubeql {command.name}", description=command.description())
    command.arguments(parser)
    return parser
