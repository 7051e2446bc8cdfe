"""Faults of any place: brackets, commas, misspelt and reserved words, and the plain "found … expected …"."""

from __future__ import annotations

from cubeql.lang.mistakes.situation import Finding, Situation
from cubeql.lang.mistakes.words import in_words, nearest_keyword
from cubeql.lang.tables import tables
from cubeql.lang.tokens import Token

PAIRS = {")": "(", "]": "["}


def _open_brackets(tokens: tuple[Token, ...]) -> tuple[list[int], int | None]:
    """The places of brackets never closed, and of the first that closes none."""
    waiting: list[int] = []
    for i, token in enumerate(tokens):
        if token.text in PAIRS.values():
            waiting.append(i)
        elif token.text in PAIRS:
            if not waiting or tokens[waiting[-1]].text != PAIRS[token.text]:
                return waiting, i
            waiting.pop()
    return waiting, None


def closing_bracket(s: Situation) -> Finding | None:
    """A ``)`` that closes nothing."""
    if s.found.text not in PAIRS:
        return None
    _, closes_none = _open_brackets(tuple(s.tokens))
    if closes_none != s.index:
        return None
    if s.accepts(s.replaced(0, 0), s.index):
        return s.finding("unmatched_bracket", s.found.span, s.replaced(0, 0), replacement="", found=s.found.text)
    return s.finding("unmatched_bracket", s.found.span, found=s.found.text)


def open_bracket(s: Situation) -> Finding | None:
    """A ``(`` never closed, noticed where the next clause begins or the statement ends."""
    if not s.is_clause() or not {"RPAR", "RSQB"} & s.expected:
        return None
    waiting, _ = _open_brackets(tuple(s.tokens))
    before = [i for i in waiting if i < s.index]
    if not before:
        return None
    bracket = s.tokens[before[-1]]
    closing = ")" if bracket.text == "(" else "]"
    return s.finding("unclosed_bracket", bracket.span, s.inserted(closing), found=bracket.text, right=closing)


def trailing_comma(s: Situation) -> Finding | None:
    """``SELECT a, FROM``."""
    if s.word(-1) != "," or not s.is_clause():
        return None
    return s.finding("trailing_comma", s.token(-1).span, s.replaced(-1, -1), replacement="")


def double_comma(s: Situation) -> Finding | None:
    """``SELECT a,, b``."""
    if s.words(-1, 0) != (",", ","):
        return None
    return s.finding("double_comma", s.found.span, s.replaced(0, 0), replacement="")


def misspelt_keyword(s: Situation) -> Finding | None:
    """``SELCT``; only where the right word lets the statement go on."""
    return _misspelt(s, 0) or _misspelt(s, -1)


def _misspelt(s: Situation, offset: int) -> Finding | None:
    token = s.token(offset)
    if token.type != "NAME" or token.reserved or len(token.text) < 3:
        return None
    place = Situation(s.tokens, s.index + offset)
    if offset and token.keyword in place.expected:
        return None
    for keyword in nearest_keyword(token.text.upper(), place.expected):
        mended = place.replaced(0, 0, keyword)
        if place.accepts(mended, s.index + 1):
            return s.finding(
                "misspelt_keyword", token.span, mended, replacement=keyword, found=token.text, right=keyword
            )
    return None


def reserved_word(s: Situation) -> Finding | None:
    """``SELECT order FROM s2``."""
    if not s.found.reserved or "QUOTED" not in s.expected:
        return None
    if s.word(-1) == "(" and s.word() in ("SELECT", "FROM", "WITH"):
        return None
    if s.word(-1) == "," and s.word() in ("FILTER", "WHERE", "HAVING", "QUALIFY", "ON"):
        return None
    quoted = f'"{s.found.text}"'
    mended = s.replaced(0, 0, quoted)
    if s.word(-1) == "FROM" or not s.accepts(mended, s.index + 1):
        return None
    return s.finding(
        "reserved_word", s.found.span, mended, replacement=quoted, found=s.found.text.upper(), right=quoted
    )


def text_as_name(s: Situation) -> Finding | None:
    """A text where only a name can stand: ``AS 'x'``."""
    if s.found.type != "STRING" or "NAME" not in s.expected:
        return None
    quoted = '"' + s.found.text[1:-1].replace("''", "'").replace('"', '""') + '"'
    if len(quoted) == 2:
        return None
    return s.finding(
        "text_as_name",
        s.found.span,
        s.replaced(0, 0, quoted),
        replacement=quoted,
        found=s.found.text,
        right=quoted,
    )


def name_as_text(s: Situation) -> Finding | None:
    """A double-quoted name where only a text can stand: ``DURING "2024"``."""
    if s.found.type != "QUOTED" or "STRING" not in s.expected:
        return None
    quoted = "'" + s.found.text[1:-1].replace('""', '"').replace("'", "''") + "'"
    return s.finding(
        "name_as_text",
        s.found.span,
        s.replaced(0, 0, quoted),
        replacement=quoted,
        found=s.found.text,
        right=quoted,
    )


def missing_word(s: Situation) -> Finding | None:
    """``CREATE LAYER x SELECT``: one word, and only that one, makes what follows fit."""
    if s.at_end:
        return None
    marks = {"EQUALS": "="}
    words = {name: text for text, name in tables().keywords.items()} | marks
    fitting = [
        words[kind] for kind in sorted(s.expected & words.keys()) if s.accepts(s.inserted(words[kind]), s.index + 2)
    ]
    if len(fitting) != 1:
        return None
    right = f"{fitting[0]} {s.found.text}"
    return s.finding(
        "missing_word",
        s.found.span,
        s.inserted(fitting[0]),
        replacement=right,
        right=fitting[0],
        found=_shown(s.found),
    )


def unexpected(s: Situation) -> Finding:
    """What can be said of any situation."""
    words = in_words(s.expected, s.word(-1))
    if s.at_end:
        return s.finding("unexpected_end", s.found.span, expected=words)
    return s.finding("unexpected", s.found.span, found=_shown(s.found), expected=words)


def _shown(token: Token) -> str:
    text = token.text if len(token.text) <= 40 else token.text[:37] + "…"
    if token.reserved:
        return text.upper()
    return text if token.type in ("NAME", "QUOTED", "STRING", "NUMBER", "PARAMETER") else f"'{text}'"
