"""The clients of a served store, a row each: how each asks, and what the Python API's answer is in its shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import adbc_driver_flightsql.dbapi
import duckdb
import geopandas
import numpy as np
import pandas
import polars
import polars.testing
import pyarrow as pa
import pyarrow.flight as flight
from adbc_driver_flightsql import DatabaseOptions

import cubeql
from cubeql import dbapi


@dataclass(frozen=True, slots=True)
class Place:
    """A served store as a client knows it: ``host:port`` and a token."""

    host: str
    token: str

    @staticmethod
    def of(address: str, token: str) -> Place:
        """The place of ``flight://host:port``."""
        return Place(address.removeprefix("flight://"), token)


@contextmanager
def adbc(place: Place) -> Iterator[adbc_driver_flightsql.dbapi.Connection]:
    """A connection of ADBC's Flight SQL driver."""
    options = {DatabaseOptions.AUTHORIZATION_HEADER.value: f"Bearer {place.token}"}
    with adbc_driver_flightsql.dbapi.connect(f"grpc://{place.host}", options, autocommit=True) as connection:
        yield connection


def own(place: Place) -> dbapi.Connection:
    """A connection of CubeQL's own."""
    return dbapi.connect(f"flight://{place.host}", token=place.token)


def by_adbc(place: Place, text: str) -> pa.Table:
    with adbc(place) as connection, connection.cursor() as cursor:
        return cursor.execute(text).fetch_arrow_table()


def by_rows(place: Place, text: str) -> list[tuple[Any, ...]]:
    with adbc(place) as connection, connection.cursor() as cursor:
        return list(cursor.execute(text).fetchall())


def field(number: int, content: bytes) -> bytes:
    """A field of a Protocol Buffers message."""
    size, head = len(content), b""
    while size > 127:
        size, head = size >> 7, head + bytes([size & 127 | 128])
    return bytes([number << 3 | 2]) + head + bytes([size]) + content


def by_pyarrow(place: Place, text: str) -> pa.Table:
    """Plain Flight: the command is packed by hand."""
    kind = b"type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery"
    command = field(1, kind) + field(2, field(1, text.encode()))
    options = flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {place.token}".encode())])
    with flight.connect(f"grpc://{place.host}") as client:
        info = client.get_flight_info(flight.FlightDescriptor.for_command(command), options)
        return client.do_get(info.endpoints[0].ticket, options).read_all()


def by_pandas(place: Place, text: str) -> pandas.DataFrame:
    with adbc(place) as connection:
        return pandas.read_sql(text, connection)


def by_pandas_of_arrow(place: Place, text: str) -> pandas.DataFrame:
    with adbc(place) as connection:
        return pandas.read_sql(text, connection, dtype_backend="pyarrow")


def by_polars(place: Place, text: str) -> polars.DataFrame:
    with adbc(place) as connection:
        return polars.read_database(text, connection)


def by_polars_address(place: Place, text: str) -> polars.DataFrame:
    """The token stands in ``$CUBEQL_TOKEN``."""
    return polars.read_database_uri(text, f"cubeql://{place.host}", engine="adbc")


def through_duckdb(rows: pa.Table | pa.RecordBatchReader) -> pa.Table:
    with duckdb.connect() as database:
        return database.sql("FROM rows").to_arrow_table()


def by_duckdb(place: Place, text: str) -> pa.Table:
    with adbc(place) as connection, connection.cursor() as cursor:
        return through_duckdb(cursor.execute(text).fetch_record_batch())


def by_cubeql(place: Place, text: str) -> pa.Table:
    with cubeql.connect(f"flight://{place.host}", token=place.token) as session:
        return session.query(text).to_arrow()


def by_dbapi(place: Place, text: str) -> pa.Table:
    with own(place) as connection, connection.cursor() as cursor:
        return cursor.execute(text).fetch_arrow_table()


