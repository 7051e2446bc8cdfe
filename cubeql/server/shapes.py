"""What a statement is before it is run: the shape of its rows, its parameters, whether it changes things."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import shapely

from cubeql.analyze.views import parameters_in
from cubeql.errors import CubeQLError, QueryError, Span
from cubeql.lang import nodes, parse_statement, print_statement
from cubeql.session import Session

MESSAGE = pa.schema([pa.field("message", pa.string())])
"""The rows of a statement that has none: one, which says what was done."""
_GIVE_ROWS = (nodes.QueryStatement, nodes.Show, nodes.Describe, nodes.Explain)
_MOST_GUESSED, _MOST_ROUNDS = 16, 24

# What may stand where a parameter stands, tried in this order, with the Arrow type that clients are told.
_GUESSES: tuple[tuple[Any, pa.DataType], ...] = (
    (1.5, pa.float64()),
    (1, pa.int64()),
    ("POLYGON ((0 0, 1 0, 1 1, 0 0))", pa.string()),
    (dt.datetime(2000, 1, 1, tzinfo=dt.UTC), pa.timestamp("us", "UTC")),
    (dt.timedelta(days=1), pa.duration("us")),
    (["a"], pa.list_(pa.string())),
    ([1.5], pa.list_(pa.float64())),
    (shapely.box(0, 0, 1, 1), pa.binary()),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A statement that was read and not run.

    Attributes:
        statement: its tree.
        text: as it was written.
        names: of its parameters, each once, in their order; of ``?`` their numbers.
        positional: they are written ``?``.
    """

    statement: nodes.Statement
    text: str
    names: tuple[str, ...]
    positional: bool

    @property
    def gives_rows(self) -> bool:
        """Whether it is asked for its rows; other statements do something."""
        return isinstance(self.statement, _GIVE_ROWS)


@dataclass(slots=True)
class Prepared:
    """A prepared statement, and the values that were bound to it last."""

    shape: Shape
    values: dict[str, Any] | None = None


def shape_of(text: str) -> Shape:
    """Read a statement.

    Raises:
        QueryError: it cannot be read.
    """
    statement = parse_statement(text)
    found = parameters_in(statement)
    return Shape(statement, text, tuple(dict.fromkeys(p.name for p in found)), any(p.positional for p in found))


def harmless(shape: Shape) -> str:
    """The text of a statement that gives rows, such that only its shape is worked out: nothing is measured."""
    statement = shape.statement
    if isinstance(statement, nodes.Explain) and statement.analyze:
        return print_statement(replace(statement, analyze=False))
    return shape.text


# -------------------------------------------------------------- parameters


def guesses_of(shape: Shape, session: Session) -> dict[str, int] | None:
    """For each parameter which of the guesses can stand where it does; None where nothing fits.

    Types of parameters are not written anywhere; clients such as JDBC's want to be told one all the same.
    """
    query = getattr(shape.statement, "query", None)
    if not isinstance(query, nodes.Query) or not 0 < len(shape.names) <= _MOST_GUESSED:
        return None
    text = print_statement(nodes.QueryStatement(query))
    places = [(p.name, p.span) for p in parameters_in(parse_statement(text))]
    chosen = dict.fromkeys(shape.names, 0)
    for _ in range(_MOST_ROUNDS):
        try:
            session.compile(text, values_of(chosen))
        except QueryError as error:
            wrong = _at_fault(error, places)
            if not wrong or any(chosen[name] + 1 >= len(_GUESSES) for name in wrong):
                return None
            chosen |= {name: chosen[name] + 1 for name in wrong}
        except CubeQLError:
            return None
        else:
            return chosen
    return None


def values_of(chosen: dict[str, int]) -> dict[str, Any]:
    """A value for each parameter that can stand where it does."""
    return {name: _GUESSES[at][0] for name, at in chosen.items()}


def parameter_schema(shape: Shape, chosen: dict[str, int] | None) -> pa.Schema:
    """The parameters as clients are told them; the type of one that cannot be guessed is text."""
    known = chosen or {}
    return pa.schema([pa.field(n, _GUESSES[known[n]][1] if n in known else pa.string()) for n in shape.names])


def _at_fault(error: QueryError, places: Sequence[tuple[str, Span]]) -> set[str]:
    """The parameters that faults are about: those inside of them, else the one behind, as in ``month(time) IN ?``."""
    found: set[str] = set()
    for fault in (d.span for d in error.diagnostics if d.severity == "error" and d.span is not None):
        inside = {name for name, at in places if fault.start < at.end and at.start < fault.end}
        behind = [name for name, at in places if at.start >= fault.end]
        found |= inside or set(behind[:1])
    return found
