"""Text -> nodes, all faults together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from cubeql.errors import Diagnostic, QueryError, Span, diagnose
from cubeql.lang import nodes as n
from cubeql.lang.build import Builder
from cubeql.lang.lr import TooDeep, UnexpectedToken, run
from cubeql.lang.tokens import MAX_FAULTS, Token, tokenize

MAX_CHARACTERS = 1_000_000
MAX_REPAIRS = 12
LONG = 5_000  # tokens; a longer statement is read once, each repair reads it again
KEPT, KEPT_CHARACTERS = 64, 10_000
"""So many of the texts read last are not read again, none of which is longer."""


def parse(text: str) -> n.Script:
    """All statements of a text.

    Raises:
        QueryError: with every fault found in any of the statements.
    """
    return _parsed(text) if len(text) <= KEPT_CHARACTERS else _parsed.__wrapped__(text)


@lru_cache(KEPT)
def _parsed(text: str) -> n.Script:
    statements, faults = _parse_all(text)
    if faults:
        raise QueryError(sorted(faults, key=_place), text)
    return n.Script(tuple(statements), span=Span(0, len(text)))


def parse_statement(text: str) -> n.Statement:
    """The one statement of a text; a closing ``;`` may stand.

    Raises:
        QueryError: faults, no statement, or more than one.
    """
    statements = parse(text).statements
    if not statements:
        raise QueryError([diagnose("no_statement", Span(0, 0))], text)
    if len(statements) > 1:
        raise QueryError([diagnose("several_statements", statements[1].span)], text)
    return statements[0]


def parse_query(text: str) -> n.Query:
    """The one query of a text.

    Raises:
        QueryError: faults, or the statement is not a query.
    """
    statement = parse_statement(text)
    if not isinstance(statement, n.QueryStatement):
        raise QueryError([diagnose("query_expected", statement.span)], text)
    return statement.query


def split_statements(text: str) -> tuple[tuple[str, Span], ...]:
    """The statements of a text, each with its place; ``;``, comments and blanks around them are left out.

    Works on any text, right or wrong: a ``;`` in a quoted text or a comment divides nothing.
    """
    lexed = tokenize(text)
    pieces = (Span(part[0].start, part[-1].end) for part, _, _ in _parts(lexed.tokens, len(text)))
    return tuple((text[span.start : span.end], span) for span in pieces)


def _parts(tokens: Sequence[Token], length: int) -> list[tuple[Sequence[Token], int, int]]:
    """The tokens of each statement that has any, with the bounds set by the ``;`` around them."""
    parts, first, start = [], 0, 0
    for i, token in enumerate(tokens):
        if token.type == "SEMICOLON":
            parts.append((tokens[first:i], start, token.start))
            first, start = i + 1, token.end
    parts.append((tokens[first:], start, length))
    return [part for part in parts if part[0]]


def _parse_all(text: str) -> tuple[list[n.Statement], list[Diagnostic]]:
    if len(text) > MAX_CHARACTERS:
        return [], [diagnose("text_too_long", Span(0, 0), found=len(text), limit=MAX_CHARACTERS)]
    lexed = tokenize(text)
    faults = list(lexed.faults)
    if len(faults) >= MAX_FAULTS:
        return [], [*faults, diagnose("too_many_faults", faults[-1].span)]
    statements = []
    for part, start, end in _parts(lexed.tokens, len(text)):
        statement, found = _parse_part(part)
        guessed = any(start <= offset < end for offset in lexed.unsure)
        faults += [] if guessed else found  # behind a guessed repair, one fault would be told twice
        if statement is not None:
            statements.append(statement)
        if len(faults) >= MAX_FAULTS:
            return [], [*faults, diagnose("too_many_faults", Span(end, end))]
    return statements, faults


def _parse_part(tokens: Sequence[Token]) -> tuple[n.Statement | None, list[Diagnostic]]:
    """One statement; a fault whose repair is known is repaired, so that the next one is found too."""
    faults: list[Diagnostic] = []
    for _ in range(MAX_REPAIRS if len(tokens) < LONG else 1):
        builder = Builder()
        try:
            statement: n.Statement = run(tokens, builder)
        except TooDeep as fault:
            return None, [*faults, diagnose("nested_too_deep", fault.span)]
        except UnexpectedToken as fault:
            from cubeql.lang.mistakes import Situation, explain  # only faulty text needs them

            finding = explain(Situation(tokens, fault.index))
            faults.append(finding.fault)
            if finding.mended is None:
                return None, [*faults, *builder.faults]
            tokens = finding.mended
        else:
            return statement, [*faults, *builder.faults]
    return None, faults


def _place(fault: Diagnostic) -> tuple[int, int]:
    return (fault.span.start, fault.span.end) if fault.span else (0, 0)
