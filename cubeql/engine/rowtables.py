"""Keys and summaries of tile rows that stay in memory for the session.

Coarse aggregates of a layer and conditions on its values come again and again, and reading a few numbers of a tile row
costs mostly the opening of its row group. Files never change, so that what was read of them holds as long as they are
asked for.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from cubeql.engine.kept import Asked, Kept
from cubeql.engine.selecting import Selection
from cubeql.plan.nodes import Scan
from cubeql.sql.printer import quote

_MOST_BYTES = 32 * 2**20
_MOST_TEXTS = 256
_MOST_ROWS = 200_000
"""Of a scan: what is larger costs its reading more than the opening of row groups."""


class RowTables:
    """What was read of keys and summaries, by the text that reads it, which names the files.

    It is kept the second time that a statement asks for it: a command that asks once need not load what the engine
    wants of Arrow for that.
    """

    def __init__(self) -> None:
        self._asked: Asked[tuple[str, bool]] = Asked(_MOST_TEXTS)
        self._tables: Kept[str, pa.Table] = Kept(_MOST_BYTES, lambda table: table.nbytes)

    def relation(
        self, cursor: duckdb.DuckDBPyConnection, scan: Scan, selection: Selection, columns: list[str]
    ) -> str | None:
        """The relation of columns and places of all rows in the files of a selection; None where it is not kept."""
        if not len(selection.files) or selection.rows_of_files > _MOST_ROWS:
            return None
        text = selection.all_rows(columns)
        if not self._asked.before([(text, scan.overview is None)]):  # one statement may ask for both
            return None
        table = self._tables.get(text)
        if table is None:
            table = cursor.execute(text).to_arrow_table()
            self._tables.keep(text, table)
        name = f"{scan.name}$rows"
        cursor.register(name, table)
        return quote(name)