def by_dbapi_rows(place: Place, text: str) -> list[tuple[Any, ...]]:
    with own(place) as connection, connection.cursor() as cursor:
        return list(cursor.execute(text))


def by_dbapi_pandas(place: Place, text: str) -> pandas.DataFrame:
    with own(place) as connection:
        return pandas.read_sql(text, connection)


def by_dbapi_polars(place: Place, text: str) -> polars.DataFrame:
    with own(place) as connection:
        return polars.read_database(text, connection)


def by_geopandas(place: Place, text: str) -> Any:
    return geopandas.GeoDataFrame.from_arrow(by_adbc(place, text))


# -------------------------------------------------------------- what they should find


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


def same_tables(found: pa.Table, wanted: pa.Table) -> None:
    """Names, types, metadata and values; numbers to what the order of adding up may change."""
    assert found.schema.equals(wanted.schema, check_metadata=True), (found.schema, wanted.schema)
    same_plain(found, wanted)


def same_plain(found: pa.Table, wanted: pa.Table) -> None:
    assert found.schema.equals(wanted.schema), (found.schema, wanted.schema)
    for name in wanted.column_names:
        if pa.types.is_floating(wanted.schema.field(name).type):
            ours, theirs = (t[name].to_numpy(zero_copy_only=False) for t in (found, wanted))
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)
            assert found[name].null_count == wanted[name].null_count
        else:
            assert found[name].equals(wanted[name]), name


def same_frames(found: pandas.DataFrame, wanted: pandas.DataFrame) -> None:
    pandas.testing.assert_frame_equal(found, wanted, rtol=1e-12)


def same_polars(found: polars.DataFrame, wanted: polars.DataFrame) -> None:
    polars.testing.assert_frame_equal(found, wanted, rel_tol=1e-12)


def same_rows(found: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> None:
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted):
        for one, other in zip(ours, theirs, strict=True):
            assert type(one) is type(other)
            assert one == other or np.isclose(one, other, rtol=1e-12, atol=0.0, equal_nan=True)


@dataclass(frozen=True, slots=True)
class Client:
    """A client.

    Attributes:
        ask: its answer to a statement.
        shape: the Python API's table as it should have it.
        same: holds one against the other.
    """

    ask: Callable[[Place, str], Any]
    shape: Callable[[pa.Table], Any]
    same: Callable[[Any, Any], None]


CLIENTS: dict[str, Client] = {
    "adbc_driver_flightsql": Client(by_adbc, lambda t: t, same_tables),
    "adbc_driver_flightsql, row by row": Client(by_rows, rows_of, same_rows),
    "pyarrow.flight": Client(by_pyarrow, lambda t: t, same_tables),
    "pandas": Client(by_pandas, pa.Table.to_pandas, same_frames),
    "pandas, of Arrow": Client(
        by_pandas_of_arrow, lambda t: t.to_pandas(types_mapper=pandas.ArrowDtype), same_frames
    ),
    "polars": Client(by_polars, polars.DataFrame, same_polars),
    "polars, cubeql://": Client(by_polars_address, polars.DataFrame, same_polars),
    "cubeql.connect": Client(by_cubeql, lambda t: t, same_tables),
    "cubeql.dbapi": Client(by_dbapi, lambda t: t, same_tables),
    "cubeql.dbapi, row by row": Client(by_dbapi_rows, rows_of, same_rows),
    "cubeql.dbapi, pandas": Client(by_dbapi_pandas, pa.Table.to_pandas, same_frames),
    "cubeql.dbapi, polars": Client(by_dbapi_polars, polars.DataFrame, same_polars),
    "duckdb": Client(by_duckdb, through_duckdb, same_plain),
}  # fmt: skip


def check(client: str, place: Place, text: str, wanted: pa.Table) -> None:
    """Hold a client's answer to a statement against the Python API's."""
    row = CLIENTS[client]
    row.same(row.ask(place, text), row.shape(wanted))
