"""The commands, a row each; each a module with ``arguments`` and ``run``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from cubeql.cli.arguments import Parser
from cubeql.cli.diagnostics import Diagnostics


@dataclass(frozen=True, slots=True)
class Command:
    """One command; its module is imported when it is used."""

    name: str
    summary: str
    module: str

    def arguments(self, parser: Parser) -> None:
        """Declare its arguments."""
        self._loaded().arguments(parser)

    def run(self, options: argparse.Namespace, diagnostics: Diagnostics) -> int:
        """Run it; the exit code."""
        return int(self._loaded().run(options, diagnostics))

    def description(self) -> str:
        """The text above its options: the module's own docstring."""
        return self._loaded().__doc__ or self.summary

    def _loaded(self) -> ModuleType:
        return import_module(f"cubeql.cli.commands.{self.module}")


QUERY = Command("", "Run CubeQL statements on a store.", "query")
COMMANDS: dict[str, Command] = {
    c.name: c
    for c in (
        Command("demo", "build a store from real data and ask it questions", "demo"),
        Command("ingest", "bring raster files into a layer", "ingest"),
        Command("layers", "list the layers of a store", "layers"),
        Command("describe", "say what a layer holds", "describe"),
        Command("card", "show or edit what is told of a layer, as JSON", "card"),
        Command("compact", "put the files of layers in order", "compact"),
        Command("vacuum", "remove what killed writers left behind, and old versions", "vacuum"),
        Command("explain", "say how a query would run", "explain"),
        Command("tui", "open the screen in the terminal", "tui"),
        Command("fmt", "format statements", "fmt"),
        Command("doctor", "check the installation and a store", "doctor"),
    )
}
