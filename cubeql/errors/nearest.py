"""Names like the one that was written."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Up to ``count`` known names closest to ``name``, best first, without regard to case."""
    by_fold = {k.casefold(): k for k in sorted(known, reverse=True)}
    found = difflib.get_close_matches(name.casefold(), by_fold, n=count, cutoff=0.5)
    return tuple(by_fold[f] for f in found)
