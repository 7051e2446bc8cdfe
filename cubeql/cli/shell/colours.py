"""Colours of the prompt: of what is typed, of what is offered, of the line below."""

from __future__ import annotations

import os
from collections.abc import Callable

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.output.color_depth import ColorDepth
from prompt_toolkit.styles import Style

from cubeql import service
from cubeql.cli.shell.feeding import command_in

# The ground of the terminal is not known: each colour can be read on black and on white, and names have none.
SYNTAX: dict[str, str] = {
    "keyword": "bold #3d87d1",
    "function": "#2a958a",
    "number": "#a86fc4",
    "text": "#a97a1f",
    "comment": "italic #7d8794",
    "parameter": "#cc6a3d",
    "operator": "#7f8a97",
    "error": "#d9534f",
}
"""Kind of :func:`cubeql.service.highlight` to its style; the hues are those of the screen's editor."""

_COLOURED = Style.from_dict(
    {
        **SYNTAX,
        "command": "bold #2a958a",
        "prompt": "bold #3d87d1",
        "continuation": "#7d8794",
        "auto-suggestion": "#7d8794",
        "bottom-toolbar": "noreverse #7d8794",
        "bottom-toolbar.key": "noreverse bold #7d8794",
        "completion-menu": "bg:#1a232f #d3dce8",
        "completion-menu.completion": "bg:#1a232f #d3dce8",
        "completion-menu.completion.current": "noreverse bold bg:#2a4a63 #eef4fb",
        "completion-menu.meta.completion": "bg:#1a232f #8d9bad",
        "completion-menu.meta.completion.current": "noreverse bg:#2a4a63 #d3dce8",
        "scrollbar.background": "bg:#121922",
        "scrollbar.button": "bg:#3d5066",
        "matching-bracket.cursor": "underline",
        "matching-bracket.other": "underline",
    }
)


_PLAIN = Style.from_dict(
    {
        "prompt": "bold",
        "bottom-toolbar": "noreverse",
        "completion-menu.completion.current": "reverse",
        "completion-menu.meta.completion.current": "reverse",
    }
)


def style(coloured: bool) -> Style:
    """How the prompt looks; without colours the chosen offer stands reversed."""
    return _COLOURED if coloured else _PLAIN


def depth(coloured: bool) -> ColorDepth | None:
    """How many colours there may be; None leaves it to what the terminal says of itself."""
    if not coloured:
        return ColorDepth.DEPTH_1_BIT
    return ColorDepth.DEPTH_24_BIT if os.environ.get("COLORTERM") in ("truecolor", "24bit") else None


class StatementLexer(Lexer):
    """Colours a text as the parser reads it."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """The coloured pieces of each line."""
        lines = coloured(document.text)
        return lambda number: lines[number] if number < len(lines) else []


def coloured(text: str) -> list[StyleAndTextTuples]:
    """The lines of a text, each in coloured pieces."""
    lines: list[StyleAndTextTuples] = [[]]
    for style, piece in _pieces(text):
        for number, part in enumerate(piece.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append((style, part))
    return lines


def _pieces(text: str) -> list[tuple[str, str]]:
    if command_in(text) is not None:
        word, space, rest = text.partition(" ")
        return [("class:command", word), ("", space + rest)]
    pieces: list[tuple[str, str]] = []
    end = 0
    for paint in service.highlight(text):
        pieces.append(("", text[end : paint.start]))
        style = f"class:{paint.kind}" if paint.kind in SYNTAX else ""
        pieces.append((style, text[paint.start : paint.end]))
        end = paint.end
    return [*pieces, ("", text[end:])]
