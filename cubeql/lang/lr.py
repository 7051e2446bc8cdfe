"""The parser's loop: tokens and tables -> whatever the builder makes of each rule.

It holds no recursion, so no text is too deep for it; the depth of the tree is counted and limited, so that
all who walk the tree with recursion stay within Python's stack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from cubeql.errors import Span
from cubeql.lang.nodes import Binary, Call, Expr, Query, Select, Unary, Within
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
        state = states[-1]
        step = grammar.states[state].get(kind)
        if step is None:
            return state == grammar.end and kind == END
        if step >= 0:
            return True
        rule = grammar.rules[-1 - step]
        del states[-rule.size :]
        if rule.size > 1 or not rule.passes:
            _reduce(rule, entries, action)
        states.append(_landing(states[-1], rule.origin, kind))


@cache
def _landing(below: int, origin: str, kind: str) -> int:
    """The state after ``origin`` was made on ``below``, and all that only hand its value on.

    Between a number and the sum it is part of lie ten rules that do nothing else.
    """
    grammar = tables()
    while True:
        state = grammar.states[below][origin]
        step = grammar.states[state].get(kind)
        if step is None or step >= 0 or state == grammar.end:
            return state
        rule = grammar.rules[-1 - step]
        if rule.size > 1 or not rule.passes:
            return state
        origin = rule.origin


def _reduce(rule: Rule, entries: list[Entry], action: Action) -> None:
    """Replace the values of a rule's symbols by the rule's own."""
    parts = entries[-rule.size :]
    del entries[-rule.size :]
    children = _children(rule, parts)
    start, end = parts[0][1], parts[-1][2]
    depth = max([part[3] for part in parts])
    if rule.name[0] == "_":
        value: Any = children
    elif rule.passes and len(children) == 1:
        value = children[0]
    else:
        value = action(rule.name, Span(start, end), children)
        if isinstance(value, Expr | Query) and not any(value is child for child in children[:2]):
            depth += _weight(value)
            if depth > MAX_DEPTH:
                raise TooDeep(Span(start, end))
    entries.append((value, start, end, depth))


def _weight(node: Expr | Query) -> int:
    """How much a node deepens its tree: whoever walks it spends more of the stack on a call or a query."""
    match node:
        case Binary() | Unary():
            return 1
        case Call(over=None):
            return 2
        case Call():
            return 5
        case Within():
            return 3
        case Select():
            return 6
        case _:
            return 2


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
    states = states_after(tokens[:index])
    row = tables().states[states[-1]]
    return frozenset(kind for kind in row if kind.isupper() and _shift(list(states), kind))


def states_after(tokens: Sequence[Token]) -> list[int]:
    """The parser's stack of states after tokens that can stand where they stand."""
    states = [tables().start]
    for token in tokens:
        _shift(states, token.kind_in(tables().states[states[-1]]))
    return states


def can_follow(states: Sequence[int], tokens: Sequence[Token], ends: bool) -> bool:
    """Whether tokens can be read from a stack of states, and the statement may end there if it does."""
    stack = list(states)
    kinds = (token.kind_in(tables().states[stack[-1]]) for token in tokens)
    return all(_shift(stack, kind) for kind in kinds) and (not ends or _shift(stack, END))


def _shift(states: list[int], kind: str) -> bool:
    """Shift a terminal on a stack of states, without values; False if it cannot stand there."""
    grammar = tables()
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
