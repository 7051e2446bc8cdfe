"""Text that knows where it may be broken into lines.

A document is a ``str``, a tuple of documents, or one of the pieces below. Without breaks it is one line
(:func:`flat`); :func:`laid_out` breaks the groups that do not fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from cubeql.values.slotted import dataclass

INDENT = 4
WIDTH = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A possible line end; ``flat`` is what stands there when the line goes on."""

    flat: str = " "


@dataclass(frozen=True, slots=True)
class Nest:
    """Lines inside begin further right."""

    inside: Doc


@dataclass(frozen=True, slots=True)
class Group:
    """Broken at all its own lines, or at none."""

    inside: Doc


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment; it always ends its line.

    Attributes:
        text: with its marks.
        place: ``before`` on lines of its own, ``suffix`` at the end of the line, ``after`` on a line of its
            own after the line is done.
    """

    text: str
    place: str = "before"


Doc: TypeAlias = "str | tuple[Doc, ...] | Line | Nest | Group | Comment"

LINE = Line()
SOFT = Line("")


def join(separator: Doc, docs: Iterable[Doc]) -> Doc:
    """Documents with a separator between them."""
    parts: list[Doc] = []
    for doc in docs:
        if parts:
            parts.append(separator)
        parts.append(doc)
    return tuple(parts)


def flat(doc: Doc) -> str:
    """The document on one line, comments left out."""
    out: list[str] = []
    stack: list[Doc] = [doc]
    while stack:
        match stack.pop():
            case str() as text:
                out.append(text)
            case tuple() as parts:
                stack.extend(reversed(parts))
            case Line(flat=text):
                out.append(text)
            case Nest(inside=inside) | Group(inside=inside):
                stack.append(inside)
            case Comment():
                pass
    return "".join(out)


def laid_out(doc: Doc, width: int = WIDTH) -> str:
    """The document in lines of at most ``width`` characters where that can be."""
    return _Layout(width).run(doc)


@dataclass(frozen=True, slots=True)
class _Todo:
    indent: int
    broken: bool
    doc: Doc


class _Layout:
    def __init__(self, width: int) -> None:
        self.width = width
        self.out: list[str] = []
        self.column = 0
        self.margin = ""
        self.waiting: list[Comment] = []

    def run(self, doc: Doc) -> str:
        stack = [_Todo(0, True, doc)]
        while stack:
            todo = stack.pop()
            match todo.doc:
                case str() as text:
                    self._write(text)
                case tuple() as parts:
                    stack.extend(_Todo(todo.indent, todo.broken, part) for part in reversed(parts))
                case Line(flat=text):
                    self._newline(todo.indent) if todo.broken else self._write(text)
                case Nest(inside=inside):
                    stack.append(_Todo(todo.indent + INDENT, todo.broken, inside))
                case Group(inside=inside):
                    stack.append(_Todo(todo.indent, todo.broken and not self._fits(inside, stack), inside))
                case Comment() as comment:
                    self._comment(comment, todo.indent)
        self._flush("")
        return "".join(self.out)

    def _write(self, text: str) -> None:
        if not text:
            return
        self.out.append(self.margin + text)
        self.margin = ""
        self.column = self.column + len(text) if "\n" not in text else len(text) - text.rfind("\n") - 1

    def _newline(self, indent: int) -> None:
        margin = " " * indent
        self._flush(margin)
        self.out.append("\n")
        self.margin, self.column = margin, indent

    def _comment(self, comment: Comment, indent: int) -> None:
        if comment.place != "before":
            self.waiting.append(comment)
            return
        self._write(comment.text)
        self._newline(indent)

    def _flush(self, margin: str) -> None:
        """Write the comments that wait for the end of the line."""
        waiting, self.waiting = self.waiting, []
        room = True  # behind a -- comment, or one that has a line of its own, no other can stand
        for comment in waiting:
            room = room and comment.place == "suffix"
            self.out.append("  " if room else "\n" + margin)
            self.out.append(comment.text)
            room = room and not comment.text.startswith("--") and "\n" not in comment.text

    def _fits(self, doc: Doc, rest: list[_Todo]) -> bool:
        """Whether the document, on one line, and what follows up to the next line end fit the width."""
        room = self.width - self.column
        stack = [_Todo(0, False, doc)]
        behind = len(rest)
        while room >= 0:
            if not stack:
                if behind == 0:
                    return True
                behind -= 1
                stack.append(rest[behind])
                continue
            todo = stack.pop()
            ends = _ends_line(todo)
            if ends is not None:
                return ends
            room -= _unfold(todo, stack)
        return False


def _ends_line(todo: _Todo) -> bool | None:
    """Whether a line ends well here (at a break) or badly (at a comment); None where none ends."""
    if isinstance(todo.doc, Line) and todo.broken:
        return True
    if isinstance(todo.doc, Comment) and not todo.broken and todo.doc.place != "after":
        return False
    return None


def _unfold(todo: _Todo, stack: list[_Todo]) -> int:
    """Put what a document holds on the stack; the width of its own text."""
    match todo.doc:
        case str() as text:
            return len(text)
        case Line(flat=text):
            return len(text)
        case tuple() as parts:
            stack.extend(_Todo(0, todo.broken, part) for part in reversed(parts))
        case Nest(inside=inside):
            stack.append(_Todo(0, todo.broken, inside))
        case Group(inside=inside):
            stack.append(_Todo(0, False, inside))
    return 0
