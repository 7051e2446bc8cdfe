"""Terminals of the grammar in words a reader knows, and words like other words."""

from __future__ import annotations

from cubeql.lang.lr import END
from cubeql.lang.mistakes.situation import CLAUSES
from cubeql.lang.tables import tables

OPERATORS = frozenset((
    "EQUALS", "COMPARISON", "CONCAT", "SIGN", "STAR", "TIMES", "POWER", "DOUBLE_COLON", "IS", "IN", "NOT",
    "BETWEEN", "LIKE", "ILIKE", "DURING", "BEFORE", "AFTER", "WITHIN", "AND", "OR",
))  # fmt: skip
STARTERS = frozenset((
    "NAME", "QUOTED", "NUMBER", "STRING", "PARAMETER", "SIGN", "NOT", "CASE", "CAST", "NULL", "TRUE", "FALSE",
    "DATE", "TIMESTAMP", "INTERVAL", "LPAR", "LSQB",
))  # fmt: skip
NEXT_CLAUSE = (CLAUSES - {"FROM"}) | {"AT_RESOLUTION", "SELECT"}
FIXED = {
    END: "the end of the statement",
    "NAME": "a name",
    "QUOTED": "a name",
    "NUMBER": "a number",
    "STRING": "a text in single quotes",
    "PARAMETER": "a parameter",
    "AT_RESOLUTION": "AT RESOLUTION",
    "FILTER_WHERE": "FILTER (WHERE …)",
    "GROUP": "GROUP BY",
    "ORDER": "ORDER BY",
    "PARTITION": "PARTITION BY",
    "TIMES_WORD": "TIMES",
    "WHERE": "FILTER",
    "TIMESTAMP": "TIMESTAMP '…'",
    "DATE": "DATE '…'",
    "INTERVAL": "INTERVAL '…'",
    "EQUALS": "=",
    "COMMA": "a comma",
    "LPAR": "an opening (",
    "RPAR": "a closing )",
    "LSQB": "an opening [",
    "RSQB": "a closing ]",
    "COMPARISON": "a comparison",
    "SIGN": "a sign",
    "STAR": "*",
}
OTHERS_OF_A_NAME = frozenset({"DATE", "TIMESTAMP", "INTERVAL", "QUOTED"})


def in_words(expected: frozenset[str], after: str = "") -> str:
    """What could stand at a place, as a phrase.

    Args:
        expected: the terminals.
        after: the word before the place, in upper case.
    """
    left = set(expected)
    phrases: list[str] = []
    if after in ("FROM", "JOIN"):
        return "a layer or a query in parentheses"
    if left >= {"NAME", "NUMBER", "STRING", "LPAR"}:
        phrases.append("an expression")
        left -= STARTERS
    elif "NAME" in left:
        phrases.append("a name")
        left -= OTHERS_OF_A_NAME | {"NAME"}
    if len(left & OPERATORS) >= 4:
        phrases.append("an operator")
        left -= OPERATORS
    if len(left) > 1 or phrases:
        left -= {"DOT", "LPAR"}  # always possible behind a name, and never what was forgotten
    if len(left & NEXT_CLAUSE) >= 4:
        left -= NEXT_CLAUSE
        last = ["another clause"]
    else:
        last = []
    if END in left and (phrases or last or len(left) > 1):
        left.discard(END)
        last.append("the end")
    phrases += sorted({_one(kind) for kind in left}) + last
    return _or(phrases) if phrases else "nothing more"


def _one(kind: str) -> str:
    if kind in FIXED:
        return FIXED[kind]
    grammar = tables()
    for text, name in grammar.marks.items():
        if name == kind:
            return text
    return kind


def _or(phrases: list[str]) -> str:
    if len(phrases) == 1:
        return phrases[0]
    return ", ".join(phrases[:-1]) + " or " + phrases[-1]


def distance(a: str, b: str) -> int:
    """How many letters are wrong, missing, too many or swapped."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        above, before, row = before, row, [i + 1]
        for j, y in enumerate(b):
            cost = min(before[j + 1] + 1, row[j] + 1, before[j] + (x != y))
            if i and j and x == b[j - 1] and y == a[i - 1]:
                cost = min(cost, above[j - 1] + 1)
            row.append(cost)
    return row[-1]


def nearest_keyword(word: str, expected: frozenset[str]) -> list[str]:
    """The expected keywords so like a word that it may be misspelt, best first."""
    allowed = 1 if len(word) <= 4 else 2
    found = []
    for text, terminal in tables().keywords.items():
        if terminal in expected and abs(len(text) - len(word)) <= allowed:
            far = distance(word, text)
            if 0 < far <= allowed and far < len(text):
                found.append((far, text))
    return [text for _, text in sorted(found)]
