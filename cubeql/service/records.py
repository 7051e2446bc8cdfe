"""What the language service answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from cubeql.errors import Span

CompletionKind = Literal[
    "keyword", "layer", "column", "alias", "function", "class", "method", "match", "unit", "region", "parameter",
    "type", "text",
]  # fmt: skip
PaintKind = Literal[
    "keyword", "name", "function", "number", "text", "comment", "parameter", "operator", "error"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Completion:
    """One thing that may stand at the cursor.

    Attributes:
        text: what takes the place of the text from ``start`` to ``end``.
        kind: what it is; ``alias`` is a name given by AS or WITH, or a source to qualify a column with.
        detail: a few words beside it: a signature, a unit, a title.
        start: offset in the whole text.
        end: offset behind the word under the cursor.
    """

    text: str
    kind: CompletionKind
    detail: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hover:
    """Help on what the pointer is at.

    Attributes:
        title: one line: the word, a signature, a column with its type.
        body: a few lines of plain text; may be empty.
        span: what it is about, in the whole text.
    """

    title: str
    body: str
    span: Span


class Paint(NamedTuple):
    """How a stretch of text is to be coloured."""

    start: int
    end: int
    kind: PaintKind
