"""Colours of a text, also of one that is not CubeQL."""

from __future__ import annotations

from collections.abc import Iterator

from cubeql.errors import Diagnostic
from cubeql.lang.tokens import Lexed, Token, tokenize
from cubeql.service.reading import Reading
from cubeql.service.records import Paint, PaintKind

_KINDS: dict[str, PaintKind] = {"STRING": "text", "NUMBER": "number", "PARAMETER": "parameter", "QUOTED": "name",
                               "AT_RESOLUTION": "keyword", "FILTER_WHERE": "keyword"}  # fmt: skip
_TYPED = frozenset(("DATE", "TIMESTAMP", "INTERVAL"))


def highlight(text: str) -> tuple[Paint, ...]:
    """The coloured stretches of a text, in order, none over another; blanks have none.

    A word is a keyword where the parser reads it as one. Behind a fault, words that are always keywords, or
    written as keywords in capitals, are taken for keywords.
    """
    lexed = tokenize(text, len(text) + 1)
    paints = [Paint(span.start, span.end, "comment") for span in lexed.comments]
    paints += _of_tokens(text, lexed)
    paints += _of_faults(text, lexed)
    paints.sort()
    return tuple(paints)


def _of_tokens(text: str, lexed: Lexed) -> Iterator[Paint]:
    reading = Reading()
    tokens = lexed.tokens
    for i, token in enumerate(tokens):
        if token.type == "SEMICOLON":
            reading = Reading()
            yield Paint(token.start, token.end, "operator")
            continue
        reading.feed(token)
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        yield Paint(token.start, token.end, _kind(text, token, following, reading))


def _kind(text: str, token: Token, following: Token | None, reading: Reading) -> PaintKind:
    written = text[token.start : token.end]
    if written != token.text:  # repaired: a text or name that is still being typed is none to warn of
        return "text" if written[0] == "'" else "name" if written[0] == '"' else "error"
    if token.type != "NAME":
        return _KINDS.get(token.type, "operator")
    called = following is not None and following.type == "LPAR"
    if _is_keyword(token, following, reading):
        return "keyword"
    return "function" if called else "name"


def _is_keyword(token: Token, following: Token | None, reading: Reading) -> bool:
    if not reading.fits[-1]:
        return token.reserved or (token.keyword is not None and token.text.isupper())
    kind = reading.kinds[-1]
    if kind in _TYPED:  # DATE '2024-05-01', but date(x) and a column called date
        return following is not None and following.type == "STRING"
    return kind == token.keyword


def _of_faults(text: str, lexed: Lexed) -> Iterator[Paint]:
    """Characters that no token is made of."""
    starts = {token.start for token in lexed.tokens}
    for fault in lexed.faults:
        if fault.span is not None and fault.span.start not in starts:
            yield _of_fault(text, fault, fault.span.start, fault.span.end)


def _of_fault(text: str, fault: Diagnostic, start: int, end: int) -> Paint:
    if fault.code == "unclosed_comment":
        return Paint(start, len(text), "comment")
    if fault.code == "hash_comment":
        line_end = text.find("\n", start)
        return Paint(start, line_end if line_end >= 0 else len(text), "comment")
    return Paint(start, end, "error")
