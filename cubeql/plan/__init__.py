"""Bound tree -> what will be done: ``nodes``, ``builder``, ``rules`` (one a file), ``walking``."""

from cubeql.analyze.bound import BoundQuery
from cubeql.plan.builder import Builder
from cubeql.plan.nodes import Node
from cubeql.plan.rules import RULES, Rule

__all__ = ["RULES", "Builder", "Node", "Rule", "build"]


def build(query: BoundQuery, rules: tuple[Rule, ...] = RULES, builder: Builder | None = None) -> Node:
    """The plan of a query, with rules applied in order; plans of one statement share a builder."""
    plan = (builder or Builder()).build(query)
    for rule in rules:
        plan = rule(plan)
    return plan
