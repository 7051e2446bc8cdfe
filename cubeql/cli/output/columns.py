"""How wide the columns of a table are, and which of them are shown where a terminal is too narrow for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cubeql.cli.output.display import width_of
from cubeql.formats.shown import Form

Row = Sequence[str | None]
_SHORTEST = 20


@dataclass(frozen=True, slots=True)
class Column:
    """A column as drawn.

    Attributes:
        number: its place in a row; None for the one that stands for columns left out.
        form: how its values are read; None likewise.
        head: the lines of its head.
        width: in characters.
        shortest: the least it may be narrowed to.
    """

    number: int | None
    form: Form | None
    head: tuple[str, ...]
    width: int
    shortest: int

    @property
    def right(self) -> bool:
        """Whether its values end at the same place."""
        return self.form is not None and self.form.counted


def laid_out(forms: list[Form], first: list[Row], null: str, gap: str, room: int | None, wraps: bool) -> list[Column]:
    """The columns to be drawn.

    Args:
        forms: of all columns.
        first: rows whose widths count.
        null: what stands for NULL.
        gap: what stands for columns left out.
        room: characters of the terminal; None has no end.
        wraps: texts that are too long go over several lines, also where there is but one column.
    """
    columns = [_natural(number, form, first, null, (form.heading,)) for number, form in enumerate(forms)]
    if room is None or drawn_width(columns) <= room or (len(columns) == 1 and not wraps):
        return columns
    columns = [_natural(n, form, first, null, (form.name, _bracket(form))) for n, form in enumerate(forms)]
    if not any(c.head[1] for c in columns):
        columns = [replace(c, head=c.head[:1]) for c in columns]
    return _filled(_chosen(columns, gap, room), room)


def drawn_width(columns: list[Column]) -> int:
    """Characters of a line."""
    return sum(c.width + 3 for c in columns) + 1


def _bracket(form: Form) -> str:
    return "" if form.note is None else f"[{form.note}]"


def _natural(number: int, form: Form, first: list[Row], null: str, head: tuple[str, ...]) -> Column:
    least = max(width_of(line) for line in head)
    width = max([least, *(width_of(null if row[number] is None else row[number] or "") for row in first)])
    return Column(number, form, head, width, width if form.counted else min(width, max(_SHORTEST, least)))


def _narrowed(columns: list[Column], widest: int) -> list[Column]:
    return [replace(c, width=min(c.width, max(c.shortest, widest))) for c in columns]


def _chosen(columns: list[Column], gap: str, room: int) -> list[Column]:
    """Columns from both ends towards the middle, as many as there is room for; at least the first.

    Where the next from one end is too wide, those of the other end go on.
    """
    narrow = _narrowed(columns, 0)
    if len(columns) == 1 or drawn_width(narrow) <= room:
        return columns
    between = Column(None, None, (gap,), 1, 1)
    left, right = [0], list[int]()
    waiting, full = list(range(1, len(columns))), set[bool]()
    while waiting and len(full) < 2:
        from_left = False in full or (True not in full and len(left) <= len(right))
        candidate = waiting[0 if from_left else -1]
        if drawn_width([between, *(narrow[i] for i in (*left, *right, candidate))]) > room:
            full.add(from_left)
            continue
        waiting.remove(candidate)
        left, right = ([*left, candidate], right) if from_left else (left, [candidate, *right])
    return [*(columns[i] for i in left), between, *(columns[i] for i in right)]


def _filled(columns: list[Column], room: int) -> list[Column]:
    """Long columns narrowed to one width, the greatest for which there is room."""
    fitting = (_narrowed(columns, widest) for widest in range(room, _SHORTEST, -1))
    return next((c for c in fitting if drawn_width(c) <= room), _narrowed(columns, 0))
