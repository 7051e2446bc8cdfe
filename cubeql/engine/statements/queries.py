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
    from cubeql.storage.outfiles import place_of

    try:
        path = place_of(str(value_of(Context(call.store, call.values), statement.path)))
    except NotConstant:
        raise call.refuse("not_a_constant", statement.path, what="the path") from None
    check_target(path, call.text, statement.path.span)
    ending = path.suffix.lower()
    options = call.options(statement.options, f"COPY to {ending}", options_of(ending))
    with call.query(statement.query) as result:
        count = copy_to(result, path, options, call.text, call.temp_folder)
    return done(f"{path}: {count:,} rows", call.text, rows=count)
