"""One line that says how far something is, how fast, and how long it will take."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field

from cubeql.cli.diagnostics import Diagnostics

_EVERY_S = 0.1
_BAR = 20


@dataclass(slots=True)
class ProgressLine:
    """Draws progress, at most ten times a second; silent where stderr is no terminal.

    Attributes:
        diagnostics: where it is drawn.
        what: the word in front.
    """

    diagnostics: Diagnostics
    what: str
    _last: float = field(default=float("-inf"), init=False)

    def show(self, done: int, total: int, rate: str, seconds_left: float | None) -> None:
        """Draw the line anew.

        Args:
            done: parts that are done.
            total: all parts.
            rate: how fast, in words.
            seconds_left: an estimate; None where there is none yet.
        """
        now = time.monotonic()
        if not self.diagnostics.shows_progress or (now - self._last < _EVERY_S and done < total):
            return
        self._last = now
        text = line(self.what, done, total, rate, seconds_left, self.diagnostics.unicode)
        self.diagnostics.progress(fitting(text))


def line(what: str, done: int, total: int, rate: str, seconds_left: float | None, blocks: bool = False) -> str:
    """The line: ``ingest [#####               ]  25%  1.2 M cells/s  0:41 left``, or with a bar of blocks."""
    share = done / total if total else 1.0
    filled = int(share * _BAR)
    bar = "█" * filled + "░" * (_BAR - filled) if blocks else f"[{'#' * filled:<{_BAR}}]"
    left = "" if seconds_left is None else f"  {duration(seconds_left)} left"
    return f"{what} {bar} {share:4.0%}  {rate}{left}"


def fitting(text: str) -> str:
    """As much of a line as the terminal has room for; a longer one could not be taken away again."""
    return text[: shutil.get_terminal_size().columns - 1]


def duration(seconds: float) -> str:
    """``0:05``, ``12:00``, ``3:00:00``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def short_count(number: float) -> str:
    """``950``, ``12.3 k``, ``4.6 M``, ``1.1 G``."""
    for unit in ("", " k", " M", " G"):
        if number < 1000:
            return f"{number:.0f}" if not unit else f"{number:.1f}{unit}"
        number /= 1000
    return f"{number:.1f} T"
