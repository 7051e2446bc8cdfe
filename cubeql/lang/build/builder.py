"""What the building functions share: the registry, the faults found, the running number of ``?``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from cubeql.errors import Diagnostic, Span, diagnose
from cubeql.lang.tokens import Token

Function = TypeVar("Function", bound=Callable[..., Any])

ACTIONS: dict[str, Callable[..., Any]] = {}


def makes(*rules: str) -> Callable[[Function], Function]:
    """Register a function ``(builder, span, *children)`` for rules or aliases of the grammar."""

    def register(function: Function) -> Function:
        for rule in rules:
            assert rule not in ACTIONS, rule
            ACTIONS[rule] = function
        return function

    return register


class Builder:
    """The builder of one statement.

    Attributes:
        faults: what the grammar let through and the language does not.
        parameters: how many ``?`` were met.
    """

    def __init__(self) -> None:
        self.faults: list[Diagnostic] = []
        self.parameters = 0

    def __call__(self, rule: str, span: Span, children: list[Any]) -> Any:
        """The value of a rule."""
        return ACTIONS[rule](self, span, *children)

    def report(self, code: str, span: Span, **facts: Any) -> None:
        """Note a fault; building goes on."""
        self.faults.append(diagnose(code, span, **facts))


def unquote(token: Token) -> str:
    """The text of a quoted token, or of an identifier in double quotes; a bare word as it is."""
    quote = token.text[:1]
    if quote not in ("'", '"'):
        return token.text
    return token.text[1:-1].replace(quote * 2, quote)


def lower(token: Token) -> str:
    """A word in lower case."""
    return token.text.lower() if token.text.isascii() else token.text
