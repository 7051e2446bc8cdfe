"""Which clauses may still be written: none twice, none out of its order."""

from __future__ import annotations

from cubeql.service.scope import Query

_SQL = ("SELECT", "FROM", "AT_RESOLUTION", "JOIN", "FILTER", "GROUP", "HAVING", "QUALIFY", "ORDER", "LIMIT", "OFFSET",
        "SAMPLE")  # fmt: skip
_CLAUSE_OF = {"WHERE": "FILTER", "LEFT": "JOIN", "SEMI": "JOIN", "ANTI": "JOIN", "INNER": "JOIN"}
_SETS = frozenset(("UNION", "EXCEPT", "INTERSECT"))
_TAIL = frozenset(("ORDER", "LIMIT", "OFFSET", "SAMPLE"))
_REPEATED = frozenset(("JOIN", "FILTER"))
_BEFORE_JOIN = frozenset(("FROM", "JOIN", "AT_RESOLUTION"))


class Order:
    """The clauses of a query before and behind a place.

    Args:
        query: the query.
        cursor: number of the token that the place is in front of.
    """

    def __init__(self, query: Query, cursor: int) -> None:
        written = [(_CLAUSE_OF.get(kind, kind), index) for kind, index in query.clauses]
        self.before = [kind for kind, index in written if index < cursor]
        self.after = [kind for kind, index in written if index >= cursor]

    def allows(self, terminal: str) -> bool:
        """Whether a clause that begins with a terminal may stand; True for what begins no clause."""
        clause = _CLAUSE_OF.get(terminal, terminal)
        if clause in _SETS:
            return "SELECT" in self.before and not any(kind in _TAIL for kind in self.before)
        if clause not in _SQL or not self.before:
            return True
        if clause not in _REPEATED and clause in self.before + self.after:
            return False
        if self.before[0] == "FROM":
            return clause != "JOIN" or set(self.before) <= _BEFORE_JOIN
        rank = _SQL.index(clause)
        return all(_SQL.index(kind) <= rank for kind in self.before if kind != "SELECT") and all(
            _SQL.index(kind) >= rank for kind in self.after
        )
