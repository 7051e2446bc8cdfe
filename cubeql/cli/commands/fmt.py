"""Format statements: stdin to stdout, or files in place."""

from __future__ import annotations

import argparse
from pathlib import Path

from cubeql.cli.arguments import Parser, add_talking
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE, FAULT


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    parser.add_argument("files", metavar="FILE", nargs="*", help="files to format in place; without any, stdin")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if something would change")
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Format; a text with faults is left as it is."""
    from cubeql.cli.output.sink import write_text
    from cubeql.cli.statements import read_file

    code = DONE
    for name in options.files or ["-"]:
        script = read_file(name)
        formatted = _formatted(script.text, script.name, diagnostics)
        if formatted is None:
            code = FAULT
        elif options.check:
            code = max(code, FAULT if formatted != script.text else DONE)
            if formatted != script.text:
                diagnostics.notice(f"{script.name or 'stdin'} would change")
        elif script.name is None:
            write_text(formatted)
        elif formatted != script.text:
            _rewrite(Path(script.name), formatted)
            diagnostics.notice(f"{script.name} formatted")
    return code


def _formatted(text: str, name: str | None, diagnostics: Diagnostics) -> str | None:
    from cubeql.errors import QueryError
    from cubeql.lang import format_text

    try:
        formatted = format_text(text)
    except QueryError as fault:
        diagnostics.fault(fault, name)
        return None
    return formatted.rstrip("\n") + "\n" if formatted.strip() else ""


def _rewrite(path: Path, text: str) -> None:
    from cubeql.cli.output.sink import file_sink

    sink = file_sink(path)
    sink.write(text)
    sink.finish(complete=True)
