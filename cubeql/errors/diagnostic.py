"""One fault found in a statement, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from cubeql.errors.catalogue import row
from cubeql.errors.span import Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A fault: which code, where, what was found, what would be right.

    Attributes:
        code: a row of the catalogue, e.g. ``unknown_layer``.
        message: what was found, one sentence.
        span: place in the statement's text; None where the fault has no place.
        hint: what would be right; None where nothing is sure.
        replacement: text which, put in place of the span, mends the fault; only when sure.
        severity: warnings do not stop a statement.
        facts: the values the message was made of.
    """

    code: str
    message: str
    span: Span | None = None
    hint: str | None = None
    replacement: str | None = None
    severity: Severity = "error"
    facts: tuple[tuple[str, Any], ...] = field(default=(), compare=False)


def diagnose(
    code: str, span: Span | None = None, *, hint: str | None = None, replacement: str | None = None, **facts: Any
) -> Diagnostic:
    """Make the diagnostic of a catalogue row from its facts.

    Args:
        code: the row's code; an unknown code is a bug (KeyError).
        span: the place.
        hint: overrides the row's own hint.
        replacement: text that mends the fault.
        **facts: exactly the names the row's templates need.
    """
    fault = row(code)
    missing = fault.facts - facts.keys()
    if missing:
        raise KeyError(f"{code} needs the facts {sorted(missing)}")
    return Diagnostic(
        code=code,
        message=fault.message.format(**facts),
        span=span,
        hint=hint if hint is not None else (fault.hint.format(**facts) if fault.hint else None),
        replacement=replacement,
        severity=fault.severity,
        facts=tuple(sorted(facts.items())),
    )
