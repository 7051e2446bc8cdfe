"""The queries of a statement and their sources, read from words and brackets alone.

So a half-written statement has a scope, too, and one whose FROM comes behind the cursor. What is not
understood is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cubeql.lang.tokens import Token
from cubeql.service.places import unquoted

CLAUSES = frozenset((
    "SELECT", "FROM", "JOIN", "AT_RESOLUTION", "FILTER", "WHERE", "GROUP", "HAVING", "QUALIFY", "ORDER", "LIMIT",
    "OFFSET", "SAMPLE",
))  # fmt: skip
_SETS = frozenset(("UNION", "EXCEPT", "INTERSECT"))
_QUERY = frozenset(("SELECT", "FROM", "WITH"))
_NAMES = frozenset(("NAME", "QUOTED", "DATE", "TIMESTAMP", "INTERVAL"))
_UNSEEN = frozenset(("SEMI", "ANTI"))
_ALIAS_REACH = 8


@dataclass(slots=True)
class Source:
    """What FROM or JOIN names.

    Attributes:
        path: the name's parts; empty for a subquery.
        query: the subquery.
        alias: the name given by AS.
        index: number of its first token.
        is_hidden: only a SEMI or ANTI join tests it.
    """

    path: tuple[str, ...]
    index: int
    query: Query | None = None
    alias: str | None = None
    is_hidden: bool = False

    @property
    def name(self) -> str:
        """What its columns are qualified with."""
        return self.alias or ".".join(self.path)


@dataclass(slots=True)
class Item:
    """An entry of SELECT or GROUP BY: its clause, its tokens without the alias, the alias."""

    clause: str
    tokens: Sequence[Token]
    alias: str | None


@dataclass(slots=True)
class Query:
    """One SELECT, with what it is inside of.

    Attributes:
        outer: the query or WITH clause around it.
        named: queries of its WITH clause, by folded name.
        clauses: the clauses written, each with the number of its token.
    """

    outer: Query | None = None
    sources: list[Source] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    named: dict[str, Query] = field(default_factory=dict)
    clauses: list[tuple[str, int]] = field(default_factory=list)

    def find_named(self, name: str) -> Query | None:
        """The query of a WITH clause that a name means here."""
        query: Query | None = self
        while query is not None:
            if name.casefold() in query.named:
                return query.named[name.casefold()]
            query = query.outer
        return None

    def all_named(self) -> tuple[str, ...]:
        """Names of all queries that WITH clauses name here."""
        names: dict[str, None] = {}
        query: Query | None = self
        while query is not None:
            names |= dict.fromkeys(query.named)
            query = query.outer
        return tuple(names)


def query_at(tokens: Sequence[Token], kinds: Sequence[str], cursor: int) -> Query:
    """The innermost query around a place.

    Args:
        tokens: of the statement.
        kinds: terminal of each of the first tokens, as the parser read them; the others are judged by their word.
        cursor: number of the token that the place is in front of.
    """
    kinds = [*kinds, *(_kind(token) for token in tokens[len(kinds) :])]
    scanner = _Scanner(tokens, kinds)
    found = scanner.query
    for index in range(len(tokens)):
        if index == cursor:
            found = scanner.query
        scanner.step(index)
    if cursor >= len(tokens):
        found = scanner.query
    scanner.close_item(len(tokens))
    return found


def _kind(token: Token) -> str:
    """The terminal of a token that the parser has not read: only reserved words count as keywords."""
    return token.keyword if token.keyword and token.reserved else token.type


class _Scanner:
    """Reads words one by one; ``open`` holds, for each open bracket, the query to go back to."""

    def __init__(self, tokens: Sequence[Token], kinds: Sequence[str]) -> None:
        self.tokens = tokens
        self.kinds = kinds
        self.query = Query()
        self.open: list[tuple[Query, tuple[str, int] | None] | None] = []
        self.base = 0  # brackets that were open where this query began
        self.bases: list[int] = []
        self.item: tuple[str, int] | None = None  # clause and first token of the entry being read

    def kind(self, index: int) -> str:
        return self.kinds[index] if 0 <= index < len(self.kinds) else ""

    def step(self, index: int) -> None:
        kind = self.kinds[index]
        if kind == "LPAR":
            self._open(index)
        elif kind == "RPAR":
            self._close(index)
        elif kind == "FROM" and self._is_clause(index):
            self._clause(index)
            self._source(index)
        elif len(self.open) > self.base:
            return
        elif kind == "COMMA" and self.item is not None:
            self._next_item(index)
        elif kind in _SETS:
            self._another(index, self.query)
        elif kind in CLAUSES:
            self._clause(index)
        elif kind == "WITH" and self.query.clauses and self.kind(index + 1) != "LPAR":
            self._another(index, None)

    def _is_clause(self, index: int) -> bool:
        return self.kind(index - 1) != "DISTINCT" and self.kinds[0] != "REVOKE" and len(self.open) == self.base

    # -------------------------------------------------------------- clauses

    def _clause(self, index: int) -> None:
        kind = self.kinds[index]
        if kind in ("SELECT", "FROM") and any(clause == kind for clause, _ in self.query.clauses):
            self._another(index, None)  # the ; of the statement before was forgotten
        self.close_item(index)
        self.query.clauses.append((kind, index))
        if kind == "SELECT":
            self.item = kind, index + 1 + (self.kind(index + 1) == "DISTINCT")
        elif kind == "GROUP":
            self.item = kind, index + 2
        elif kind == "JOIN":
            self._source(index)

    def _another(self, index: int, outer: Query | None) -> None:
        """A query beside this one begins."""
        self.close_item(index)
        self.query = Query(outer)

    def _next_item(self, index: int) -> None:
        clause = self.item[0] if self.item else ""
        self.close_item(index)
        self.item = clause, index + 1

    def close_item(self, end: int) -> None:
        """Note the entry of SELECT or GROUP BY that ends before a token."""
        if self.item is None:
            return
        clause, start = self.item
        self.item = None
        alias = None
        if end - start >= 2 and self.kind(end - 2) == "AS" and self.kind(end - 1) in _NAMES:
            alias, end = unquoted(self.tokens[end - 1].text), end - 2
        if end > start:
            self.query.items.append(Item(clause, self.tokens[start:end], alias))

    # -------------------------------------------------------------- sources

    def _source(self, index: int) -> None:
        hidden = self.kinds[index] == "JOIN" and self.kind(index - 1) in _UNSEEN
        path: list[str] = []
        at = index + 1
        while self.kind(at) in _NAMES:
            path.append(unquoted(self.tokens[at].text))
            if self.kind(at + 1) != "DOT":
                at += 1
                break
            at += 2
        if path:
            alias = self._alias(at)
            self.query.sources.append(Source(tuple(path), index, alias=alias, is_hidden=hidden))

    def _alias(self, at: int) -> str | None:
        """The name after AS that belongs to a source; AT and VERSION may stand between."""
        for index in range(at, at + _ALIAS_REACH):
            kind = self.kind(index)
            if kind == "AS" and self.kind(index + 1) in _NAMES:
                return unquoted(self.tokens[index + 1].text)
            if kind in CLAUSES or kind in ("", "ON", "USING", "AS", "LPAR", "RPAR", "COMMA"):
                return None
        return None

    # -------------------------------------------------------------- brackets

    def _open(self, index: int) -> None:
        if self.kind(index + 1) not in _QUERY:
            self.open.append(None)
            return
        inner = Query(self.query)
        before = self.kind(index - 1)
        if before in ("FROM", "JOIN"):
            hidden = self.kind(index - 2) in _UNSEEN
            self.query.sources.append(Source((), index - 1, inner, is_hidden=hidden))
        elif before == "AS" and self.kind(index - 2) in _NAMES:
            self.query.named[unquoted(self.tokens[index - 2].text).casefold()] = inner
        self.open.append((self.query, self.item))
        self.bases.append(self.base)
        self.query, self.item, self.base = inner, None, len(self.open)

    def _close(self, index: int) -> None:
        if not self.open:
            return
        outer = self.open.pop()
        if outer is None:
            return
        self.close_item(index)
        self.query, self.item = outer
        self.base = self.bases.pop()
        sources = self.query.sources
        if sources and sources[-1].query is not None and sources[-1].alias is None:
            sources[-1].alias = self._alias(index + 1)
