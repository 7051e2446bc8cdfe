"""A text's statements: which one the cursor is in, whether the last one is finished."""

from __future__ import annotations

from cubeql.errors import Span
from cubeql.lang.tokens import tokenize


def statements(text: str) -> tuple[Span, ...]:
    """The place of each statement, its ``;`` included; blanks and comments around are left out."""
    found: list[Span] = []
    first: int | None = None
    end = 0
    for token in tokenize(text, len(text) + 1).tokens:
        if token.type != "SEMICOLON":
            first = token.start if first is None else first
            end = token.end
        elif first is not None:
            found.append(Span(first, token.end))
            first = None
    if first is not None:
        found.append(Span(first, end))
    return tuple(found)


def statement_at(text: str, offset: int) -> tuple[str, Span]:
    """The statement that a cursor is in or right behind, without its ``;``, and its place.

    Between two statements it is the one before if that ends on the cursor's line, else the one that follows.
    A text without statements gives an empty one.
    """
    offset = max(0, min(offset, len(text)))
    spans = statements(text)
    if not spans:
        return "", Span(offset, offset)
    before = [span for span in spans if span.start <= offset]
    behind = [span for span in spans if span.start > offset]
    if before and (offset <= before[-1].end or "\n" not in text[before[-1].end : offset] or not behind):
        span = before[-1]
    else:
        span = behind[0]
    written = text[span.start : span.end].removesuffix(";").rstrip()
    return written, Span(span.start, span.start + len(written))


def is_complete(text: str) -> bool:
    """Whether a text's last statement ends with ``;`` outside texts and comments, so that it can be run."""
    lexed = tokenize(text, len(text) + 1)
    open_comment = any(fault.code == "unclosed_comment" for fault in lexed.faults)
    return bool(lexed.tokens) and lexed.tokens[-1].type == "SEMICOLON" and not open_comment
