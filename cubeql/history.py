"""Statements that were run, kept from one day to the next; the prompt and the screen share them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from cubeql.preferences import state_folder

_MOST = 2000


def default_file() -> Path:
    """Where the history lies: ``$XDG_STATE_HOME/cubeql/history.jsonl``, else below ``~/.local/state``."""
    return state_folder() / "history.jsonl"


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement that was run.

    Attributes:
        text: the statement.
        when: ISO 8601, UTC.
        store: address of the store.
        state: how it ended: ``done``, ``cancelled`` or ``failed``.
        rows: how many rows came.
        seconds: how long it took.
    """

    text: str
    when: str
    store: str
    state: str
    rows: int
    seconds: float


_KINDS: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "when": str,
    "store": str,
    "state": str,
    "rows": int,
    "seconds": (int, float),
}


class History:
    """Statements in a file, a JSON line each; a file that cannot be read or written costs the history alone.

    Args:
        file: None keeps the history in memory.
    """

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.asked: list[Asked] = list(_read(file)) if file is not None else []

    def add(self, asked: Asked) -> None:
        """Keep one more."""
        self.asked.append(asked)
        if self.file is not None:
            with suppress(OSError, UnicodeEncodeError):
                self.file.parent.mkdir(parents=True, exist_ok=True)
                with self.file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(asdict(asked), ensure_ascii=False) + "\n")

    def find(self, words: str) -> list[Asked]:
        """The latest first, each text once, those that hold all words."""
        sought = words.casefold().split()
        latest: dict[str, Asked] = {}
        for asked in reversed(self.asked):
            if all(word in asked.text.casefold() for word in sought):
                latest.setdefault(asked.text, asked)
        return list(latest.values())


def _read(file: Path) -> Iterator[Asked]:
    try:
        # Trap: splitlines() breaks at the U+2028 of a statement, too.
        lines = file.read_bytes().decode("utf-8", "replace").split("\n")[-_MOST:]
    except OSError:
        return
    for line in lines:
        with suppress(ValueError, TypeError, RecursionError):
            asked = Asked(**json.loads(line))
            if all(isinstance(getattr(asked, name), kind) for name, kind in _KINDS.items()):
                yield asked
