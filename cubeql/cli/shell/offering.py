"""What may stand at the cursor of the prompt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from cubeql import service
from cubeql.cli.shell.commands import COMMANDS, find
from cubeql.cli.shell.state import MODES, Shell
from cubeql.errors import CubeQLError

_MOST = 200
_DETAIL = 46
_MARKS = (".", "\\")


class Offers(Completer):
    """Legal words of a statement; commands and what they take."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """What may stand at the cursor, best first."""
        try:
            if document.text.startswith(_MARKS):
                yield from self._of_command(document, complete_event)
            elif complete_event.completion_requested or document.current_line_before_cursor.strip():
                yield from self._of_statement(document.text, document.cursor_position)
        except (CubeQLError, OSError):  # a store that cannot be read says so when the statement runs
            return

    def _of_statement(self, text: str, cursor: int) -> Iterator[Completion]:
        known = self._shell.known.catalog()
        for offer in service.complete(text, cursor, known, tuple(self._shell.running.parameters))[:_MOST]:
            yield Completion(offer.text, offer.start - cursor, offer.text, _meta(offer.kind, offer.detail))

    def _of_command(self, document: Document, event: CompleteEvent) -> Iterator[Completion]:
        before = document.text_before_cursor
        word, space, rest = before.partition(" ")
        if not space:
            yield from _commands(word)
            return
        command = find(word, rest or "x")
        argument = rest.lstrip()
        match command.offers if command is not None else "":
            case "file":
                yield from self._paths.get_completions(Document(argument.removeprefix("|")), event)
            case "statement":
                yield from self._of_statement(argument, len(argument))
            case "layer":
                yield from _words(argument, self._layers())
            case str(kind):
                yield from _words(argument, self._listed(kind))
            case words:
                yield from _words(argument, dict.fromkeys(words, ""))

    def _layers(self) -> dict[str, str]:
        known = self._shell.known.catalog()
        layers = {name: known.layer(name) for name in known.layer_names()}
        found = {name: layer.title or "" if layer else "" for name, layer in layers.items()}
        return found | dict.fromkeys(known.view_names(), "view") | dict.fromkeys(known.cell_set_names(), "cells")

    def _listed(self, kind: str) -> dict[str, str]:
        match kind:
            case "mode":
                return dict.fromkeys(MODES, "")
            case "command":
                return {c.name: c.says for c in COMMANDS}
            case "column":
                kept = self._shell.showing.kept
                return dict.fromkeys(kept.schema.names if kept is not None else (), "")
            case "parameter":
                return {name: str(value) for name, value in self._shell.running.parameters.items()}
            case "setting":
                settings = self._shell.session.settings
                return {f.name: str(getattr(settings, f.name)) for f in fields(settings) if f.repr}
        return {}


def _commands(word: str) -> Iterator[Completion]:
    for command in COMMANDS:
        for name in (command.name, *command.aliases):
            name = name.partition(" ")[0]
            if name.startswith(word.lower()):
                yield Completion(name, -len(word), f"{name} {command.takes}".rstrip(), _cut(command.says))
                break


def _words(typed: str, known: dict[str, str]) -> Iterator[Completion]:
    for word, said in known.items():
        if word.casefold().startswith(typed.casefold()):
            yield Completion(word, -len(typed), word, _cut(said))


def _meta(kind: str, detail: str) -> str:
    return f"{kind:<9} {_cut(detail)}".rstrip()


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _DETAIL else line[: _DETAIL - 1] + "…"
