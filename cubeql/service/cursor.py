"""Where the cursor is: the statement around it, the word it is in, what is read up to there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from cubeql.lang.tokens import Lexed, Token, tokenize
from cubeql.service.reading import Reading

AHEAD = 20_000  # characters behind the cursor that are looked at
Quote = Literal["", "'", '"', "$"]

_PARAMETER = re.compile(r"\$\w*\Z")
_REST = {"": re.compile(r"\w*"), "$": re.compile(r"\w*"), '"': re.compile(r'\w*"?'), "'": re.compile(r"\w*'|")}


@dataclass(frozen=True)
class Cursor:
    """A place in a text.

    Attributes:
        before: tokens of the statement up to the word under the cursor.
        after: tokens of the statement behind that word.
        word: the part of the word before the cursor, without its quote or ``$``.
        quote: the mark the word begins with; ``'`` is a text that is still open.
        start: offset of the word in the whole text, its quote included.
        end: offset behind the whole word.
        text: the whole text.
    """

    before: tuple[Token, ...]
    after: tuple[Token, ...]
    word: str
    quote: Quote
    start: int
    end: int
    text: str

    @cached_property
    def reading(self) -> Reading:
        """What stands before the word."""
        return Reading().read(self.before)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The statement without the word under the cursor."""
        return self.before + self.after


def cursor_at(text: str, offset: int) -> Cursor | None:
    """The cursor at an offset; None where nothing can be completed: in a comment, a number, behind a text."""
    offset = max(0, min(offset, len(text)))
    head = text[:offset]
    lexed = tokenize(head, len(head) + 1)
    if _in_comment(head, lexed):
        return None
    tokens = _of_last_statement(lexed.tokens)
    word = _word(head, tokens)
    if word is None:
        return None
    start, quote = word
    typed = text[start + len(quote) : offset]
    closed = quote == '"' and typed.endswith('"')
    end = offset + (0 if closed else _rest(text, offset, quote))
    before = tuple(token for token in tokens if token.start < start)
    if _behind_nonsense(head, start, lexed):
        return None
    after = _ahead(text[end : end + AHEAD])
    return Cursor(before, after, typed[:-1] if closed else typed, quote, start, end, text)


def _of_last_statement(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    first = next((i for i in range(len(tokens), 0, -1) if tokens[i - 1].type == "SEMICOLON"), 0)
    return tokens[first:]


def _ahead(text: str) -> tuple[Token, ...]:
    tokens = tokenize(text).tokens
    end = next((i for i, token in enumerate(tokens) if token.type == "SEMICOLON"), len(tokens))
    return tokens[:end]


def _behind_nonsense(head: str, start: int, lexed: Lexed) -> bool:
    """Whether a word touches characters that mean nothing, such as a single ``:``: they would change its meaning."""
    if start == 0 or head[start - 1].isspace():
        return False
    ends = [token.end for token in lexed.tokens[-2:]] + [comment.end for comment in lexed.comments[-1:]]
    return start not in ends


def _in_comment(head: str, lexed: Lexed) -> bool:
    """Whether a text ends inside a comment."""
    for fault in lexed.faults[-3:]:
        assert fault.span is not None
        if fault.code == "unclosed_comment" or (fault.code == "hash_comment" and "\n" not in head[fault.span.start :]):
            return True
    last = lexed.comments[-1] if lexed.comments else None
    return last is not None and last.end == len(head) and head.startswith("--", last.start)


def _word(head: str, tokens: tuple[Token, ...]) -> tuple[int, Quote] | None:
    """Start of the word that a text ends with and its quote; None for what is no word."""
    last = tokens[-1] if tokens else None
    if last is None or last.end < len(head) or head[last.start] not in "'\"":
        parameter = _PARAMETER.search(head)
        if parameter:
            return parameter.start(), "$"
    if last is None or last.end < len(head):
        return len(head), ""
    return _last_word(head, last)


def _last_word(head: str, last: Token) -> tuple[int, Quote] | None:
    written = head[last.start :]
    match written[0]:
        case "'":
            return (last.start, "'") if written != last.text else None
        case '"':
            return last.start, '"'
        case _ if last.type == "NAME" and written == last.text:
            return last.start, ""
        case _ if written[-1].isalnum() or written[-1] in "_'\"`.":
            return (len(head), "") if written == "." else None
    return len(head), ""


def _rest(text: str, offset: int, quote: Quote) -> int:
    """How much of the word is behind the cursor."""
    match = _REST[quote].match(text, offset)
    return match.end() - offset if match else 0
