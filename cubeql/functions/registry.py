"""All functions by name."""

from __future__ import annotations

from cubeql.functions import aggregates, cells, climate, operators, packs, scalars
from cubeql.functions.rows import Function

OPERATORS: dict[str, Function] = {f.name: f for f in operators.ROWS}
_FAMILIES = (scalars, climate, aggregates, packs, cells)
FUNCTIONS: dict[str, Function] = {f.name: f for family in _FAMILIES for f in family.ROWS}
_ALIASES = {"ceiling": "ceil", "pow": "power", "stddev_samp": "stddev", "var_samp": "variance", "covar_samp": "covar",
            "quantile_cont": "quantile", "dayofyear": "doy", "substr": "substring"}  # fmt: skip


def lookup(name: str) -> Function | None:
    """The function of a name, None if there is none."""
    name = name.casefold()
    return FUNCTIONS.get(_ALIASES.get(name, name))


def operator(name: str) -> Function:
    """The operator of a name; an unknown one is a bug (KeyError)."""
    return OPERATORS[name]


def aliases() -> dict[str, str]:
    """Other spellings of functions, and the names they stand for."""
    return dict(_ALIASES)


def names() -> tuple[str, ...]:
    """Names of all functions, aliases included, sorted."""
    return tuple(sorted({*FUNCTIONS, *_ALIASES}))
