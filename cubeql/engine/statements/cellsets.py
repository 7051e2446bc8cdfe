"""Sets of cells: places to look in, kept by name."""

from __future__ import annotations

import numpy as np

from cubeql.compiler import CompiledQuery
from cubeql.engine.result import Result, done
from cubeql.engine.statements.call import Call
from cubeql.errors import QueryError, diagnose
from cubeql.lang import nodes
from cubeql.values.cells import CellArray, distinct

MOST_CELLS = 50_000_000
"""As many as a set may have: it is held in memory as a whole, where it is made and wherever it is looked up."""
_MOST_WAITING = 16_000_000


def create(call: Call, statement: nodes.Create) -> Result:
    """``CREATE [OR REPLACE] CELLS name AS query``: the query's cells, each once."""
    name = call.new_name(statement.name, statement, "cells", statement.replace)
    compiled = call.compile(statement.query)
    resolution = _resolution(call, compiled)
    cells = _cells(call, compiled)
    known = call.store.create_cells(name, resolution, cells, statement.replace)
    said = f"cells {name}: {known.count:,} of resolution {known.resolution}"
    return done(said, call.text, cells=known.count)


def _resolution(call: Call, compiled: CompiledQuery) -> int:
    """The resolution of a query's one column."""
    columns = compiled.columns
    reason = None
    if len(columns) != 1:
        reason = f"a set of cells needs one column, but the query gives {len(columns)}"
    elif columns[0].type.name != "cell":
        reason = f"a set of cells needs a column of cells, but {columns[0].name!r} is a {columns[0].type}"
    elif columns[0].type.resolution is None:
        reason = "a set of cells needs cells of one resolution, but these may be of several"
    if reason is not None:
        raise _refused(call, reason, "SELECT cell, or CELL(n), and nothing else")
    assert columns[0].type.resolution is not None
    return columns[0].type.resolution


def _refused(call: Call, reason: str, suggestion: str) -> QueryError:
    return QueryError([diagnose("cells_shape", reason=reason, suggestion=suggestion)], call.text)


def _cells(call: Call, compiled: CompiledQuery) -> CellArray:
    """The cells of a query, each once, ascending; rows of many times are not all held at once."""
    parts: list[CellArray] = [np.zeros(0, np.int64)]
    waiting = 0
    with call.execute(compiled) as result:
        for batch in result:
            column = batch.column(0)
            if column.null_count:
                raise _refused(call, "a cell is NULL", "FILTER … IS NOT NULL")
            parts.append(distinct(column.to_numpy().astype(np.int64)))
            waiting += parts[-1].size
            if waiting > _MOST_WAITING:
                parts = [_together(call, parts)]
                waiting = 0
    return _together(call, parts)


def _together(call: Call, parts: list[CellArray]) -> CellArray:
    """The cells of several arrays, each once; refused where they are more than a set may have."""
    cells = distinct(np.concatenate(parts))
    if cells.size > MOST_CELLS:
        raise QueryError([diagnose("too_many_cells", most=MOST_CELLS)], call.text)
    return cells


def drop(call: Call, statement: nodes.Drop) -> Result:
    """``DROP CELLS [IF EXISTS] name``."""
    name = ".".join(statement.name)
    call.allow("rule", statement, name)
    if call.store.kind_of(name) != "cells":
        if statement.if_exists:
            return done(f"there were no cells {name}", call.text)
        raise call.unknown("unknown_cells", statement, name, call.store.cell_set_names())
    call.store.drop_cells(name)
    return done(f"cells {name} dropped", call.text)
