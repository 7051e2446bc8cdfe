"""``cubeql audit show`` and ``erase``."""

from __future__ import annotations

import argparse
from pathlib import Path

from cubeql.cli.arguments import Parser, UsageError


def add_folder(parser: Parser) -> None:
    """Where the audit lies: its folder, or the settings of the server that keeps it."""
    parser.add_argument("--folder", metavar="DIR", type=Path, help="the folder of the audit")
    parser.add_argument("--config", metavar="FILE", type=Path, help="settings of the server, which name the folder")


def chosen_folder(options: argparse.Namespace) -> Path:
    """The folder that was named.

    Raises:
        UsageError: none was, or two.
        ConfigError: the settings cannot be read.
    """
    if (options.folder is None) == (options.config is None):
        raise UsageError("say where the audit lies: --folder DIR, or --config FILE of the server")
    if options.folder is not None:
        return Path(options.folder)
    from cubeql.server.settings import read_settings

    folder = read_settings(options.config).audit.folder
    if folder is None:
        raise UsageError(f"{options.config} keeps no audit: [audit] has no folder")
    return folder
