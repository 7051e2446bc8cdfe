"""The commands, a row each; each a module with ``arguments`` and ``run``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from cubeql.cli.arguments import Parser, UsageError
from cubeql.cli.diagnostics import Diagnostics
from cubeql.errors import nearest


@dataclass(frozen=True, slots=True)
class Command:
    """One command, of one word or two; its module is imported when it is used."""

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

    @property
    def line(self) -> str:
        """Its line in a list of commands."""
        return f"  {self.name:<14}{self.summary}"


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
        Command("serve", "serve a store to others, by Arrow Flight SQL", "serve"),
        Command("token create", "let a user of the served store in", "token.create"),
        Command("token list", "say who may come in, never with what", "token.list"),
        Command("token revoke", "let tokens no longer in", "token.revoke"),
        Command("audit show", "say who asked a server for what", "audit.show"),
        Command("audit erase", "take a user out of what a server has written down", "audit.erase"),
        Command("fmt", "format statements", "fmt"),
        Command("doctor", "check the installation and a store", "doctor"),
    )
}


def find_command(words: Sequence[str]) -> tuple[Command, Sequence[str]]:
    """The command that words begin with, and the rest of them; :data:`QUERY` where they begin with none.

    Raises:
        UsageError: they begin with the first word of several commands and do not say which.
        SystemExit: they ask which there are, and were told.
    """
    for length in (2, 1):
        found = COMMANDS.get(" ".join(words[:length])) if len(words) >= length else None
        if found is not None:
            return found, words[length:]
    family = [c for c in COMMANDS.values() if words and c.name.startswith(f"{words[0]} ")]
    if not family:
        return QUERY, words
    if words[1:] and words[1] in ("-h", "--help"):
        listed = "\n".join(c.line for c in family)
        Parser(prog=f"cubeql {words[0]}", usage=f"cubeql {words[0]} COMMAND …", description=listed).print_help()
        raise SystemExit(0)
    second = [c.name.partition(" ")[2] for c in family]
    near = nearest(words[1], second, 1) if words[1:] else ()
    hint = f"did you mean `cubeql {words[0]} {near[0]}`?" if near else f"cubeql {words[0]} --help lists them"
    raise UsageError(f"cubeql {words[0]} is followed by {', '.join(second[:-1])} or {second[-1]}\n  hint: {hint}")
