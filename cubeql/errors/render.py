"""A diagnostic drawn for people: the line of text, carets under the place, the hint."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from cubeql.errors.diagnostic import Diagnostic
from cubeql.errors.span import Span, line_column

WIDTH = 100
TAB = 4
ELLIPSIS = "…"
_COLORS = {"error": "31", "warning": "33", "hint": "36", "place": "34", "bold": "1"}


def render(diagnostic: Diagnostic, text: str = "", *, color: bool = False, width: int = WIDTH) -> str:
    """Several lines: severity, code and message; the source line with carets; the hint.

    Args:
        diagnostic: what to draw.
        text: the statement its span belongs to; without it the place is left out.
        color: paint with ANSI escapes.
        width: columns that a line of the text may take; a longer one is trimmed around the place.
    """
    paint = _Paint(color)
    head = paint(diagnostic.severity, f"{diagnostic.severity}[{diagnostic.code}]")
    lines = [f"{head}: {paint('bold', _visible(diagnostic.message))}"]
    if diagnostic.span is not None and text:
        lines += _excerpt(text, _clamped(diagnostic.span, text), diagnostic.severity, paint, width)
    if diagnostic.hint:
        lines.append(f"  {paint('hint', 'hint')}: {_visible(diagnostic.hint)}")
    fix = _fix(diagnostic)
    if fix is not None and fix not in (diagnostic.hint or ""):
        lines.append(f"  {paint('hint', 'fix')}: {_visible(fix)}")
    return "\n".join(lines)


def _fix(diagnostic: Diagnostic) -> str | None:
    """What the replacement asks for, in words."""
    if diagnostic.replacement is None:
        return None
    replacement = diagnostic.replacement.strip()
    return f"write {replacement}" if replacement else "delete it"


@dataclass(frozen=True, slots=True)
class _Paint:
    """How the parts of a message are written; without colours, as they are."""

    on: bool

    def __call__(self, role: str, text: str) -> str:
        return f"\x1b[{_COLORS[role]}m{text}\x1b[0m" if self.on else text


def _clamped(span: Span, text: str) -> Span:
    start = min(max(span.start, 0), len(text))
    return Span(start, min(max(span.end, start), len(text)))


def _excerpt(text: str, span: Span, severity: str, paint: _Paint, width: int) -> list[str]:
    """The first line of a place with its carets, and the last one where the place runs over several."""
    first, column = line_column(text, span.start)
    last, _ = line_column(text, max(span.start, span.end - 1))
    gutter = max(len(str(first)), len(str(last)))
    numbers = [first] if first == last else [first, last]
    out = [f" {paint('place', '-->')} line {first}, column {column}"]
    for number in numbers:
        start = _line_start(text, number)
        source = text[start:].split("\n", 1)[0].rstrip("\r")
        shown, carets = _drawn(source, span.start - start, span.end - start, width)
        if number != first and last - first > 1:
            out.append(f" {' ' * gutter} {paint('place', '⋮')}")
        out.append(f" {paint('place', f'{number:>{gutter}} |')} {shown}".rstrip())
        out.append(f" {' ' * gutter} {paint('place', '|')} {paint(severity, carets)}")
    return out


def _line_start(text: str, number: int) -> int:
    start = 0
    for _ in range(number - 1):
        start = text.index("\n", start) + 1
    return start


def _drawn(source: str, start: int, end: int, room: int) -> tuple[str, str]:
    """A line as a terminal shows it, trimmed around the place, and the carets under ``[start, end)``."""
    start, end = max(start, 0), min(end, len(source))
    near, far = max(start - 2 * room, 0), start + 2 * room  # a line may be a million characters long
    cells = [_cell(character) for character in source[near:far]]
    first, last = _window(cells, start - near, max(end, start + 1) - near, room)
    first, last = first + near, last + near
    lead = ELLIPSIS if first > 0 else ""
    trail = ELLIPSIS if last < len(source) else ""
    before, marked = cells[first - near : start - near], cells[start - near : min(end, last) - near]
    shown = "".join(shown for shown, _ in cells[first - near : last - near])
    indent = len(lead) + sum(width for _, width in before)
    return lead + shown + trail, " " * indent + "^" * max(1, sum(width for _, width in marked))


def _window(cells: list[tuple[str, int]], start: int, end: int, most: int) -> tuple[int, int]:
    """The part of a line that is shown: all of it if it fits, else what is around the place."""
    widths = [width for _, width in cells]
    if sum(widths) <= most:
        return 0, len(cells)
    first, room = start, most - 2
    last = start
    while last < min(end, len(cells)) and room - widths[last] >= most // 4:
        room -= widths[last]
        last += 1
    while first > 0 and room - widths[first - 1] >= most // 4:
        first -= 1
        room -= widths[first]
    while last < len(cells) and room - widths[last] >= 0:
        room -= widths[last]
        last += 1
    while first > 0 and room - widths[first - 1] >= 0:
        first -= 1
        room -= widths[first]
    return first, last


def _cell(character: str) -> tuple[str, int]:
    """How a character is shown, and how many columns of a terminal it takes."""
    if character == "\t":
        return " " * TAB, TAB
    if not character.isprintable():
        return "�", 1
    if unicodedata.combining(character):
        return character, 0
    return character, 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _visible(text: str) -> str:
    """Text without characters that would move the cursor or hide."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in text)
