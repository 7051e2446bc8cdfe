"""The shape of a catalogue row."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault.

    Attributes:
        code: its name, ``snake_case``, never changed once published.
        message: what was found; ``{facts}`` are filled in.
        hint: what would be right; ``{facts}`` are filled in.
        example: a statement that has this fault.
        severity: a warning does not stop the statement.
    """

    code: str
    message: str
    hint: str | None = None
    example: str | None = None
    severity: Literal["error", "warning"] = "error"

    @property
    def facts(self) -> set[str]:
        """Names of the facts both templates need."""
        parsed = string.Formatter().parse(self.message + (self.hint or ""))
        return {name.split(".")[0].split("[")[0] for _, name, _, _ in parsed if name}
