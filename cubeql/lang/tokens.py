"""Words and marks of a text, with their places; faults of spelling are repaired and reported."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from cubeql.errors import Diagnostic, Span
from cubeql.lang import spelling
from cubeql.lang.tables import tables

WORD = r"[^\W\d]\w*"
MAX_FAULTS = 30


class Token(NamedTuple):
    """One word or mark.

    Attributes:
        type: terminal of the grammar; a word is a NAME here, its place decides whether it is ``keyword``.
        text: as written (as repaired, where the spelling was at fault).
        start: offset in the text.
        end: offset behind it.
        keyword: terminal of the word as a keyword, None if it is none.
        reserved: the word is never a name.
    """

    type: str
    text: str
    start: int
    end: int
    keyword: str | None = None
    reserved: bool = False

    @property
    def span(self) -> Span:
        """Its place."""
        return Span(self.start, self.end)

    def kind_in(self, accepted: dict[str, int]) -> str:
        """The terminal it is where the parser accepts these."""
        if self.keyword is not None and (self.reserved or self.keyword in accepted):
            return self.keyword
        return self.type


@dataclass(frozen=True, slots=True)
class Lexed:
    """A text cut into tokens.

    Attributes:
        tokens: all words and marks, in order.
        comments: spans of the comments.
        faults: what is misspelt.
        unsure: offsets of faults whose repair is a guess: what the parser says near them counts for little.
    """

    tokens: tuple[Token, ...]
    comments: tuple[Span, ...]
    faults: tuple[Diagnostic, ...]
    unsure: tuple[int, ...]


def tokenize(text: str, most_faults: int = MAX_FAULTS) -> Lexed:
    """Cut a text into tokens, up to so many faults; never raises."""
    scan, _ = _scanner()
    tokens: list[Token] = []
    comments: list[Span] = []
    faults: list[Diagnostic] = []
    unsure: list[int] = []
    at = 0
    while at < len(text) and len(faults) < most_faults:
        match = scan.match(text, at)
        assert match is not None and match.lastgroup is not None  # the last alternative is any character
        start, at, kind = at, match.end(), match.lastgroup
        if kind == "COMMENT":
            comments.append(Span(start, at))
        elif kind[0] == "_":
            mended = spelling.mend(kind, match)
            at = mended.end
            faults.append(mended.fault)
            if mended.text:
                tokens.append(read_token(mended.text, start, at))
            if not mended.sure:
                unsure.append(start)
        elif kind != "SPACE":
            tokens.append(_token(kind, match[0], start, at))
    return Lexed(tuple(tokens), tuple(comments), tuple(faults), tuple(unsure))


def read_token(text: str, start: int, end: int) -> Token:
    """The token of a word, mark or quoted text that stands at a place, as written there or as a repair."""
    match = _scanner()[0].fullmatch(text)
    assert match is not None and match.lastgroup is not None
    return _token(match.lastgroup, text, start, end)


def _token(kind: str, text: str, start: int, end: int) -> Token:
    if kind == "WORD":
        keyword, reserved = _scanner()[1].get(text.upper(), (None, False))
        return Token("NAME", text, start, end, keyword, reserved)
    return Token(tables().marks[text] if kind == "MARK" else kind, text, start, end)


@cache
def _scanner() -> tuple[re.Pattern[str], dict[str, tuple[str, bool]]]:
    """One pattern of all terminals and all faults of spelling; keywords with whether they are reserved."""
    grammar = tables()
    patterns = dict(grammar.patterns)
    marks = "|".join(re.escape(mark) for mark in sorted(grammar.marks, key=lambda m: (-len(m), m)))
    order = [
        ("SPACE", patterns.pop("SPACE")),
        ("AT_RESOLUTION", patterns.pop("AT_RESOLUTION")),
        ("FILTER_WHERE", patterns.pop("FILTER_WHERE")),
        ("WORD", WORD),
        ("COMMENT", patterns.pop("COMMENT")),
        *spelling.BEFORE,
        *patterns.items(),
        ("MARK", marks),
        *spelling.AFTER,
    ]
    pattern = "|".join(f"(?P<{name}>{body})" for name, body in order)
    keywords = {word: (name, word in grammar.reserved) for word, name in grammar.keywords.items()}
    return re.compile(pattern, re.DOTALL), keywords
