"""How ingest refuses: one sentence naming the source, what was found and what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from cubeql.errors import IngestError

if TYPE_CHECKING:
    from cubeql.ingest.report import IngestReport

ROWS = "the rows that came"
"""What is named in place of a file, where a client sends rows."""


_ADDRESS = re.compile(r"(?:https?|s3)://[^\s'\"]*[?@][^\s'\"]*?(?=:?(?:[\s'\"]|$))")


class IngestStopped(IngestError):  # noqa: N818 (as the other names of what can go wrong)
    """An ingest ended before its end; ``report`` is of the portions that were finished, which stay."""

    def __init__(self, text: str, report: IngestReport | None = None) -> None:
        super().__init__(text)
        self.report = report


class IngestCancelled(IngestStopped):
    """The ingest was cancelled; ``report`` is of the portions that were finished, if there are any."""


class SourceFault(IngestError):  # noqa: N818
    """One source is at fault, which may be left out; ``source`` is it."""

    def __init__(self, text: str, source: object) -> None:
        super().__init__(text)
        self.source = source


def shown(path: str) -> str:
    """An address fit to be shown: without its query and user, which may hold a key."""
    if "://" not in path:
        return path
    parts = urlsplit(path)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def refusal(source: object, found: str, right: str | None = None) -> IngestError:
    """The error that says where, what was found and, after a semicolon, what would be right; queries and users of
    addresses, which may hold keys, are left out."""
    text = f"{source}: {found}; {right}" if right else f"{source}: {found}"
    return IngestError(_ADDRESS.sub(lambda match: shown(match[0]), text))


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
