"""What tile rows tell of a statement, so that its SQL does not have to ask each cell; arrays are not read for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from cubeql.engine.scans import ScanWork, with_scans
from cubeql.plan.alike import MOST_CLASSES
from cubeql.sql import Statement, bound_values, print_query, quote
from cubeql.sql.alike import codes_name
from cubeql.sql.known import Known, ListedSlots
from cubeql.sql.statement import FewAsked
from cubeql.values.tiles import slot_count

# ruff: noqa: S608 - identifiers are quoted, constants are our own

FEWEST_CELLS = 4_000_000
"""A table of pairs of a stored integer and a number costs some milliseconds: it is made for more cells than this."""

FEWER = 4
"""Keys are numbered in a layer's rows where those that they meet are so many times as many."""


def known_of(
    cursor: duckdb.DuckDBPyConnection, statement: Statement, works: list[ScanWork], listed: Mapping[str, ListedSlots]
) -> Known:
    """What scans tell: how many candidates a tile row has, which cells have rows, which keys have few values."""
    by_name = {w.name: w for w in works}
    at_most = {w.name: w.levels for w in works if w.zones is not None}
    for name, query in statement.ranks:
        text = with_scans(print_query(query), works)
        row = cursor.execute(text, bound_values(query, statement.values.bound)).fetchone()
        at_most[name] = row[0] or 0 if row is not None else 0
    witness = {w.name: w.witness for w in works if w.witness is not None}
    whole = frozenset(w.name for w in works if w.is_whole)
    empty = frozenset(s.scan.name for s in statement.summaries if not by_name[s.scan.name].tiles_kept)
    values = {}
    for asked in statement.few if not listed else ():
        found = _few_values(cursor, statement, asked, by_name)
        if found:
            values[asked.scan.name] = found
    return Known(at_most, witness, whole, listed, empty, values)


def _few_values(
    cursor: duckdb.DuckDBPyConnection, statement: Statement, asked: FewAsked, works: dict[str, ScanWork]
) -> tuple[Any, ...]:
    """The values of a key of the codes that a layer's rows may hold; none where they are many, or not worth it."""
    own, driver = works[asked.scan.name], works[asked.driver.name]
    rows = driver.tiles_kept or 0
    cells = rows * slot_count(asked.driver.layer.resolution, asked.driver.tile)
    if cells < FEWEST_CELLS or rows < FEWER * (own.tiles_kept or 0) or own.selection is None or not own.paths:
        return ()
    codes = quote(codes_name(asked.scan))
    text = f"WITH {codes} AS ({_codes(asked, own)}) {print_query(asked.query)}"
    found = cursor.execute(text, bound_values(asked.query, statement.values.bound)).fetchall()
    values = tuple(value for (value,) in found)
    return values if len(values) <= MOST_CLASSES and all(v is None or abs(v) < 2**53 for v in values) else ()


def _codes(asked: FewAsked, work: ScanWork) -> str:
    """The codes that summaries of the rows tell of: those of categorical bands, else all between least and greatest."""
    assert work.selection is not None
    band = asked.scan.layer.band(asked.band)
    assert band is not None
    source, where = work.selection.source, work.selection.where
    if band.kind == "categorical":
        classes = quote(f"{band.name}__classes")
        return f"SELECT DISTINCT code AS x FROM (SELECT unnest({classes}, recursive := true) FROM {source}{where})"
    least, greatest = (f"{end}({quote(f'{band.name}__{end}')})" for end in ("min", "max"))
    return f"SELECT unnest(range({least}::BIGINT, {greatest}::BIGINT + 1)) AS x FROM {source}{where}"
