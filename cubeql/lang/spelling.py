"""Marks and words other languages write differently: each is reported by name and, where sure, repaired."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from cubeql.errors import Diagnostic, Span, diagnose

LOOKALIKES = {
    **dict.fromkeys("−–—‐‑－", "-"),
    **dict.fromkeys("×·∙＊", "*"),
    **dict.fromkeys("÷∕", "/"),
    "≤": "<=",
    "≥": ">=",
    "≠": "<>",
    "＜": "<",
    "＞": ">",
    "＝": "=",
    "＋": "+",
    "，": ",",
    "（": "(",
    "）": ")",
    "；": ";",
    "．": ".",
}
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\u00ad\u202a-\u202e\u2066-\u2069"
SMART = "‘’‚‛“”„‟«»‹›′″＇＂"

# A text that ended at a backslash and its quote, and went on: what opens next is the text's real end.
_ESCAPED = re.compile(r"\\'[^'\n]*\Z")
_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9.]*[0-9])?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_DATE = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{_CLOCK})?(?!\w)"
_MONTH = r"[0-9]{4}-0[1-9](?![\w-])"
# Tried before the patterns of the grammar, which would read a part of these as something else.
BEFORE: tuple[tuple[str, str], ...] = (
    ("_open_comment", r"/\*"),
    ("_cell", r"(?=[0-9a-fA-F]*[a-fA-F])8[0-9a-fA-F]{14}(?!\w)"),
    ("_date", rf"(?:{_DATE}|{_MONTH})(?:/(?:{_DATE}|{_MONTH}))?"),
    ("_open_string", r"'(?:[^']|'')*\Z"),
    ("_open_name", r'"(?:[^"]|"")*\Z'),
    ("_empty_name", r'""'),
    ("_equals", r"==+"),
    ("_arrow", r"=>|=<"),
    ("_and", r"&&"),
    ("_bit", r"&|<<|>>|\|(?!\|)|~"),
    ("_power", r"\*\*"),
    ("_not", r"!(?!=)"),
)
# Tried last: nothing of the grammar begins like this.
AFTER: tuple[tuple[str, str], ...] = (
    ("_number", r"[0-9.]*[0-9](?:\.?\w)+"),
    ("_smart", rf"[{SMART}][^{SMART}\n]*[{SMART}]"),
    ("_backtick", r"`[^`\n]+`"),
    ("_hash", r"#[^\n]*"),
    ("_colon", r":[^\W\d]\w*"),
    ("_dollar", r"\$[0-9]+"),
    ("_lookalike", "[" + "".join(LOOKALIKES) + "]"),
    ("_invisible", f"[{INVISIBLE}]+"),
    ("_backslash", r"\\"),
    ("_unknown", r"."),
)


@dataclass(frozen=True, slots=True)
class Mended:
    """A misspelt piece of text.

    Attributes:
        fault: what is wrong with it.
        end: offset behind it.
        text: the word, mark or quoted text it is read as; empty if it is passed over.
        sure: the repair is what was meant.
    """

    fault: Diagnostic
    end: int
    text: str = ""
    sure: bool = True


def mend(kind: str, match: re.Match[str]) -> Mended:
    """Read a match of :data:`BEFORE` or :data:`AFTER`."""
    return _MENDERS[kind](match)


def _replaced(code: str, match: re.Match[str], text: str) -> Mended:
    span = Span(match.start(), match.end())
    fault = diagnose(code, span, replacement=text, found=match[0], right=text)
    return Mended(fault, match.end(), text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _open_comment(match: re.Match[str]) -> Mended:
    fault = diagnose("unclosed_comment", Span(match.start(), match.end()))
    return Mended(fault, len(match.string), sure=False)


def _open_string(match: re.Match[str]) -> Mended:
    escaped = _ESCAPED.search(match.string, 0, match.start())
    if escaped is not None:
        span = Span(escaped.start(), escaped.start() + 2)
        fault = diagnose("backslash_in_text", span, replacement="''")
        return Mended(fault, match.end(), "''", False)
    return Mended(
        diagnose("unclosed_text", Span(match.start(), match.start() + 1)),
        match.end(),
        match[0] + "'",
        False,
    )


def _open_name(match: re.Match[str]) -> Mended:
    fault = diagnose("unclosed_name", Span(match.start(), match.start() + 1))
    return Mended(fault, match.end(), '"x"', False)


def _empty_name(match: re.Match[str]) -> Mended:
    return Mended(diagnose("empty_name", Span(match.start(), match.end())), match.end(), '"x"', False)


def _number(match: re.Match[str]) -> Mended:
    fault = diagnose("number_runs_into_letters", Span(match.start(), match.end()), found=_short(match[0]))
    return Mended(fault, match.end(), "0", False)


def _hash(match: re.Match[str]) -> Mended:
    fault = diagnose("hash_comment", Span(match.start(), match.start() + 1), replacement="--")
    return Mended(fault, match.end())


def _dollar(match: re.Match[str]) -> Mended:
    fault = diagnose("numbered_parameter", Span(match.start(), match.end()), found=match[0])
    return Mended(fault, match.end(), "$p" + match[0][1:])


def _invisible(match: re.Match[str]) -> Mended:
    fault = diagnose("invisible_character", Span(match.start(), match.end()), replacement="", name=_name(match[0][0]))
    return Mended(fault, match.end())


def _bit(match: re.Match[str]) -> Mended:
    fault = diagnose("bit_operator", Span(match.start(), match.end()), found=match[0])
    return Mended(fault, match.end(), "+", False)


def _backslash(match: re.Match[str]) -> Mended:
    return Mended(diagnose("backslash", Span(match.start(), match.end())), match.end(), sure=False)


def _unknown(match: re.Match[str]) -> Mended:
    fault = diagnose(
        "unknown_character", Span(match.start(), match.end()), found=_shown(match[0]), name=_name(match[0])
    )
    return Mended(fault, match.end(), sure=False)


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}").lower()


def _shown(character: str) -> str:
    return character if character.isprintable() else f"U+{ord(character):04X}"


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "…"


_MENDERS: dict[str, Callable[[re.Match[str]], Mended]] = {
    "_open_comment": _open_comment,
    "_open_string": _open_string,
    "_open_name": _open_name,
    "_empty_name": _empty_name,
    "_cell": lambda m: _replaced("unquoted_cell", m, f"'{m[0]}'"),
    "_date": lambda m: _replaced("unquoted_time", m, f"'{m[0]}'"),
    "_equals": lambda m: _replaced("double_equals", m, "="),
    "_arrow": lambda m: _replaced("turned_comparison", m, m[0][::-1]),
    "_and": lambda m: _replaced("ampersand", m, "AND"),
    "_bit": _bit,
    "_power": lambda m: _replaced("double_star", m, "^"),
    "_not": lambda m: _replaced("exclamation_mark", m, "NOT"),
    "_number": _number,
    "_smart": lambda m: _replaced("smart_quotes", m, _quoted(m[0][1:-1])),
    "_backtick": lambda m: _replaced("backtick", m, '"' + m[0][1:-1].replace('"', '""') + '"'),
    "_hash": _hash,
    "_colon": lambda m: _replaced("colon_parameter", m, "$" + m[0][1:]),
    "_dollar": _dollar,
    "_lookalike": lambda m: _replaced("lookalike", m, LOOKALIKES[m[0]]),
    "_invisible": _invisible,
    "_backslash": _backslash,
    "_unknown": _unknown,
}
