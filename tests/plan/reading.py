"""Plans in words, with some of the rules."""

from __future__ import annotations

from typing import Any

from cubeql.compiler import bind
from cubeql.lang import parse_query
from cubeql.plan import build
from cubeql.plan.outline import plan_lines
from cubeql.plan.rules import named


def plan_of(cube: Any, text: str, *rules: str) -> Any:
    """The plan of a query with these rules alone."""
    bound, _ = bind(parse_query(text), cube.store, {}, text)
    return build(bound, named(rules))


def lines(cube: Any, text: str, *rules: str) -> list[str]:
    """The plan's lines, without the steps of the SELECT."""
    return [line.strip() for line in plan_lines(plan_of(cube, text, *rules))]
