"""How far a statement is, as a bar and in words."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text

from cubeql.drawing.display import seconds_text
from cubeql.sessions import Progress

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(share: float, width: int, colour: str, ground: str) -> Text:
    """A bar, filled from the left to an eighth of a character; never full before the share is."""
    eighths = int(min(1.0, max(0.0, share)) * width * 8)
    whole, rest = divmod(eighths, 8)
    drawn = "█" * whole + (_EIGHTHS[rest] if rest else "")
    return Text().append(f"{drawn:{width}}", f"{colour} on {ground}")


def tiles_text(progress: Progress, colours: Mapping[str, str], width: int) -> Text:
    """The bar, and tiles done of all."""
    drawn = bar(progress.done / progress.all, width, colours["primary"], colours["border"])
    return drawn.append(f" {progress.done:,} of {progress.all:,} tiles", colours["foreground"])


def left_text(seconds: float) -> str:
    """The time that is left, no more exact than it is known."""
    if seconds < 1:
        return "under 1 s left"
    return f"{seconds_text(round(seconds)).replace('.0 s', ' s')} left"
