"""Check the installation and a store: what is there, which versions, what is broken."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from cubeql.cli.arguments import Parser, add_store, add_talking, chosen_store
from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.outcome import DONE, STORE


def arguments(parser: Parser) -> None:
    """Declare the arguments."""
    add_store(parser, positional=True)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_talking(parser)


def run(options: argparse.Namespace, diagnostics: Diagnostics) -> int:
    """Print every finding; exit 3 when something is broken."""
    import json

    from cubeql.cli.health import Finding, check_installation, check_preferences, check_store
    from cubeql.cli.output.sink import write_text

    def findings() -> Iterator[Finding]:
        yield from check_installation()
        yield check_preferences()
        yield from check_store(chosen_store(options))

    broken = 0
    for finding in findings():
        broken += finding.state == "broken"
        if options.json:
            write_text(json.dumps(finding.as_dict(), ensure_ascii=False) + "\n")
        else:
            write_text(f"{finding.state:<7} {finding.subject:<23} {finding.text}\n")
    if broken:
        diagnostics.notice(f"{broken} broken")
    return STORE if broken else DONE
