"""Faults found by the analysis stage."""

from cubeql.errors.catalogue.rows import Fault

ROWS: tuple[Fault, ...] = ()
