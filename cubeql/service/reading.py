"""The parser's stack without values: what stands before a place, also where that is not CubeQL.

A token that cannot stand is passed over; one that begins something new (a clause, the next item, a closing
bracket) first gives up what it does not fit, so that a fault early in a statement does not silence the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from cubeql.lang.lr import END
from cubeql.lang.tables import tables
from cubeql.lang.tokens import Token

FRESH = frozenset((
    "SELECT", "FROM", "JOIN", "FILTER", "WHERE", "GROUP", "HAVING", "QUALIFY", "ORDER", "LIMIT", "ON", "USING",
    "UNION", "EXCEPT", "INTERSECT", "WITH", "AND", "OR", "COMMA", "RPAR",
))  # fmt: skip
MOST_GIVEN_UP = 40  # symbols, and
MOST_FAULTS = 100  # tokens: beyond, a text is no CubeQL, and trying on would take quadratic time


class Reading:
    """One statement's tokens as far as they were read.

    Attributes:
        tokens: what was read.
        kinds: the terminal that each was read as.
        fits: of each, whether it could stand where it stands.
        symbols: what the parser has made of them, outermost first: terminals (upper case) and rules.
        starts: of each symbol, the number of its first token.
    """

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self.kinds: list[str] = []
        self.fits: list[bool] = []
        self.symbols: list[str] = []
        self.starts: list[int] = []
        self._states = [tables().start]
        self._faults = 0

    @property
    def is_viable(self) -> bool:
        """Whether all that was read can begin a statement."""
        return self._faults == 0

    def read(self, tokens: Iterable[Token]) -> Reading:
        """Read tokens of the same statement; the reading itself."""
        for token in tokens:
            self.feed(token)
        return self

    def feed(self, token: Token) -> None:
        """Read one token."""
        kind = self.kind_of(token)
        fits = self._faults < MOST_FAULTS and (self._can_shift(kind) or self._begins_anew(kind))
        self.tokens.append(token)
        self.kinds.append(kind)
        self.fits.append(fits)
        if fits:
            self._shift(kind)

    def kind_of(self, token: Token) -> str:
        """The terminal that a token would be read as next."""
        return token.kind_in(tables().states[self._states[-1]])

    def _begins_anew(self, kind: str) -> bool:
        """Note a fault; give up as little as lets the terminal stand, and tell whether it now can."""
        self._faults += 1
        if kind not in FRESH:
            return False
        for size in range(len(self.symbols), max(-1, len(self.symbols) - MOST_GIVEN_UP), -1):
            if self._can_shift(kind, size):
                del self._states[size + 1 :], self.symbols[size:], self.starts[size:]
                return True
        return False

    def _shift(self, kind: str) -> None:
        """Read a terminal that can stand; it is the last token's."""
        grammar = tables()
        while (step := grammar.states[self._states[-1]][kind]) < 0:
            rule = grammar.rules[-1 - step]
            start = self.starts[-rule.size]
            del self._states[-rule.size :], self.symbols[-rule.size :], self.starts[-rule.size :]
            self._push(grammar.states[self._states[-1]][rule.origin], rule.origin, start)
        self._push(step, kind, len(self.tokens) - 1)

    def _push(self, state: int, symbol: str, start: int) -> None:
        self._states.append(state)
        self.symbols.append(symbol)
        self.starts.append(start)

    def _can_shift(self, kind: str, size: int | None = None) -> bool:
        """Whether a terminal can stand behind the first ``size`` symbols (all, unless told); changes nothing."""
        grammar = tables()
        kept = len(self.symbols) if size is None else size  # symbols of the stack that are still there
        made: list[int] = []  # states that reductions put on them
        while True:
            step = grammar.states[made[-1] if made else self._states[kept]].get(kind)
            if step is None or step >= 0:
                return step is not None
            rule = grammar.rules[-1 - step]
            kept -= max(0, rule.size - len(made))
            del made[max(0, len(made) - rule.size) :]
            made.append(grammar.states[made[-1] if made else self._states[kept]][rule.origin])

    def accepted(self) -> frozenset[str]:
        """The terminals that can stand next."""
        grammar = tables()
        found: set[str] = set()
        every = [kind for kind in grammar.states[self._states[-1]] if kind.isupper() and kind != END]
        todo: list[tuple[list[str], int, tuple[int, ...]]] = [(every, len(self.symbols), ())]
        while todo:  # as in _can_shift, for all terminals that ask for the same reductions at once
            kinds, kept, made = todo.pop()
            row = grammar.states[made[-1] if made else self._states[kept]]
            waiting: dict[int, list[str]] = {}
            for kind in kinds:
                step = row.get(kind)
                if step is not None and step >= 0:
                    found.add(kind)
                elif step is not None:
                    waiting.setdefault(step, []).append(kind)
            for step, rest in waiting.items():
                rule = grammar.rules[-1 - step]
                below = kept - max(0, rule.size - len(made))
                left = made[: max(0, len(made) - rule.size)]
                state = grammar.states[left[-1] if left else self._states[below]][rule.origin]
                todo.append((rest, below, (*left, state)))
        return frozenset(found)

    def ahead(self, tokens: Iterable[Token]) -> Reading:
        """A reading that goes on from here with other tokens; it knows only their kinds."""
        ahead = Reading()
        ahead._states = list(self._states)
        ahead.symbols = list(self.symbols)
        ahead.starts = list(self.starts)
        return ahead.read(tokens)
