"""Queries: run, explained, or copied to a file."""

from __future__ import annotations

from cubeql.analyze import Context
from cubeql.analyze.constants import NotConstant, value_of
from cubeql.engine.result import Result, done, rows
from cubeql.engine.statements.call import Call
from cubeql.lang import nodes


def query(call: Call, statement: nodes.QueryStatement) -> Result:
    """A query by itself."""
    return call.query(statement.query)


def explain(call: Call, statement: nodes.Explain) -> Result:
    """``EXPLAIN [ANALYZE] query``."""
    found = call.explanation(statement.query, statement.analyze)
    result = rows(found.to_arrow(), call.text)
    result.stats |= found.totals
    return result


def copy(call: Call, statement: nodes.Copy) -> Result:
    """``COPY (query) TO 'path' [WITH (…)]``."""
    from cubeql.engine.copying import check_target, copy_to, options_of  # loads what only writing needs
    from cubeql.grid.geometry import is_code
    from cubeql.storage.outfiles import place_within
    from cubeql.storage.reach import NotHere, clipped

    reach = call.engine.reach
    try:
        written = str(value_of(Context(call.store, call.values), statement.path))
        path = place_within(written, reach)
    except NotConstant:
        raise call.refuse("not_a_constant", statement.path, what="the path") from None
    except NotHere:
        raise call.refuse("copy_refused", statement.path, path=clipped(written)) from None
    check_target(path, call.text, statement.path.span)
    ending = path.suffix.lower()
    options = call.options(statement.options, f"COPY to {ending}", options_of(ending))
    crs = options.get("crs")
    if reach.writes is not None and crs is not None and not is_code(crs):
        raise call.refuse("unsafe_crs", statement, crs=clipped(str(crs)))
    with call.query(statement.query) as result:
        count = copy_to(result, path, options, call.text, call.temp_folder, reach.most_written)
    return done(f"{path}: {count:,} rows", call.text, rows=count)
