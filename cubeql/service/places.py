"""What a name would be where the parser stands: a layer, a column, a method, …

The parser's stack is read from its top: the last word or bracket that is still open says what is awaited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cubeql.functions import lookup
from cubeql.service.reading import Reading

Role = Literal[
    "source", "layer", "view", "cells", "named", "expression", "method", "band", "type", "period", "zone", "new",
    "setting", "user", "layer_fact", "column_fact", "column_of_layer",
]  # fmt: skip

_DROPPED: dict[str, Role] = {"VIEW": "view", "CELLS": "cells"}
_LAYER_AFTER = frozenset(("INTO", "BANDS", "TIMES_WORD", "VERSIONS", "show_of"))
_STORED = frozenset(("LAYER", "VIEW", "CELLS", "stored", "dropped", "EXISTS", "if_exists"))
_CLAUSES = frozenset(("SELECT", "FILTER", "WHERE", "HAVING", "QUALIFY", "ON", "USING", "FROM", "JOIN"))
_BY = frozenset(("GROUP", "ORDER", "PARTITION"))
_INNER = frozenset(("function_name", "OVER", "FILTER_WHERE"))
_BODIES = frozenset(("from_clause", "select_clause", "LIMIT", "OFFSET", "set_expr", "intersection"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name would stand.

    Attributes:
        role: what it would name; ``named`` is a layer, view or set of cells, ``new`` a name that is being given,
            ``period`` the word after BY in a call.
        qualifier: the names before it, each followed by a point.
        clause: the clause it is in: ``SELECT``, ``GROUP``, ``ORDER``, ``FILTER`` …; empty outside of any.
        in_aggregate: it is an argument of an aggregate.
        in_window: it is in a window's OVER (…).
        argument: name of the innermost call that it is an argument of, and its number from 0.
    """

    role: Role
    qualifier: tuple[str, ...] = ()
    clause: str = ""
    in_aggregate: bool = False
    in_window: bool = False
    argument: tuple[str, int] = ("", 0)


def place_of(reading: Reading) -> Place:
    """The place behind what was read."""
    symbols = reading.symbols
    size, qualifier = len(symbols), ()  # type: int, tuple[str, ...]
    if symbols[-2:] == ["_dotted", "DOT"]:
        size -= 2
        names = reading.tokens[reading.starts[-2] : reading.starts[-1] : 2]
        qualifier = tuple(unquoted(token.text) for token in names)
    opener = _opener(symbols, size)
    clause, in_aggregate, in_window = _surroundings(reading, size)
    role = _role(symbols, opener)
    if role == "layer" and symbols[0] == "DROP" and len(reading.tokens) > 1:
        role = _DROPPED.get(reading.tokens[1].text.upper(), role)
    return Place(role, qualifier, clause, in_aggregate, in_window, _argument(reading, opener, size))


def unquoted(name: str) -> str:
    """A name as it is meant, without the quotes it is written in."""
    return name[1:-1].replace('""', '"') if name[:1] == '"' else name


def _opener(symbols: list[str], size: int) -> int:
    """Number of the terminal that says what comes next; -1 at the start. Items done before a comma are passed."""
    at = size - 1
    if at >= 0 and symbols[at] == "COMMA":
        at -= 1
        while at >= 0 and not symbols[at].isupper():
            at -= 1
    return at


def _role(symbols: list[str], at: int) -> Role:
    top = symbols[at] if at >= 0 else ""
    below = symbols[at - 1] if at >= 1 else ""
    match top:
        case "FROM":
            return "expression" if below == "DISTINCT" else "user" if symbols[0] == "REVOKE" else "source"
        case "JOIN":
            return "source"
        case "USING":
            return "method"
        case "LPAR":
            return _in_brackets(symbols, at)
        case "AS":
            return "type" if symbols[at - 3 : at - 1] == ["CAST", "LPAR"] else "new"
        case "DOUBLE_COLON":
            return "type"
        case "BY":
            return "period" if below == "COMMA" else "expression"
        case "WITH" | "TO":
            return "user" if symbols[0] == "GRANT" else "new"
        case "SET":
            return "setting"
    return _of_statement(symbols, at, top)


