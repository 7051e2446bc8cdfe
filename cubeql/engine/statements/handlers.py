"""The table of statements: which function runs which kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cubeql.engine.result import Result
from cubeql.engine.statements import attaching, cellsets, layers, listings, queries, rights, settings, views
from cubeql.engine.statements.call import Call
from cubeql.lang import nodes

Handler = Callable[[Call, Any], Result]


def handler_of(statement: nodes.Statement) -> Handler | None:
    """What runs a statement, None where nothing does yet."""
    return _HANDLERS.get((type(statement), getattr(statement, "kind", "")))


_HANDLERS: dict[tuple[type[nodes.Statement], str], Handler] = {
    (nodes.QueryStatement, ""): queries.query,
    (nodes.Explain, ""): queries.explain,
    (nodes.Copy, ""): queries.copy,
    (nodes.Show, ""): listings.show,
    (nodes.Describe, ""): listings.describe,
    (nodes.Create, "layer"): layers.create,
    (nodes.Insert, ""): layers.insert,
    (nodes.Alter, ""): layers.alter,
    (nodes.Rollback, ""): layers.rollback,
    (nodes.Drop, "layer"): layers.drop,
    (nodes.Create, "cells"): cellsets.create,
    (nodes.Drop, "cells"): cellsets.drop,
    (nodes.SetOption, ""): settings.set_option,
    (nodes.Attach, ""): attaching.attach,
    (nodes.Detach, ""): attaching.detach,
    (nodes.Grant, ""): rights.grant,
    (nodes.Create, "view"): views.create,
    (nodes.CreateRaster, ""): views.create_raster,
    (nodes.Drop, "view"): views.drop,
}
