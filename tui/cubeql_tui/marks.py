"""Which stretch of which line of a text is to look how: colours of words, and faults."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cubeql import service
from cubeql.errors import Diagnostic


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of one line, ``end`` not included."""

    start: int
    end: int
    kind: str


def marks_of(text: str, faults: Iterable[Diagnostic] = ()) -> dict[int, list[Mark]]:
    """The marks of each line that has any; those of faults (``fault``, ``warning``) come last and lie above."""
    starts = [0, *(i + 1 for i, character in enumerate(text) if character == "\n")]
    lines: dict[int, list[Mark]] = {}
    for start, end, kind in (*service.highlight(text), *_of_faults(text, faults)):
        for line, mark in _by_line(start, end, kind, starts, len(text)):
            lines.setdefault(line, []).append(mark)
    return lines


def _of_faults(text: str, faults: Iterable[Diagnostic]) -> Iterator[tuple[int, int, str]]:
    for fault in faults:
        if fault.span is not None:
            kind = "warning" if fault.severity == "warning" else "fault"
            end = max(fault.span.end, fault.span.start + 1)
            yield min(fault.span.start, max(0, len(text) - 1)), end, kind


def _by_line(start: int, end: int, kind: str, starts: list[int], length: int) -> Iterator[tuple[int, Mark]]:
    line = bisect_right(starts, start) - 1
    while start < end and line < len(starts):
        first = starts[line]
        behind = starts[line + 1] if line + 1 < len(starts) else length + 1
        if start < behind - 1:
            yield line, Mark(start - first, min(end, behind - 1) - first, kind)
        start, line = behind, line + 1


def said_at(faults: Iterable[Diagnostic], offset: int) -> Diagnostic | None:
    """The fault to be told at a cursor: the one it is in, else the first."""
    found = list(faults)
    touching = (f for f in found if f.span is not None and f.span.start <= offset <= f.span.end)
    return next(touching, found[0] if found else None)


def index_of(text: str, line: int, column: int) -> int:
    """The offset of a place that is given by its line and column, both from 0."""
    start = 0
    for _ in range(line):
        start = text.find("\n", start) + 1
    return start + column


def place_of(text: str, index: int) -> tuple[int, int]:
    """The line and column, both from 0, of an offset; one beyond the text is its end."""
    index = max(0, min(index, len(text)))
    return text.count("\n", 0, index), index - (text.rfind("\n", 0, index) + 1)
