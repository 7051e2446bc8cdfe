"""Golden cases asked of a server: what the store itself answers, in rows, schema and faults."""

from __future__ import annotations

import os
from typing import Any

import pytest

from cubeql.client.session import RemoteSession
from cubeql.errors import CubeQLError
from tests.server.conftest import Served
from tests.support import cases

SHARE = int(os.environ.get("CUBEQL_CASES_THERE", "16"))
"""Of so many cases one is asked; 1 asks all."""
CHOSEN = cases.all_cases()[::SHARE]


def answer(session: Any, case: cases.Case) -> tuple[Any, ...]:
    """Schema with its metadata, and rows in some order; or what was wrong."""
    try:
        with session.query(case.query, case.params) as result:
            rows = sorted(_written(list(row.items())) for row in result.to_arrow().to_pylist())
            return str(result.schema), result.schema.metadata, result.warnings, result.message, rows
    except CubeQLError as fault:
        return type(fault), str(fault)


def _written(value: Any) -> str:
    """A value as a text; the last digits of floats depend on the order in which threads add them."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_written, value))}]"
    return f"{value + 0.0:.7g}" if isinstance(value, float) else repr(value)


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: case.name)
def test_the_answer_there_is_the_answer_here(case: cases.Case, served: Served, far: RemoteSession) -> None:
    assert answer(far, case) == answer(served.house, case)
