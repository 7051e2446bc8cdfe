"""Settings of the session."""

from __future__ import annotations

from cubeql.analyze import Context
from cubeql.analyze.constants import NotConstant, value_of
from cubeql.engine.result import Result, done
from cubeql.engine.statements.call import Call
from cubeql.errors import ConfigError, QueryError
from cubeql.lang import nodes


def set_option(call: Call, statement: nodes.SetOption) -> Result:
    """``SET name = value``: for the statements of this session that follow; NULL takes a setting back."""
    name = statement.name.casefold()
    if name not in call.engine.told:
        raise call.unknown("unknown_setting", statement, statement.name, call.engine.told)
    context = Context(call.store, call.values)
    try:
        value = value_of(context, statement.value)
    except NotConstant:
        if context.faults:
            raise QueryError(context.faults, call.text) from None
        raise call.refuse("not_a_constant", statement.value, what=f"the setting {name}") from None
    try:
        call.engine.change(name, value)
    except ConfigError as error:
        raise call.refuse("bad_setting", statement.value, name=name, reason=str(error)) from error
    return done(f"{name} = {'its default' if value is None else value}", call.text)
