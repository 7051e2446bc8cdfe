"""Why the oracle gives no answer."""

from __future__ import annotations


class UncoveredError(NotImplementedError):
    """The oracle does not cover a construct; its message names it. The fault is the oracle's."""


class RefusedError(Exception):
    """The query is wrong: whoever answers it must refuse it."""


class UndeterminedError(Exception):
    """The query has several right answers (LIMIT cuts a tie, say): nothing can be compared."""
