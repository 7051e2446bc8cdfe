"""Summaries of tiles that stay in memory for the session.

Coarse aggregates of a layer come again and again, and reading a few numbers of a tile row costs mostly the opening of
its row group. Files never change, so that what was read of them holds as long as they are asked for.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from cubeql.engine.kept import Kept
from cubeql.plan.nodes import Scan
from cubeql.sql.printer import quote

_MOST_BYTES = 32 * 2**20
_MOST_TEXTS = 256
_MOST_ROWS = 200_000
"""Of a scan: what is larger costs its reading more than the opening of row groups."""


class SummaryTables:
    """What was read of summaries, by the text that reads it, which names the files.

    It is kept the second time that it is asked for: a command that asks once need not load what the engine wants of
    Arrow for that.
    """

    def __init__(self) -> None:
        self._asked: Kept[str, bool] = Kept(_MOST_TEXTS, lambda once: 1)
        self._tables: Kept[str, pa.Table] = Kept(_MOST_BYTES, lambda table: table.nbytes)

    def held(self, cursor: duckdb.DuckDBPyConnection, scan: Scan, rows: int, text: str) -> str:
        """SQL of the rows that a text gives: out of memory where these are few summaries, else the text itself."""
        if rows > _MOST_ROWS or not _is_scalar(scan):
            return text
        if not self._asked.get(text):
            self._asked.keep(text, True)
            return text
        table = self._tables.get(text)
        if table is None:
            table = cursor.execute(text).to_arrow_table()
            self._tables.keep(text, table)
        name = f"{scan.name}$held"
        cursor.register(name, table)
        return f"FROM {quote(name)}"


def _is_scalar(scan: Scan) -> bool:
    """Whether a scan reads a number for each statistic and tile row, and no lists."""
    overview = scan.overview
    return overview is not None and overview.resolution == scan.tile and overview.classes is None
