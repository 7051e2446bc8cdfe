"""Faults found by the running stage."""

from cubeql.errors.catalogue.rows import Fault

ROWS: tuple[Fault, ...] = ()
