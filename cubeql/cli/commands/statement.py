"""What the commands share that stand for one statement."""

from __future__ import annotations

import argparse
import re

from cubeql.cli.diagnostics import Diagnostics

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def run_statement(text: str, options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Run one statement and write its rows as the options say."""
    from cubeql.cli.output.results import MAX_ROWS, Output
    from cubeql.cli.runner import Running, open_session, run_scripts
    from cubeql.cli.statements import Script

    shown = MAX_ROWS if options.max_rows is None else options.max_rows
    with (
        Output(options.format, options.output, shown, options.color) as output,
        open_session(options) as session,
    ):
        return run_scripts(session, [Script(text)], Running({}), output, diagnostics)


def quoted_name(name: str) -> str:
    """A layer's name as a statement writes it: ``collection.layer``, each part quoted where it must be."""
    parts = name.split(".")
    return ".".join(p if _PLAIN.fullmatch(p) else '"' + p.replace('"', '""') + '"' for p in parts)
