"""Where a statement stopped being CubeQL, and what was found out about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from cubeql.errors import Diagnostic, Span, diagnose
from cubeql.lang.lr import END, can_follow, expected, states_after
from cubeql.lang.tokens import Token, read_token

REACH = 5
CLAUSES = frozenset((
    "FROM", "JOIN", "INNER", "LEFT", "SEMI", "ANTI", "FILTER", "WHERE", "GROUP", "HAVING", "QUALIFY", "ORDER",
    "LIMIT", "OFFSET", "SAMPLE", "UNION", "EXCEPT", "INTERSECT",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of syntax.

    Attributes:
        fault: what is said about it.
        mended: the statement's tokens with the fault repaired, to look for further faults; None where no
            repair is likely to be what was meant.
    """

    fault: Diagnostic
    mended: tuple[Token, ...] | None = None


@dataclass(frozen=True)
class Situation:
    """The first token that cannot stand where it stands.

    Attributes:
        tokens: of the statement.
        index: of the token; ``len(tokens)`` is the end of the statement.
    """

    tokens: Sequence[Token]
    index: int

    @cached_property
    def expected(self) -> frozenset[str]:
        """The terminals that could stand there."""
        return expected(self.tokens, self.index)

    @property
    def at_end(self) -> bool:
        """Whether the statement ends too early."""
        return self.index >= len(self.tokens)

    @property
    def found(self) -> Token:
        """The token itself; at the end, an empty one behind the last."""
        return self.token(0)

    def token(self, offset: int) -> Token:
        """The token so many places on (or back); an empty one outside the statement."""
        i = self.index + offset
        if 0 <= i < len(self.tokens):
            return self.tokens[i]
        at = self.tokens[-1].end if i > 0 and self.tokens else 0
        return Token(END, "", at, at)

    def word(self, offset: int = 0) -> str:
        """The upper-case text of a token."""
        return self.token(offset).text.upper()

    def words(self, *offsets: int) -> tuple[str, ...]:
        """The upper-case texts of tokens."""
        return tuple(self.word(offset) for offset in offsets)

    def is_clause(self, offset: int = 0) -> bool:
        """Whether a token begins a clause, closes a bracket or ends the statement."""
        return self.word(offset) in CLAUSES or self.word(offset) in ("", ")", "]")

    def span(self, first: int = 0, last: int = 0) -> Span:
        """From one token to another."""
        return self.token(first).span.to(self.token(last).span)

    @cached_property
    def _states(self) -> tuple[int, list[int]]:
        """The parser's states a few tokens back: no repair changes anything before."""
        sure = max(0, self.index - REACH)
        return sure, states_after(self.tokens[:sure])

    def accepts(self, tokens: Sequence[Token], index: int) -> bool:
        """Whether a repaired statement can be read up to and with the token at ``index``."""
        sure, states = self._states
        return can_follow(states, tokens[sure : index + 1], ends=index >= len(tokens))

    # -------------------------------------------------------------- repairs

    def replaced(self, first: int, last: int, *texts: str) -> tuple[Token, ...]:
        """The tokens with those from ``first`` to ``last`` replaced by words, marks or quoted texts."""
        span = self.span(first, last)
        new = [read_token(text, span.start, span.end) for text in texts]
        return (*self.tokens[: self.index + first], *new, *self.tokens[self.index + last + 1 :])

    def inserted(self, *texts: str) -> tuple[Token, ...]:
        """The tokens with words put before the one found."""
        at = self.found.start
        new = [read_token(text, at, at) for text in texts]
        return (*self.tokens[: self.index], *new, *self.tokens[self.index :])

    def finding(
        self,
        code: str,
        span: Span,
        mended: tuple[Token, ...] | None = None,
        *,
        replacement: str | None = None,
        hint: str | None = None,
        **facts: object,
    ) -> Finding:
        """A finding from a row of the catalogue."""
        return Finding(diagnose(code, span, hint=hint, replacement=replacement, **facts), mended)


Mistake = Callable[[Situation], Finding | None]


def first_of(mistakes: Iterable[Mistake], situation: Situation) -> Finding | None:
    """What the first of them that knows the situation says."""
    for mistake in mistakes:
        finding = mistake(situation)
        if finding is not None:
            return finding
    return None
