"""How rows are shown to people, and what was left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cubeql.cli.output.sink import Sink
from cubeql.formats.rows import Rows


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are shown.

    Attributes:
        max_rows: rows shown; None shows all.
        width: columns of the terminal; None where there is none.
        unicode: box-drawing characters can be shown.
        colour: headings and NULLs are set apart by colour.
    """

    max_rows: int | None = None
    width: int | None = None
    unicode: bool = True
    colour: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: how many rows, and what was left out, in words."""

    rows: int
    notices: tuple[str, ...] = ()


Drawer = Callable[[Rows, Sink, Layout], Written]
"""Draws rows for people."""
