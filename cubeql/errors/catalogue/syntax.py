"""Faults found by the syntax stage."""

from cubeql.errors.catalogue.rows import Fault

ROWS: tuple[Fault, ...] = ()
