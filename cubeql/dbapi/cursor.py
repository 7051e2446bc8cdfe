"""A cursor: one statement at a time, its rows as Python values or as Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow as pa
from adbc_driver_manager.dbapi import NotSupportedError

from cubeql.dbapi.faults import faults, misused
from cubeql.dbapi.rows import ArrowRows, Row, Rows
from cubeql.session import Parameters

if TYPE_CHECKING:
    import pandas
    import polars

    from cubeql.dbapi.connection import Connection
    from cubeql.ingest.arriving import TakeMode

Description = tuple[str, pa.DataType, None, None, None, None, None]


class Cursor:
    """Runs statements; :meth:`Connection.cursor` makes it. To be used by one thread, but for :meth:`adbc_cancel`.

    Attributes:
        connection: the connection it belongs to.
        arraysize: how many rows :meth:`fetchmany` gives where it is not said.
        rowcount: rows that the last statement wrote; -1 for queries, whose rows are not known before they are read.
        message: what the last statement did, of one without rows; None of queries.
    """

    __module__ = "adbc_driver_cubeql"  # see Connection

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.rowcount = -1
        self.message: str | None = None
        self._rows: Rows | None = None
        self._closed = self._beginning = False

    # -------------------------------------------------------------- statements

    def execute(self, operation: str, parameters: Parameters = None) -> Cursor:
        """Run one statement; its rows stream.

        Args:
            operation: the statement.
            parameters: values of ``?`` (a sequence) or ``$name`` (a mapping).

        Returns:
            This cursor, so that a fetch can follow.
        """
        self._begin(operation, parameters)
        return self

    def executemany(self, operation: str, seq_of_parameters: Iterable[Parameters]) -> None:
        """Run a statement that gives no rows once for each set of values."""
        written = 0
        for parameters in seq_of_parameters:
            if self._begin(operation, parameters):
                self._let_go()
                raise NotSupportedError("this statement gives rows: execute() it")
            written += max(self.rowcount, 0)
        self.rowcount = written

    def _begin(self, operation: str, parameters: Parameters) -> bool:
        """Run a statement; tells whether it gives rows, which stream."""
        self._check_open()
        self._let_go()
        self.rowcount, self.message = -1, None
        self._beginning = True
        try:
            with faults():
                result = self.connection.session.query(operation, parameters)
            self._rows = Rows(result) if len(result.schema) else None
        finally:
            self._beginning = False
        if self._rows is not None:
            return True
        self.message, self.rowcount = result.message, result.stats.get("cells", result.stats["rows"] or -1)
        result.close()
        return False

    def callproc(self, procname: str, parameters: Any = None) -> NoReturn:
        """There are no stored procedures."""
        raise NotSupportedError("there are no stored procedures")

    def nextset(self) -> NoReturn:
        """A statement has one set of rows."""
        raise NotSupportedError("a statement has one set of rows")

    def setinputsizes(self, sizes: Any) -> None:
        """Nothing is to be set aside for values."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Nothing is to be set aside for rows."""

    # -------------------------------------------------------------- rows

    @property
    def description(self) -> list[Description] | None:
        """Name and Arrow type of each column, as DB-API wants them; None where the statement has no rows."""
        if self._rows is None:
            return None
        return [(field.name, field.type, None, None, None, None, None) for field in self._rows.schema]

    @property
    def rownumber(self) -> int | None:
        """How many rows have been fetched; None where none can be."""
        return None if self._rows is None else self._rows.number

    def fetchone(self) -> Row | None:
        """The next row; None at the end."""
        return self._there().one()

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next rows, fewer at the end; no more than a batch of them is held."""
        return self._there().many(self.arraysize if size is None else size)

    def fetchall(self) -> list[Row]:
        """All rows that are left."""
        return self._there().all()

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    # -------------------------------------------------------------- rows as Arrow

    def fetch_arrow(self) -> ArrowRows:
        """The rows that are left, for whatever takes Arrow streams; nothing is computed before they are read."""
        return self._there().take()

    def fetch_record_batch(self) -> pa.RecordBatchReader:
        """The rows that are left as a reader, which streams.

        DuckDB finds no rows in a reader that has been read, and says nothing: give it :meth:`fetch_arrow`.
        """
        return self.fetch_arrow().reader()

    def fetch_arrow_table(self) -> pa.Table:
        """The rows that are left as a table."""
        return self.fetch_record_batch().read_all()

    fetchallarrow = fetch_arrow_table

    def fetch_df(self) -> pandas.DataFrame:
        """The rows that are left as a frame of pandas."""
        return self.fetch_arrow_table().to_pandas()

    def fetch_polars(self) -> polars.DataFrame:
        """The rows that are left as a frame of polars."""
        import polars

        return polars.DataFrame(self.fetch_arrow_table())

    def __arrow_c_schema__(self) -> Any:
        """The schema as an Arrow capsule."""
        return self._there().schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows that are left, as an Arrow stream capsule."""
        return self.fetch_arrow().__arrow_c_stream__(requested_schema)

    # -------------------------------------------------------------- rows in

    def adbc_ingest(
        self,
        table_name: str,
        data: Any,
        mode: TakeMode = "create",
        *,
        catalog_name: str | None = None,
        db_schema_name: str | None = None,
        temporary: bool = False,
    ) -> int:
        """Make rows a layer, or add them to one: all or none.

        Args:
            table_name: the layer.
            data: anything that gives an Arrow stream; with a column ``cell`` it is a grid, with ``lon`` and ``lat``
                points, with outlines zones.
            mode: ``create``, ``append``, ``replace`` or ``create_append``.
            catalog_name: there is one, and it need not be named.
            db_schema_name: the layer's collection.
            temporary: there are no temporary layers.

        Returns:
            The number of rows.
        """
        self._check_open()
        self._let_go()
        session: Any = self.connection.session
        if not hasattr(session, "engine"):
            raise NotSupportedError("rows are sent to a server by ADBC's driver: adbc_driver_cubeql.dbapi")
        if temporary:
            raise NotSupportedError("there are no temporary layers")
        from cubeql.ingest.arriving import options_in, take

        rows = pa.RecordBatchReader.from_stream(data)
        name = table_name if db_schema_name in (None, "", "main") else f"{db_schema_name}.{table_name}"
        with faults():
            done = take(session.engine, rows, name, mode, options_in(rows.schema), session.settings.timeout_s)
        self.message, self.rowcount = done.message, int(done.stats["rows"])
        return self.rowcount

    # -------------------------------------------------------------- control

    def adbc_cancel(self) -> None:
        """Stop the statement, from any thread; whoever waits for its rows gets an OperationalError.

        As long as it has given no rows, it stops with all others of the connection.
        """
        if self._beginning:
            self.connection.session.cancel()
        elif self._rows is not None:
            self._rows.cancel()

    def adbc_execute_schema(self, operation: str, parameters: Parameters = None) -> pa.Schema:
        """The schema of the rows that a query would give; none is computed."""
        self._check_open()
        with faults():
            self.connection.session.compile(operation, parameters)  # refuses what is no query
            with self.connection.session.query(operation, parameters) as result:
                return result.schema

    def close(self) -> None:
        """Let go of the statement; the cursor cannot be used any more."""
        self._let_go()
        self._closed = True

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _there(self) -> Rows:
        self._check_open()
        if self._rows is None:
            raise misused("there are no rows: execute() a query first")
        return self._rows

    def _let_go(self) -> None:
        rows, self._rows = self._rows, None
        if rows is not None:
            rows.close()

    def _check_open(self) -> None:
        if self._closed:
            raise misused("this cursor is closed")
        self.connection.check_open()
