"""How rows are shown to people, and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cubeql.cli.output.sink import Sink
from cubeql.formats.rows import Rows

if TYPE_CHECKING:
    import pyarrow as pa

_COUNTED_ROWS = 122_880  # what the engine gives at once: to count so many costs nothing more
BOLD, DIM, MISSING = "1", "2", "35"
"""Inks that are read on dark and on light terminals alike."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are shown.

    Attributes:
        max_rows: rows shown; None shows all.
        width: columns of the terminal; None where there is none.
        unicode: box-drawing characters can be shown.
        colour: headings and NULLs are set apart by colour.
        all_rows: how to see the rows that are left out.
        all_columns: how to see the columns that are.
    """

    max_rows: int | None = None
    width: int | None = None
    unicode: bool = True
    colour: bool = False
    all_rows: str = "--max-rows 0 shows all"
    all_columns: str = "--format vertical shows all"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        rows: how many.
        notices: what was left out, in words.
        paged: somebody read them in a pager.
    """

    rows: int
    notices: tuple[str, ...] = ()
    paged: bool = False


Drawer = Callable[[Rows, Sink, Layout], Written]
"""Draws rows for people."""


def painted(ink: str, text: str, colour: bool) -> str:
    """A text in an ink, where there is colour."""
    return f"\x1b[{ink}m{text}\x1b[0m" if colour and text else text


def counted_beyond(shown: int | None, batches: Iterator[pa.RecordBatch]) -> tuple[int, bool]:
    """How many rows there are beyond those that are shown, and whether those are all.

    Args:
        shown: how many are shown at most; None shows all.
        batches: of all rows; no more are read when that many are counted as the engine gives at once.
    """
    count = 0
    for batch in () if shown is None else batches:
        count += batch.num_rows
        if count >= _COUNTED_ROWS:
            return count - (shown or 0), False
    return max(0, count - (shown or 0)), True


def rows_notice(shown: int, beyond: int, ended: bool, layout: Layout) -> Iterator[str]:
    """Of how many rows those shown are the first.

    Args:
        shown: rows.
        beyond: rows that were counted besides.
        ended: whether these are all.
        layout: says how to see them.
    """
    if beyond:
        all_rows = f"{shown + beyond:,} rows in all" if ended else f"more than {shown + beyond - 1:,} rows"
        yield f"the first {shown:,} of {all_rows} ({layout.all_rows})"
