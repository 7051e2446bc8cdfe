"""Statements at work, one module a family.

Reading order: ``engine`` (what runs them), ``call`` (one statement at work), ``handlers`` (the table of kinds), then
the families: ``queries``, ``listings``, ``layers``, ``views``, ``cellsets``, ``settings``.
"""

from cubeql.engine.statements.engine import Engine

__all__ = ["Engine"]
