"""What a writer is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cubeql.cli.output.sink import Sink

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one result, to be read once."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are shown to people; formats for programs take no notice.

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
    """What a writer did: rows written, and what it left out, in words."""

    rows: int
    notices: tuple[str, ...] = ()


Writer = Callable[[Rows, Sink, Layout], Written]
