"""The oracle: a slow, plain evaluator of CubeQL over the tiny cube's dictionaries.

It knows no tiles, no slots and no SQL: rows are dictionaries, joins are loops, cells are asked of the ``h3``
package one by one. Reading order: ``faults`` (why there may be no answer), ``times``, ``regions``,
``aggregates``, ``scalars``, ``relations`` (layers as rows, and bringing them to a grid), ``tables`` (points and
zones), ``expressions``, ``groups``, ``joins``, ``queries``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cubeql.lang import nodes
from tests.support.answers import Answer
from tests.support.cube import CELL_SETS, VIEWS, TinyLayer, tiny_cube
from tests.support.oracle.faults import RefusedError, UncoveredError, UndeterminedError
from tests.support.oracle.queries import World, run
from tests.support.rows import TinyRows, tiny_rows
from tests.support.zones import TinyZones

__all__ = ["RefusedError", "UncoveredError", "UndeterminedError", "evaluate"]


def evaluate(
    query: nodes.Query | nodes.QueryStatement,
    params: Mapping[str, Any] | list[Any] | None = None,
    layers: Mapping[str, TinyLayer | TinyRows | TinyZones] | None = None,
) -> Answer:
    """The right answer of a query.

    Args:
        query: its syntax tree.
        params: values of parameters, by name or (``?``) in order.
        layers: the layers it sees; the tiny cube by default.

    Raises:
        UncoveredError: the oracle does not know a construct of it.
        RefusedError: it is wrong.
        UndeterminedError: it has several right answers.
    """
    if isinstance(query, nodes.QueryStatement):
        query = query.query
    if isinstance(params, list | tuple):
        params = {str(n): value for n, value in enumerate(params, 1)}
    return run(query, World(layers or tiny_cube() | tiny_rows(), dict(params or {}), VIEWS, CELL_SETS)).answer()
