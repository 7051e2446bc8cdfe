"""How ingest refuses: one sentence naming the source, what was found and what would be right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cubeql.errors import IngestError


class IngestCancelled(IngestError):  # noqa: N818 (as the other names of what can go wrong)
    """The ingest was cancelled; the layer is as it was."""


def refusal(source: object, found: str, right: str | None = None) -> IngestError:
    """The error that says where, what was found and, after a semicolon, what would be right."""
    return IngestError(f"{source}: {found}; {right}" if right else f"{source}: {found}")


@contextmanager
def reading(source: object, kinds: tuple[type[BaseException], ...] = (Exception,)) -> Iterator[None]:
    """Turn what a format library raises while it reads into an :class:`IngestError` naming the source."""
    try:
        yield
    except (IngestError, MemoryError):
        raise
    except kinds as fault:
        raise refusal(source, f"cannot be read ({_said(fault)})", "is the file complete and undamaged?") from fault


def _said(fault: BaseException) -> str:
    """What a library said: the first of a chain of exceptions knows most."""
    while fault.__cause__ is not None:
        fault = fault.__cause__
    return " ".join(str(fault).split()) or type(fault).__name__
