"""The parser's loop: tokens and tables -> whatever the builder makes of each rule.

It holds no recursion, so no text is too deep for it; the depth of the tree is counted and limited.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cubeql.errors import Span
from cubeql.lang.nodes import Expr, Query
from cubeql.lang.tables import Rule, Tables, tables
from cubeql.lang.tokens import Token

MAX_DEPTH = 200
END = "$END"

Action = Callable[[str, Span, list[Any]], Any]
Entry = tuple[Any, int, int, int]  # value, start, end, depth of the tree below


class UnexpectedToken(Exception):  # noqa: N818
    """The token at ``index`` cannot stand there; index len(tokens) is the end of the statement."""

    def __init__(self, index: int) -> None:
        self.index = index


class TooDeep(Exception):  # noqa: N818
    """The tree is deeper than :data:`MAX_DEPTH` at ``span``."""

    def __init__(self, span: Span) -> None:
        self.span = span


def run(tokens: Sequence[Token], action: Action) -> Any:
    """Parse one statement's tokens; the value of the whole.

    Args:
        tokens: without the closing ``;``.
        action: makes the value of a rule from its name, span and children.

    Raises:
        UnexpectedToken: the text is not of the language.
        TooDeep: it is nested too deeply.
    """
    grammar = tables()
    states = [grammar.start]
    entries: list[Entry] = []
    for index, token in enumerate(tokens):
        kind = token.kind_in(grammar.states[states[-1]])
        if not _reduce_all(grammar, states, entries, kind, action):
            raise UnexpectedToken(index)
        states.append(grammar.states[states[-1]][kind])
        entries.append((token, token.start, token.end, 0))
    if not _reduce_all(grammar, states, entries, END, action):
        raise UnexpectedToken(len(tokens))
    return entries[-1][0]


def _reduce_all(grammar: Tables, states: list[int], entries: list[Entry], kind: str, action: Action) -> bool:
    """Reduce until ``kind`` can be shifted (or the statement is complete); False if it never can."""
    while True:
        step = grammar.states[states[-1]].get(kind)
        if step is None:
            return False
        if step >= 0:
            return True
        rule = grammar.rules[-1 - step]
        _reduce(rule, states, entries, action)
        state = grammar.states[states[-1]][rule.origin]
        states.append(state)
        if state == grammar.end and kind == END:
            return True


def _reduce(rule: Rule, states: list[int], entries: list[Entry], action: Action) -> None:
    size = rule.size
    if size == 1 and rule.passes:
        del states[-1]
        return
    parts = entries[-size:]
    del states[-size:], entries[-size:]
    children = _children(rule, parts)
    start, end = parts[0][1], parts[-1][2]
    depth = max([part[3] for part in parts])
    if rule.name[0] == "_":
        value: Any = children
    elif rule.passes and len(children) == 1:
        value = children[0]
    else:
        value = action(rule.name, Span(start, end), children)
        if isinstance(value, Expr | Query):
            depth += 1
            if depth > MAX_DEPTH:
                raise TooDeep(Span(start, end))
    entries.append((value, start, end, depth))


def _children(rule: Rule, parts: list[Entry]) -> list[Any]:
    children: list[Any] = []
    for position, spliced, nones in rule.shape:
        if nones:
            children += [None] * nones
        value = parts[position][0]
        if not spliced:
            children.append(value)
        elif children:
            children += value
        else:
            children = value  # a list grows in place: copying it at each item would be quadratic
    if rule.nones_after:
        children += [None] * rule.nones_after
    return children


def expected(tokens: Sequence[Token], index: int) -> frozenset[str]:
    """The terminals (and :data:`END`) that could stand at ``index`` after the tokens before it."""
    grammar = tables()
    states = states_before(tokens, index)
    return frozenset(kind for kind in grammar.states[states[-1]] if _accepts(grammar, states, kind))


def states_before(tokens: Sequence[Token], index: int) -> list[int]:
    """The parser's stack of states after the first ``index`` tokens, before anything else is reduced."""
    grammar = tables()
    states = [grammar.start]
    for token in tokens[:index]:
        kind = token.kind_in(grammar.states[states[-1]])
        if not _simulate(grammar, states, kind):
            break
    return states


def _accepts(grammar: Tables, states: list[int], kind: str) -> bool:
    return kind == kind.upper() and _simulate(grammar, list(states), kind)


def _simulate(grammar: Tables, states: list[int], kind: str) -> bool:
    """Shift ``kind`` on a stack of states alone."""
    while True:
        step = grammar.states[states[-1]].get(kind)
        if step is None:
            return False
        if step >= 0:
            states.append(step)
            return True
        rule = grammar.rules[-1 - step]
        del states[-rule.size :]
        states.append(grammar.states[states[-1]][rule.origin])
        if states[-1] == grammar.end and kind == END:
            return True
