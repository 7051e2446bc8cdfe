"""What a writer of a format is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one result, to be read once."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


class Target(Protocol):
    """Where a format is written: texts by ``write``, bytes to ``binary``."""

    @property
    def binary(self) -> BinaryIO:
        """Where bytes go."""
        ...

    def write(self, text: str) -> None:
        """Write a text."""
        ...


@dataclass(frozen=True, slots=True)
class FileTarget:
    """An open file; texts are UTF-8."""

    binary: BinaryIO

    def write(self, text: str) -> None:
        """Write a text."""
        self.binary.write(text.encode())


Writer = Callable[[Rows, Target], int]
"""Writes all rows; gives how many there were."""


def count_rows(rows: Rows, target: Target) -> int:
    """Write nothing; the rows are fetched and counted."""
    return sum(batch.num_rows for batch in rows.batches)
