"""ON TIME PRECEDING, FOLLOWING and AROUND: all rows of a window become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.support.oracle import aggregates, relations, times
from tests.support.oracle.faults import RefusedError
from tests.support.oracle.relations import Column, Record, Relation

KINDS = ("preceding", "following", "around")


def holds(kind: str, width: times.Duration, driver: datetime, time: datetime) -> bool:
    """Whether a window around the driver's instant holds another; it is half-open and holds the driver's."""
    early, late = times.add(driver, width, -1), times.add(driver, width)
    match kind:
        case "preceding":
            return early < time <= driver
        case "following":
            return driver <= time < late
    return early <= time < late


def relation(before: Relation, methods: Mapping[str, str]) -> Relation:
    """The relation of windows: no time, and columns as their methods make them.

    Args:
        before: the relation whose rows the windows hold.
        methods: method by folded name of column, ``*`` for all that it suits.
    """
    columns = [_over(c, methods) for c in before.columns if c.role != "time"]
    return replace(before, columns=tuple(columns), rows=[])


def _over(column: Column, methods: Mapping[str, str]) -> Column:
    if column.role != "value":
        return column
    own = methods.get(column.name.casefold())
    usual = column.method if column.classes is None else "mode"
    chosen = own or methods.get("*", usual)
    if column.classes is not None and chosen in ("mean", "sum", "median", "stddev", "any", "all"):
        if own:
            raise RefusedError(f"the {chosen} of classes")
        chosen = usual
    return relations.brought(replace(column, method=chosen))


def one_row(rows: list[Record], stamp: str, over: Relation) -> Record:
    """The row that rows of one cell and series become."""
    row: dict[str, Any] = {}
    ordered = sorted(rows, key=lambda r: r[stamp])
    for column in over.columns:
        if column.role != "value":
            row[column.name] = rows[0][column.name]
            continue
        values = [r[column.name] for r in ordered if r[column.name] is not None]
        row[column.name] = aggregates.METHODS[column.method](values)
    return row
