"""How clocks meet, between tile rows: conditions of equal clocks, and ranked candidates of unequal ones."""

from __future__ import annotations

from cubeql.analyze.bound import Match
from cubeql.plan.nodes import Aligned, TileJoin
from cubeql.sql.aligned import Shape, keys_of
from cubeql.sql.tree import Ident, Joined, Order, Query, Select, Sql, Sub, Value, Windowed, fill
from cubeql.values.times import Duration

_TRUNCATED = ("hour", "day", "week", "month", "year")


def bucket(time: Sql, unit: str) -> Sql:
    """A value that two instants share if they lie in one bucket."""
    if unit in _TRUNCATED:
        return fill(f"date_trunc('{unit}', {{0}})", time)
    if unit == "season":
        return fill("((year({0}) * 12 + month({0})) // 3)", time)
    return fill("(year({0}) * 36 + (month({0}) - 1) * 3 + least((day({0}) - 1) // 10, 2))", time)


def same_clock(match: Match | None, driver: Sql, joined: Sql, end: Sql) -> tuple[Sql, ...]:
    """Conditions under which instants meet, for matches that need no ranking.

    Where steps have no length, ``end`` is read: the end of the joined row's own step.
    """
    if match is None or match.kind == "any":
        return ()
    if match.kind == "same":
        assert match.unit is not None
        return (fill("{0} = {1}", bucket(driver, match.unit), bucket(joined, match.unit)),)
    if match.kind == "during":
        return (_in_step(match, driver, joined, end),)
    return (fill("{0} = {1}", joined, driver),)


def _in_step(match: Match, driver: Sql, joined: Sql, end: Sql) -> Sql:
    """Whether a row's step holds an instant; a step is half-open whether its stamp is its start or its end."""
    if match.window is None:
        return fill("({0} <= {1} AND {1} < {2})", joined, driver, end)
    length = Value(match.window)
    if match.unit == "end":
        return fill("({0} - {2} <= {1} AND {1} < {0})", joined, driver, length)
    return fill("({0} <= {1} AND {1} < {0} + {2})", joined, driver, length)


def reaches(match: Match, driver: Sql, joined: Sql) -> tuple[Sql, ...]:
    """Conditions of a candidate, for matches that take the best."""
    back = _limit(match.window, "{0} >= {1} - {2}", joined, driver)
    ahead = _limit(match.window, "{0} <= {1} + {2}", joined, driver)
    if match.kind == "as_of":
        return (fill("{0} <= {1}", joined, driver), *back)
    if match.kind == "next":
        return (fill("{0} >= {1}", joined, driver), *ahead)
    return (*back, *ahead)


def in_window(match: Match, driver: Sql, joined: Sql) -> tuple[Sql, ...]:
    """Conditions of the instants in a window, which is half-open and holds the driver's instant."""
    early, late = _limit(match.window, "{1} - {2}", joined, driver), _limit(match.window, "{1} + {2}", joined, driver)
    if match.kind == "preceding":
        return tuple(fill("({0} > {1} AND {0} <= {2})", joined, e, driver) for e in early)
    starts = early if match.kind == "around" else (driver,)
    return tuple(fill("({0} >= {1} AND {0} < {2})", joined, s, e) for s, e in zip(starts, late, strict=True))


def best_first(match: Match, driver: Sql, joined: Sql) -> Order:
    """What orders candidates from the best on; of two as close the earlier comes first by its time."""
    if match.kind == "nearest":
        return Order(fill("abs(epoch_us({0}) - epoch_us({1}))", joined, driver))
    return Order(joined, descending=match.kind == "as_of")


def _limit(window: Duration | None, template: str, joined: Sql, driver: Sql) -> tuple[Sql, ...]:
    return () if window is None else (fill(template, joined, driver, Value(window)),)


def candidates(join: TileJoin, driver: Aligned, driver_rows: Query, shape: Shape, on_rows: tuple[Sql, ...]) -> Query:
    """Which tile rows of the joined layer a tile row of the driver may take, best first, as far as they matter.

    Columns: ``tile``, ``driver.<key>`` and ``joined.<key>`` of both sides, ``rank``. Candidates behind one that has
    every cell of its tile cannot be taken; they are left out unless the join has conditions on cells.
    """
    scan = join.aligned.scan
    own = tuple(f"{driver.scan.alias}.{k}" for k in keys_of(driver))
    other = tuple(f"{scan.alias}.{k}" for k in keys_of(join.aligned))
    time, joined_time = Ident(f"{driver.scan.alias}.time", "driver"), Ident(f"{scan.alias}.time", "joined")
    assert join.match is not None
    tests, best = reaches(join.match, time, joined_time), best_first(join.match, time, joined_time)
    same_tile = fill("{0} = {1}", Ident("tile", "driver"), Ident("tile", "joined"))
    source = Joined(Sub(driver_rows, "driver"), Sub(shape.scalars, "joined"), "inner", (same_tile, *tests, *on_rows))
    dimensions = tuple(Ident(n, "joined") for n in other if not n.endswith(".time"))
    partition = (Ident("tile", "driver"), *(Ident(n, "driver") for n in own), *dimensions)
    rank = Windowed(fill("row_number()"), partition, (best, Order(joined_time)))
    ranked = Select(
        (
            (Ident("tile", "driver"), "tile"),
            *((Ident(n, "driver"), n) for n in own),
            *((Ident(n, "joined"), n) for n in other),
            (Ident("complete", "joined"), "complete"),
            (rank, "rank"),
        ),
        source,
    )
    if join.on_cells:
        return ranked
    group = tuple(Ident(n) for n in ("tile", *own, *(o for o in other if not o.endswith(".time"))))
    before = ("rows", ("unbounded", None), ("preceding", Value(1)))
    complete = fill("count(*) FILTER (WHERE {0})", Ident("complete"))
    settled = Windowed(complete, group, (Order(Ident("rank")),), before)
    return Select((), Sub(ranked, "ranked"), qualify=fill(f"{{0}} < {join.most}", settled))
