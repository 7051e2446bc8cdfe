"""``SET timeout_s = …`` of a session on a served store: the time limit is the session's, whoever else has its token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cubeql.analyze import Context
from cubeql.analyze.constants import NotConstant, value_of
from cubeql.catalog import Catalog
from cubeql.engine.ready import Ready, ended
from cubeql.engine.result import done
from cubeql.errors import ConfigError, QueryError, diagnose
from cubeql.lang import nodes

OURS = "timeout_s"


def is_ours(statement: nodes.Statement) -> bool:
    """Whether a statement sets what the session keeps itself."""
    return isinstance(statement, nodes.SetOption) and statement.name.casefold() == OURS


def set_ours(
    statement: nodes.Statement, text: str, values: Mapping[str, Any], store: Catalog, change: Callable[[str, Any], None]
) -> Ready:
    """Set it, as a session on the store itself does.

    Raises:
        QueryError: the value is none, or means nothing.
    """
    assert isinstance(statement, nodes.SetOption)
    context = Context(store, dict(values))
    try:
        value = value_of(context, statement.value)
        change(OURS, value)
    except NotConstant:
        what = diagnose("not_a_constant", statement.value.span, what=f"the setting {OURS}")
        raise QueryError(context.faults or [what], text) from None
    except ConfigError as error:
        reason = diagnose("bad_setting", statement.value.span, name=OURS, reason=str(error))
        raise QueryError([reason], text) from error
    return ended(done(f"{OURS} = {'its default' if value is None else value}", text))
