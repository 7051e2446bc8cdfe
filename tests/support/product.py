"""The one place where tests talk to CubeQL: results as :class:`~tests.support.answers.Answer`."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.support.answers import Answer, Cell

Params = Mapping[str, Any] | Sequence[Any] | None
ROOMS = ("cubeql.storage", "cubeql.engine", "cubeql.session")


def missing_room() -> str | None:
    """Name of a room without which nothing can be run; None where all stand."""
    return next((room for room in ROOMS if importlib.util.find_spec(room) is None), None)


def connect(folder: Path | str, rules: Sequence[str] | None = None, **settings: Any) -> Any:
    """A session on a store.

    Args:
        folder: the store, or its address.
        rules: names of the only optimiser rules to use; none at all if empty, all if None.
        **settings: of the session.
    """
    import cubeql

    chosen = {} if rules is None else {"rules": tuple(rules)}
    return cubeql.connect(str(folder), **chosen, **settings)


def rule_names() -> tuple[str, ...]:
    """Names of the optimiser's rules, in the order in which they run."""
    from cubeql.plan import rules

    return tuple(getattr(rule, "name", getattr(rule, "__name__", "?")) for rule in rules.RULES)


def query(session: Any, text: str, params: Params = None) -> Answer:
    """What CubeQL answers."""
    return answer_of(session.query(text, params))


def answer_of(result: Any) -> Answer:
    """A result of CubeQL as plain values."""
    table = result.to_arrow()
    columns = [_plain_column(field, table.column(n)) for n, field in enumerate(table.schema)]
    rows = tuple(zip(*columns)) if columns else ()
    return Answer(tuple(table.schema.names), rows)


def warnings_of(session: Any, text: str, params: Params = None) -> str:
    """All that CubeQL warns of, as one text."""
    return "\n".join(f"{w.code}: {w.message} {w.hint or ''}" for w in session.query(text, params).warnings)


def stage(session: Any, text: str, params: Params, name: str) -> str:
    """A stage of compiling as text: ``plan``, ``optimized`` or ``sql``."""
    compiled = session.compile(text, params) if params else session.compile(text)
    return str(getattr(compiled, name)).strip()


def works(session: Any, text: str, params: Params, rule_sets: Sequence[Sequence[str]]) -> list[Any]:
    """Per set of rules all that decides what a query reads and computes; two queries of the same work are one."""
    from cubeql.compiler import bind, query_of, render
    from cubeql.parameters import values_of
    from cubeql.plan import build
    from cubeql.plan.rules import named

    given = values_of(params)
    bound, _ = bind(query_of(text), session.engine.catalog, given, text)
    plans = [(build(bound, rules), rules) for rules in (named(tuple(names)) for names in rule_sets)]
    return [(plan, render(plan, given, rules)) for plan, rules in plans]


def reading(session: Any, text: str, params: Params) -> str:
    """What each scan reads, of all: counts, and bytes in whole percents, which other releases of Parquet keep."""
    scans = session.explain(text, params).scans
    return "\n".join(
        f"{s.name}: {s.unit} {s.tiles_kept} of {s.tiles_all}, files {s.files_kept} of {s.files_all}, "
        f"row groups {s.row_groups_kept} of {s.row_groups_all}, bytes {100 * s.bytes_to_read / s.bytes_all:.0f} %"
        for s in scans
    )


def _plain_column(field: Any, column: Any) -> list[Any]:
    if _holds_cells(field):
        return [Cell(v) if v is not None else None for v in column.to_pylist()]
    if pa.types.is_list(field.type) and _holds_cells(field.type.value_field):
        return [tuple(map(Cell, v)) if v is not None else None for v in column.to_pylist()]
    return [plain(v) for v in column.to_pylist()]


def _holds_cells(field: Any) -> bool:
    return (field.metadata or {}).get(b"cubeql.type") == b"cell"


def plain(value: Any) -> Any:
    """A value of Arrow as the oracle would hold it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, list):
        return tuple(plain(v) for v in value)
    if type(value).__name__ == "MonthDayNano" and value.months == 0:
        return timedelta(days=value.days, microseconds=value.nanoseconds // 1000)
    return value


class _AskedAlready:
    """Says of everything that it was asked for before."""

    def before(self, keys: object) -> bool:
        return True


def keep_arrays(session: Any) -> None:
    """Have arrays stay in memory from the first time that a statement asks for them."""
    caches = session.engine.caches
    caches.arrays._asked = caches.keys._asked = _AskedAlready()
