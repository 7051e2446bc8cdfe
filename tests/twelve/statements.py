"""The twelve statements, word for word, and the same ones with their clauses in the order of SQL."""

from __future__ import annotations

from pathlib import Path

from cubeql.lang import split_statements

HERE = Path(__file__).parent


def of(file: Path) -> dict[int, str]:
    """The statements of a file by number."""
    return {n: text for n, (text, _) in enumerate(split_statements(file.read_text("utf-8")), 1)}


AS_WRITTEN = of(HERE.parent / "lang/twelve.cubeql")
IN_SQL_ORDER = of(HERE / "in_sql_order.cubeql")
