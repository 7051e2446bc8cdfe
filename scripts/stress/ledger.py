"""What writers meant to commit and what they were told is committed, in a file each that only it appends to.

A time belongs to one writer. Its values follow one another: each is noted as meant before its commit begins, and as
told once it has succeeded. A reader may therefore see the last value that was told before it began, or any meant
after it.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

ABSENT = None


class Ledger:
    """The notes of one writer."""

    def __init__(self, folder: Path, number: int) -> None:
        """Begin the notes of a writer."""
        self._file = (folder / f"writer-{number}.txt").open("ab", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def meant(self, time: str, value: int) -> None:
        """Note a value about to be committed for a time."""
        self._note("meant", time, value)

    def told(self, time: str, value: int) -> None:
        """Note that the value is committed."""
        self._note("told", time, value)

    def _note(self, word: str, time: str, value: int) -> None:
        os.write(self._file.fileno(), f"{word} {time} {value}\n".encode())


@dataclass(slots=True)
class Known:
    """What the notes of all writers say of every time: its values in order, and how many of them surely took place."""

    values: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def allowed(self, time: str, since: Known) -> set[int | None]:
        """Values a reader may have seen of a time that began when ``since`` was known, and ended now."""
        count = since.told.get(time, 0)
        later = set(self.values.get(time, [])[count:])
        last = {self.values[time][count - 1]} if count else {ABSENT}
        return later | last


def known(folder: Path) -> Known:
    """All notes so far."""
    found = Known()
    for path in sorted(folder.glob("writer-*.txt")):
        for line in path.read_text("ascii").splitlines(keepends=True):
            words = line.split()
            if not line.endswith("\n") or len(words) != 3:
                continue  # being written just now
            word, time, value = words
            if word == "meant":
                found.values[time].append(int(value))
            else:
                found.told[time] = found.values[time].index(int(value)) + 1
    return found
