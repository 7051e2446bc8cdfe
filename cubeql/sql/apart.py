"""A statement in two: what brings the tile rows of some cells together, and the rest, which takes their arrays apart.

The first can then be asked of one range of tiles after the other; the rest reads what comes as one relation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from cubeql.sql.tree import Ident, Named, Order, Query, Relation, Select, Sql, Sub, Table, Value, fill, parts
from cubeql.values.slotted import dataclass


@dataclass(frozen=True, slots=True)
class Apart:
    """A statement in two.

    Attributes:
        rest: what reads ``name``.
        rows: what gives the rows of ``name``: keys and arrays of tile rows that meet.
    """

    name: str
    rest: Query
    rows: Select


def apart(query: Query, cells: str) -> Apart | None:
    """A statement without what brings together the tile rows of some cells; None where that stands nowhere alone."""
    name = f"{cells}$rows"
    found: list[Select] = []

    def change(part: Any) -> Any:
        if not isinstance(part, Select) or all(c.name != cells for c in part.ctes):
            return None
        rest, rows = _split(part, cells, name)
        found.append(rows)
        return rest

    rest = mapped(query, change)
    return Apart(name, rest, found[0]) if len(found) == 1 else None


def _split(query: Select, cells: str, name: str) -> tuple[Select, Select]:
    at = next(n for n, c in enumerate(query.ctes) if c.name == cells)
    taken = query.ctes[at].query
    assert isinstance(taken, Select)
    read = [one for expr, _ in taken.items for one in parts(expr) if isinstance(one, Ident)]
    columns = {one: f"{one.relation}|{one.name}" for one in read}
    alone = {expr for expr, _ in taken.items}
    # The engine hands conditions on plain columns to Arrow, which copies the arrays beside them; not those on lists.
    items = tuple((fill("[{0}]", one) if one in alone else one, column) for one, column in columns.items())
    before = query.ctes[:at]
    rows = replace(taken, items=items)
    rows = replace(rows, ctes=_reached(before, (rows,)))

    def column(part: Any) -> Any:
        if not isinstance(part, Ident):
            return None
        return fill("{0}[1]", Ident(columns[part])) if part in alone else Ident(columns[part])

    opened = Select(mapped(taken.items, column), Table(name))
    ctes = (*before, replace(query.ctes[at], query=opened), *query.ctes[at + 1 :])
    return replace(query, ctes=_reached(ctes, (replace(query, ctes=()),))), rows


def within(query: Select, tiles: Mapping[str, tuple[int, int]]) -> Select:
    """The same, of relations by name those rows alone whose tile lies between two, both inclusive."""

    def change(part: Any) -> Any:
        if not isinstance(part, Table) or part.name not in tiles:
            return None
        low, high = map(Value, tiles[part.name])
        test = fill("{0} BETWEEN {1} AND {2}", Ident("tile"), low, high)
        return Sub(Select((), Table(part.name), where=(test,)), part.alias or part.name)

    found: Select = mapped(query, change)
    return found


def tables(query: Query) -> frozenset[str]:
    """What a query reads, beside what it names itself."""
    own = {part.name for part in parts(query) if isinstance(part, Named)}
    return frozenset(part.name for part in parts(query) if isinstance(part, Table)) - own


def mapped(part: Any, change: Callable[[Any], Any]) -> Any:
    """A part of a tree where parts are others; ``change`` gives the other, or None to look inside."""
    found = change(part)
    if found is not None:
        return found
    if isinstance(part, tuple):
        return tuple(mapped(item, change) for item in part)
    if isinstance(part, (Sql, Relation, Query, Named, Order)):
        inside = {f.name: mapped(getattr(part, f.name), change) for f in fields(part)}
        return replace(part, **inside)
    return part


def _named(roots: Iterable[Any]) -> Iterator[str]:
    """Names of tables; a template may name one, too, as it names a column."""
    for part in parts(tuple(roots)):
        if isinstance(part, (Table, Ident)):
            yield part.name


def _reached(ctes: tuple[Named, ...], roots: tuple[Any, ...]) -> tuple[Named, ...]:
    """Those entries of WITH that are read, in their order."""
    wanted, left = set(_named(roots)), list(ctes)
    for cte in reversed(ctes):
        if cte.name not in wanted:
            left.remove(cte)
        else:
            wanted |= set(_named((cte.query,)))
    return tuple(left)