def _in_brackets(symbols: list[str], at: int) -> Role:
    below = symbols[at - 1] if at else ""
    if below == "USING":
        return "method" if symbols[-1] in ("NAME", "QUOTED") else "band"
    if below == "ZONE":
        return "zone"
    if below in ("WITH", "SET"):
        is_column = "column" in symbols[:at]
        return "column_fact" if is_column else "layer_fact" if symbols[0] in ("ALTER", "CREATE") else "new"
    return "expression"


def _of_statement(symbols: list[str], at: int, top: str) -> Role:
    if top in ("NAME", "QUOTED") and symbols[at - 2 : at] == ["USING", "LPAR"]:
        return "method"
    if top in ("NAME", "QUOTED") and "USING" in symbols[max(0, at - 4) : at] and symbols[at - 1] == "COMMA":
        return "method"
    if top == "DESCRIBE":
        return "named"
    if top in ("BAND", "ATTRIBUTE", "column") and symbols[0] == "ALTER":
        return "column_of_layer"
    if top == "CELLS" and symbols[0] not in ("CREATE", "DROP", "SHOW"):
        return "cells"
    if top == "ON" and symbols[0] in ("GRANT", "REVOKE"):
        return "named"
    if top in _LAYER_AFTER:
        return "layer"
    if top in _STORED and symbols[0] in ("CREATE", "DROP", "ALTER"):
        return "new" if symbols[0] == "CREATE" else "layer"
    return "expression"


def _surroundings(reading: Reading, size: int) -> tuple[str, bool, bool]:
    """The clause around a place, and whether it is in an aggregate or a window there."""
    symbols = reading.symbols
    clause, in_aggregate, in_window, closed = "", False, False, 0
    for at in range(size - 1, -1, -1):
        symbol, below = symbols[at], symbols[at - 1] if at else ""
        if symbol == "RPAR" or closed:  # brackets that are closed before the place are not around it
            closed += (symbol == "RPAR") - (symbol == "LPAR")
        elif symbol == "LPAR" and below in _INNER:
            clause = ""
            in_window = in_window or below == "OVER"
            in_aggregate = in_aggregate or below == "FILTER_WHERE" or _is_aggregate(reading, at - 1)
        elif clause and (symbol in _BODIES or symbol == "LPAR"):
            break
        elif symbol == "BY" and below in _BY and not clause:
            clause = below
        elif symbol in _CLAUSES and not clause and not _is_part(symbols, at):
            return symbol, in_aggregate, in_window
    return clause, in_aggregate, in_window


def _is_part(symbols: list[str], at: int) -> bool:
    """Whether the word of a clause is none: ``IS DISTINCT FROM``, ``FILTER (WHERE``."""
    if symbols[at] == "FROM":
        return symbols[at - 1] == "DISTINCT"
    return symbols[at] == "WHERE" and symbols[at - 2 : at - 1] == ["FILTER_WHERE"]


def _is_aggregate(reading: Reading, at: int) -> bool:
    function = lookup(reading.tokens[reading.starts[at]].text) if reading.symbols[at] == "function_name" else None
    return function is not None and function.kind == "aggregate"


def _argument(reading: Reading, opener: int, size: int) -> tuple[str, int]:
    """The call whose argument begins at a place."""
    symbols = reading.symbols
    if opener < 1 or symbols[opener] != "LPAR" or symbols[opener - 1] != "function_name":
        return "", 0
    name = reading.tokens[reading.starts[opener - 1]].text.casefold()
    if size - 1 == opener:
        return name, 0
    first, depth, count = reading.starts[opener] + 1, 0, 0
    for kind in reading.kinds[first:]:
        depth += (kind in ("LPAR", "LSQB")) - (kind in ("RPAR", "RSQB"))
        count += kind == "COMMA" and depth == 0
    return name, count
