"""Text -> nodes, all faults together."""

from __future__ import annotations

from collections.abc import Sequence

from cubeql.errors import Diagnostic, QueryError, Span, diagnose
from cubeql.lang import nodes as n
from cubeql.lang.build import Builder
from cubeql.lang.lr import MAX_DEPTH, TooDeep, UnexpectedToken, run
from cubeql.lang.tokens import Token, tokenize

MAX_CHARACTERS = 1_000_000


def parse(text: str) -> n.Script:
    """All statements of a text.

    Raises:
        QueryError: with every fault found in any of the statements.
    """
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
    pieces = (Span(part[0].start, part[-1].end) for part in _parts(lexed.tokens))
    return tuple((text[span.start : span.end], span) for span in pieces)


def _parts(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """The tokens of each statement that has any."""
    parts, start = [], 0
    for i, token in enumerate(tokens):
        if token.text == ";":
            parts.append(tokens[start:i])
            start = i + 1
    parts.append(tokens[start:])
    return [part for part in parts if part]


def _parse_all(text: str) -> tuple[list[n.Statement], list[Diagnostic]]:
    if len(text) > MAX_CHARACTERS:
        return [], [diagnose("text_too_long", Span(0, 0), found=len(text), limit=MAX_CHARACTERS)]
    lexed = tokenize(text)
    faults = list(lexed.faults)
    statements = []
    for part in _parts(lexed.tokens):
        statement, found = _parse_part(part)
        faults += found
        if statement is not None:
            statements.append(statement)
    return statements, faults


def _parse_part(tokens: Sequence[Token]) -> tuple[n.Statement | None, list[Diagnostic]]:
    builder = Builder()
    try:
        statement: n.Statement = run(tokens, builder)
    except TooDeep as fault:
        return None, [*builder.faults, diagnose("nested_too_deep", fault.span, limit=MAX_DEPTH)]
    except UnexpectedToken as fault:
        at = tokens[fault.index].span if fault.index < len(tokens) else Span(tokens[-1].end, tokens[-1].end)
        found = tokens[fault.index].text if fault.index < len(tokens) else "the end"
        return None, [*builder.faults, diagnose("unexpected", at, found=found, expected="something else")]
    return statement, builder.faults


def _place(fault: Diagnostic) -> tuple[int, int]:
    return (fault.span.start, fault.span.end) if fault.span else (0, 0)
