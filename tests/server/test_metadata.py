"""What clients are told there is: catalog, schemas, tables and their columns, keys, types, abilities."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from cubeql.server import sqlinfo
from cubeql.server.metadata import fits
from tests.server.conftest import Serve, Served
from tests.server.raw import Raw, schema_of


@pytest.fixture(scope="module")
def raw(served: Served) -> Iterator[Raw]:
    house = served.house
    house.query("CREATE VIEW reds AS SELECT cell, time, red FROM fine FILTER red > 0.1")
    house.query("CREATE CELLS places AS SELECT cell FROM coarse")
    house.query("CREATE LAYER anna.own AS SELECT cell, time, red FROM fine")
    client = Raw(served.address, served.keeper)
    yield client
    client.close()


@pytest.fixture(scope="module")
def anna(served: Served, raw: Raw) -> Iterator[Raw]:
    client = Raw(served.address, served.token("anna"))
    yield client
    client.close()


def names(table: pa.Table, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row[c] for c in columns) for row in table.to_pylist()]


# -------------------------------------------------------------- tables


def test_the_store_is_the_one_catalog(raw: Raw, served: Served) -> None:
    assert names(raw.get("CommandGetCatalogs"), "catalog_name") == [(served.house.store.address.name,)]


def test_collections_are_schemas(raw: Raw) -> None:
    found = names(raw.get("CommandGetDbSchemas"), "db_schema_name")
    assert ("main",) in found
    assert ("anna",) in found
    assert found == sorted(found)
    assert names(raw.get("CommandGetDbSchemas", db_schema_filter_pattern="A_n%"), "db_schema_name") == [("anna",)]


@pytest.mark.parametrize("command", ["CommandGetDbSchemas", "CommandGetTables"])
def test_of_another_catalog_there_is_nothing(raw: Raw, served: Served, command: str) -> None:
    assert raw.get(command, catalog="elsewhere").num_rows == raw.get(command, catalog="").num_rows == 0
    assert raw.get(command, catalog=served.house.store.address.name).num_rows > 0


def test_everything_with_a_name_is_a_table_of_its_kind(raw: Raw, served: Served) -> None:
    found = names(raw.get("CommandGetTables"), "db_schema_name", "table_name", "table_type")
    store = served.house.store
    kinds = {"TABLE": store.layer_names(), "VIEW": store.view_names(), "CELLS": store.cell_set_names()}
    plain = {("main", n, kind) for kind, several in kinds.items() for n in several if "." not in n}
    assert set(found) == plain | {("anna", "own", "TABLE"), ("places", "hills", "VIEW")}
    assert {("main", "reds", "VIEW"), ("main", "places", "CELLS"), ("main", "fine", "TABLE")} <= plain
    assert found == sorted(found)


def test_tables_are_chosen_by_schema_name_and_type(raw: Raw) -> None:
    def chosen(**how: object) -> list[tuple[str, ...]]:
        return names(raw.get("CommandGetTables", **how), "table_name")

    assert chosen(db_schema_filter_pattern="anna") == [("own",)]
    assert chosen(table_name_filter_pattern="fin_") == [("fine",)]
    assert chosen(table_name_filter_pattern="red%", table_types=["VIEW", "CELLS"]) == [("reds",)]
    assert chosen(table_types=["SYSTEM TABLE"]) == []
    assert chosen(table_name_filter_pattern="fine", table_types=["VIEW"]) == []


def test_types_of_tables(raw: Raw) -> None:
    assert names(raw.get("CommandGetTableTypes"), "table_type") == [("CELLS",), ("TABLE",), ("VIEW",)]


def test_the_columns_of_a_table_are_those_of_a_query(raw: Raw, served: Served) -> None:
    found = raw.get("CommandGetTables", include_schema=True)
    assert found.num_rows > 5
    for row in found.to_pylist():
        collection = "" if row["db_schema_name"] == "main" else f"{row['db_schema_name']}."
        told = schema_of(row["table_schema"])
        if row["table_name"] == "stale":  # a view of what is not there any more
            assert told.metadata == {b"cubeql.fault": b"this cannot be read"}
            continue
        wanted = served.house.query(f"SELECT * FROM {collection}{row['table_name']}").schema
        assert told.remove_metadata().equals(wanted.remove_metadata())
        assert told.metadata == wanted.metadata
        for field, plain in zip(told, wanted, strict=True):
            assert (plain.metadata or {}).items() <= field.metadata.items()
            assert field.metadata[b"ARROW:FLIGHT:SQL:TYPE_NAME"] == plain.metadata[b"cubeql.type"]
            assert field.metadata[b"ARROW:FLIGHT:SQL:TABLE_NAME"].decode() == row["table_name"]


def test_keys_are_none_in_the_shape_of_the_specification(raw: Raw) -> None:
    keys = raw.get("CommandGetPrimaryKeys", table="fine")
    assert keys.num_rows == 0
    assert keys.schema.names == [
        "catalog_name", "db_schema_name", "table_name", "column_name", "key_name", "key_sequence"]  # fmt: skip
    for command in ("CommandGetExportedKeys", "CommandGetImportedKeys"):
        foreign = raw.get(command, table="fine")
        assert (foreign.num_rows, len(foreign.schema)) == (0, 13)
    cross = raw.get("CommandGetCrossReference", pk_table="fine", fk_table="coarse")
    assert (cross.num_rows, cross.schema.field("update_rule").type) == (0, pa.uint8())


COMMANDS = ["CommandGetCatalogs", "CommandGetDbSchemas", "CommandGetTables", "CommandGetTableTypes",
            "CommandGetSqlInfo", "CommandGetXdbcTypeInfo", "CommandGetPrimaryKeys"]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_the_shape_that_is_told_is_the_one_that_comes(raw: Raw, command: str) -> None:
    assert raw.schema(command).equals(raw.get(command).schema, check_metadata=True)


# -------------------------------------------------------------- what may not be read


def test_what_may_not_be_read_is_absent(anna: Raw, served: Served) -> None:
    assert names(anna.get("CommandGetTables"), "db_schema_name", "table_name") == [("anna", "own")]
    assert names(anna.get("CommandGetTables", include_schema=True), "table_name") == [("own",)]
    assert names(anna.get("CommandGetDbSchemas"), "db_schema_name") == [("anna",), ("main",)]
    other = Raw(served.address, served.token("berta"))
    assert names(other.get("CommandGetDbSchemas"), "db_schema_name") == [("main",)]
    assert other.get("CommandGetTables").num_rows == 0
    other.close()


def test_a_damaged_layer_leaves_the_others_in_the_list(
    served_store: Path, tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve()
    own = served.house.for_user(served.house.who)
    own.query("CREATE OR REPLACE LAYER broken AS SELECT cell, red FROM fine FILTER time = '2024-05-03T10:30Z'")
    table = served.house.store.snapshot("broken").table
    log = served_store / table / "_delta_log"
    shutil.copytree(log, tmp_path / "log")
    for file in log.iterdir():
        file.write_bytes(b"{")
    again = serve()  # nothing of it is remembered there
    raw = Raw(again.address, again.keeper)
    try:
        found = {r["table_name"]: r for r in raw.get("CommandGetTables", include_schema=True).to_pylist()}
        broken = schema_of(found["broken"]["table_schema"])
        assert (broken.names, broken.metadata) == ([], {b"cubeql.fault": b"this cannot be read"})
        assert "cell" in schema_of(found["fine"]["table_schema"]).names
    finally:
        raw.close()
        shutil.rmtree(log)
        shutil.copytree(tmp_path / "log", log)
        served.house.drop("broken")


# -------------------------------------------------------------- patterns


@pytest.mark.parametrize(
    ("pattern", "name", "does"),
    [
        ("fine", "fine", True), ("fine", "FINE", True), ("fin", "fine", False), ("%", "", True), ("_", "", False),
        ("%in%", "fine", True), ("%x%", "fine", False), ("f__e", "fine", True), ("f%e", "fe", True), ("", "", True),
        ("", "a", False), (r"a\_b", "a_b", True), (r"a\_b", "axb", False), (r"a\%", "a%", True), (r"a\%", "ab", False),
        (r"a\\b", "a\\b", True), ("a.b", "axb", False), ("%a%b", "xaxxb", True), ("a%b%c", "abcbc", True),
        ("s2\\_20m", "s2_20m", True), ("%%", "x", True), ("a\\", "a\\", True),
    ],
)  # fmt: skip
def test_patterns(pattern: str, name: str, does: bool) -> None:
    assert fits(pattern)(name) is does


def test_a_hostile_pattern_takes_no_time() -> None:
    assert not fits("%a" * 100 + "b")("a" * 200)


# -------------------------------------------------------------- abilities

# By the specification and by what JDBC's driver casts each to.
TEXTS = {0, 1, 2, 6, 7, 504, 513, 514, 529, 530, 531}
INTS = {8, 100, 101, 503, 505, 507, 522, 525, 526, 528, 533, 534, 535, 538, 540, 562, 564, 567, 568, 569, 570, 571}
LISTS = {508, 509, 510, 511, 512}
LENGTHS = {*range(541, 556), *range(557, 562)}


def test_each_number_has_the_member_that_the_specification_says() -> None:
    every = {*range(12), 100, 101, *range(500, 577)}
    assert set(sqlinfo.MEMBER) == every
    for code in every:
        wanted = (
            sqlinfo.TEXT if code in TEXTS else sqlinfo.INT32 if code in INTS else sqlinfo.TEXTS if code in LISTS
            else sqlinfo.BIGINT if code in LENGTHS else sqlinfo.MAP if code == 517 else sqlinfo.BOOL
        )  # fmt: skip
        assert sqlinfo.MEMBER[code] == wanted, code


PYTHON = {sqlinfo.TEXT: str, sqlinfo.BOOL: bool, sqlinfo.BIGINT: int, sqlinfo.INT32: int, sqlinfo.TEXTS: list,
          sqlinfo.MAP: list}  # fmt: skip


def test_abilities_come_in_their_members(raw: Raw) -> None:
    found = raw.get("CommandGetSqlInfo").combine_chunks()
    codes = found["info_name"].to_pylist()
    union = found["value"].chunk(0)
    assert codes == sorted(codes)
    assert union.type_codes.to_pylist() == [sqlinfo.MEMBER[c] for c in codes]
    for code, value in zip(codes, union.to_pylist(), strict=True):
        assert type(value) is PYTHON[sqlinfo.MEMBER[code]], code
    told = dict(zip(codes, union.to_pylist(), strict=True))
    assert (told[0], told[3], told[8], told[10], told[563]) == ("CubeQL", False, 0, True, False)
    assert "sin" in told[509]


def test_abilities_are_chosen_by_number(raw: Raw, anna: Raw) -> None:
    found = raw.get("CommandGetSqlInfo", info=[8, 3, 9_999])
    assert found["info_name"].to_pylist() == [3, 8]
    assert anna.get("CommandGetSqlInfo", info=[3])["value"].to_pylist() == [True]


def test_types_come_in_the_order_of_their_numbers(raw: Raw) -> None:
    found = raw.get("CommandGetXdbcTypeInfo").to_pylist()
    order = [(r["data_type"], r["type_name"]) for r in found]
    assert order == sorted(order)
    assert {r["type_name"] for r in found} == {
        "boolean", "cell", "integer", "geometry", "number", "text", "timestamp"}  # fmt: skip
    assert raw.get("CommandGetXdbcTypeInfo", data_type=12)["type_name"].to_pylist() == ["text"]
    assert raw.get("CommandGetXdbcTypeInfo", data_type=-5).num_rows == 2
