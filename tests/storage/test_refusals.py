"""What cannot be stored or read is refused with its place, what was found and what would be right."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cubeql.catalog import Band, Dimension, Layer, TimeAxis
from cubeql.errors import StoreError
from cubeql.storage import Store, TileBlock
from tests.storage.making import HEXAGON, OTHER, PENTAGON, block, layer, paths, plain, put, store_in, stored, table

RAIN = layer()
TIME = np.datetime64("2024-05-01", "us")
ONES = (np.ones(49, np.int16), np.ones(49, np.bool_))


# ------------------------------------------------------------------ opening


def test_opening_nothing_says_how_to_make_a_store(tmp_path: Path) -> None:
    with pytest.raises(
        StoreError, match=r"store is not a CubeQL store: there is nothing in it; .* create=True to make one"
    ):
        Store.open(tmp_path / "store")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="there is nothing in it"):
        Store.open(tmp_path / "empty")
    Store.open(tmp_path / "empty", create=True)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda path: path.write_text("x"), "it is a file"),
        (lambda path: (path / "scenes").mkdir(parents=True), "it is a folder that holds scenes"),
        (lambda path: (path / "_delta_log").mkdir(parents=True), "it is one Delta table"),
    ],
)
@pytest.mark.parametrize("create", [True, False])
def test_something_else_is_not_made_a_store(
    tmp_path: Path, make: Callable[[Path], object], found: str, create: bool
) -> None:
    make(tmp_path / "thing")
    with pytest.raises(StoreError, match=found):
        Store.open(tmp_path / "thing", create=create)


def test_a_store_of_another_format_is_refused(tmp_path: Path) -> None:
    store_in(tmp_path)
    marker = tmp_path / "store" / "cubeql-store.json"
    marker.write_text(json.dumps({"format": "cubeql-store", "version": 3}))
    with pytest.raises(StoreError, match="has format 3, this CubeQL knows format 2; update CubeQL"):
        Store.open(tmp_path / "store")
    marker.write_text(json.dumps({"format": "cubeql-store", "version": 1}))
    with pytest.raises(StoreError, match=r"has format 1, .* ingest its sources again"):
        Store.open(tmp_path / "store")
    marker.write_text("{")
    with pytest.raises(StoreError, match="marker is damaged; it should read"):
        Store.open(tmp_path / "store")


# ------------------------------------------------------------------ layers


@pytest.mark.parametrize(
    "name", ["", "a.b.c", "1a", "a b", "../x", "a/b", "a.", ".a", "é", "x" * 101, "a-b", "a\n"]
)
def test_names_that_cannot_be_are_refused(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="cannot name a layer: write layer or collection"):
        store.write(layer(name), "create")
    assert store.layer(name) is None
    with pytest.raises(StoreError, match="has no layer"):
        store.drop(name)


@pytest.mark.parametrize(
    "name", ["cell", "TILE", "time", "time_end", "valid", "slot", "a__b", "1", "a-b", "a b", ""]
)
def test_bands_and_dimensions_cannot_have_the_stores_names(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="layer rain: the band name"):
        store.write(layer(bands=[Band(name, "int16")]), "create")
    with pytest.raises(StoreError, match="layer rain: the dimension name"):
        store.write(layer(dimensions=[Dimension(name, "integer")]), "create")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (layer(bands=[]), "it has no band"),
        (layer(bands=[Band("a", "int16"), Band("A", "int8")]), "band name 'A' is used twice"),
        (
            layer(bands=[Band("a", "int8")], dimensions=[Dimension("A", "text")]),
            "band name 'a' is used twice",
        ),
        (layer(bands=[Band("a", "uint8")]), "band a: the storage type 'uint8' is not one of int8"),  # type: ignore[arg-type]
        (layer(bands=[Band("a", "float32", kind="categorical")]), "class codes are whole numbers"),
        (layer(bands=[Band("a", "int16", scale=0.0)]), "the scale is 0"),
        (layer(dimensions=[Dimension("d", "date")]), "dimension d has the unknown type 'date'"),  # type: ignore[arg-type]
        (Layer("rain", 16, (Band("a", "int16"),)), "resolution 16 is not one of 0 to 15"),
    ],
)
def test_layers_that_cannot_be_stored_are_refused(store: Store, record: Layer, reason: str) -> None:
    with pytest.raises(StoreError, match=f"layer rain.*{reason}"):
        store.write(record, "create")


def test_an_unknown_layer_is_refused_with_the_nearest(store: Store) -> None:
    put(store, RAIN, block(RAIN))
    for ask in (store.snapshot, store.history, store.drop, lambda name: list(store.read_blocks(name))):
        with pytest.raises(StoreError, match=r"has no layer 'rian'; did you mean rain\?"):
            ask("rian")
    with pytest.raises(StoreError, match="there is no layer snow to append to; create it first"):
        store.write(layer("snow"), "append")


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (layer(resolution=3), "its resolution is 2, what is appended has 3"),
        (layer(timed=False), "its time is instant, what is appended has none"),
        (
            Layer("rain", 2, RAIN.bands, time=TimeAxis("end", "P1D")),
            "its time is instant, .* the end of a step",
        ),
        (layer(dimensions=[Dimension("d", "text")]), "its dimensions is"),
        (layer(bands=[Band("depth", "int16"), Band("more", "int8")]), "has no band more, only depth"),
        (
            layer(bands=[Band("depth", "int32")]),
            "band depth: its storage is int16, what is appended has int32",
        ),
        (layer(bands=[Band("depth", "int16", scale=0.1)]), "its scale is None, what is appended has 0.1"),
        (layer(bands=[Band("depth", "int16", unit="m")]), "its unit is mm, what is appended has m"),
    ],
)
def test_rows_of_another_meaning_are_not_appended(store: Store, other: Layer, reason: str) -> None:
    record = layer(bands=[Band("depth", "int16", unit="mm")])
    put(store, record, block(record))
    with pytest.raises(StoreError, match=f"layer rain.*{reason}"):
        store.write(other, "append")


def test_unknown_modes_are_refused(store: Store) -> None:
    mode: Any = "update"
    with pytest.raises(ValueError, match="mode is one of"):
        store.write(RAIN, mode)


# ------------------------------------------------------------------ blocks

CLASSED = layer(
    bands=[Band("depth", "int16")], dimensions=[Dimension("run", "integer"), Dimension("model", "text")]
)
GOOD = {"depth": ONES}
CHILD = 0x81283FFFFFFFFFF
SHORT = (ONES[0][:7], ONES[1][:7])
FLOAT = (np.ones(49), ONES[1])


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (TileBlock(5, TIME, None, (1, "a"), GOOD), "is no H3 cell"),
        (TileBlock(CHILD, TIME, None, (1, "a"), GOOD), "a tile of resolution 1; .* tiles of resolution 0"),
        (TileBlock(HEXAGON, None, None, (1, "a"), GOOD), "no time in a layer with time"),
        (TileBlock(HEXAGON, np.datetime64("NaT"), None, (1, "a"), GOOD), "not a time"),
        (TileBlock(HEXAGON, TIME, TIME - 1, (1, "a"), GOOD), "ends .* before its time"),
        (TileBlock(HEXAGON, TIME, None, (1,), GOOD), "1 dimension values for the dimensions: run, model"),
        (TileBlock(HEXAGON, TIME, None, ("1", "a"), GOOD), "run = '1' is no integer"),
        (TileBlock(HEXAGON, TIME, None, (True, "a"), GOOD), "run = True is no integer"),
        (TileBlock(HEXAGON, TIME, None, (None, "a"), GOOD), "run = None is no integer"),
        (TileBlock(HEXAGON, TIME, None, (1, "a"), {"speed": ONES}), "the layer has no band 'speed'"),
        (TileBlock(HEXAGON, TIME, None, (1, "a"), {"depth": SHORT}), r"shapes \(7,\) .* wanted \(49,\)"),
        (TileBlock(HEXAGON, TIME, None, (1, "a"), {"depth": FLOAT}), "types float64 .* wanted int16"),
        (TileBlock(PENTAGON, TIME, None, (1, "a"), GOOD), "slot 1 is valid but no cell .below a pentagon"),
    ],
)  # fmt: skip
def test_blocks_that_do_not_fit_are_refused_with_their_tile(
    store: Store, wrong: TileBlock, reason: str
) -> None:
    with pytest.raises(StoreError, match=f"layer rain, tile [0-9a-f]+.*{reason}"):
        put(store, CLASSED, wrong)
    assert store.layer_names() == ()


def test_a_time_in_a_static_layer_is_refused(store: Store) -> None:
    record = layer(timed=False)
    with pytest.raises(StoreError, match=r"the time 2024-05-01.* in a layer without time"):
        put(store, record, TileBlock(HEXAGON, TIME, None, (), GOOD))


# ------------------------------------------------------------------ damage


@pytest.fixture
def damaged(store: Store) -> tuple[Store, Path, bytes]:
    record = layer(resolution=4, bands=[Band("depth", "int16"), Band("speed", "float32")])
    put(store, record, block(record), block(record, OTHER))
    path = Path(paths(store)[0])
    return store, path, path.read_bytes()


def test_a_truncated_file_is_told_by_name(damaged: tuple[Store, Path, bytes]) -> None:
    store, path, content = damaged
    moments = random.Random(3)
    for size in [0, 1, 7, 8, len(content) - 1, *(moments.randrange(len(content)) for _ in range(60))]:
        path.write_bytes(content[:size])
        with pytest.raises(StoreError, match=f"{path.name}: the file is damaged or cannot be read"):
            stored(store)


def test_a_bit_flipped_in_the_values_is_found(damaged: tuple[Store, Path, bytes]) -> None:
    store, path, content = damaged
    group = pq.read_metadata(path).row_group(0)
    columns = [group.column(i) for i in range(group.num_columns)]
    arrays = [c for c in columns if c.path_in_schema in ("depth.list.element", "speed.list.element")]
    moments = random.Random(4)
    for _ in range(40):
        column = moments.choice(arrays)
        # Past the page's header: it says where the page ends, and so is found wanting in other ways.
        at = column.data_page_offset + moments.randrange(80, column.total_compressed_size)
        path.write_bytes(content[:at] + bytes([content[at] ^ 1 << moments.randrange(8)]) + content[at + 1 :])
        with pytest.raises(StoreError, match=path.name):
            stored(store)


def test_a_missing_file_is_told_by_name(damaged: tuple[Store, Path, bytes]) -> None:
    store, path, _ = damaged
    path.unlink()
    with pytest.raises(StoreError, match=f"{path.name}: the file is missing though the layer's log names it"):
        stored(store)


def test_a_foreign_file_is_told_by_name(damaged: tuple[Store, Path, bytes]) -> None:
    store, path, _ = damaged
    pq.write_table(pa.table({"tile": [1]}), path)
    with pytest.raises(StoreError, match="columns are not those of layer rain"):
        stored(store)


def test_rows_of_another_length_are_told(damaged: tuple[Store, Path, bytes]) -> None:
    store, path, _ = damaged
    rows = pq.read_table(path)
    short = pa.array([[1], [2]], rows.schema.field("depth").type)
    pq.write_table(rows.set_column(rows.schema.names.index("depth"), "depth", short), path)
    with pytest.raises(StoreError, match=r"band depth: rows of \[1\] slots, tiles of the layer have 2401"):
        stored(store)


@pytest.mark.parametrize("text", ["", "{", "not json\n", '{"add": 1}\n'])
def test_a_damaged_log_is_told_by_folder(store: Store, tmp_path: Path, text: str) -> None:
    put(store, RAIN, block(RAIN))
    log = table(store) / "_delta_log" / f"{0:020d}.json"
    log.write_text(text)
    with pytest.raises(StoreError, match=r"layers/rain-\w+: "):
        Store.open(tmp_path / "store").snapshot("rain")


def test_a_damaged_layer_does_not_hide_the_others_data(store: Store, tmp_path: Path) -> None:
    put(store, RAIN, block(RAIN))
    put(store, layer("snow"), block(RAIN))
    log = table(store) / "_delta_log" / f"{0:020d}.json"
    log.write_text("{")
    fresh = Store.open(tmp_path / "store")
    assert stored(fresh, "snow") == plain([block(RAIN)])
    with pytest.raises(StoreError, match=r"no layer 'snot'; did you mean snow\?"):
        fresh.snapshot("snot")
    assert fresh.layer_names() == ("rain", "snow")
    with pytest.raises(StoreError, match=r"layers/rain-\w+: the table's log cannot be read"):
        fresh.layer("rain")


def test_a_foreign_delta_table_is_no_layer(store: Store, tmp_path: Path) -> None:
    from deltalake import write_deltalake

    write_deltalake(str(tmp_path / "store" / "layers" / "rain"), pa.table({"a": [1]}))
    assert store.layer("rain") is None
    (tmp_path / "store" / "names").mkdir()
    named = {"kind": "layer", "name": "rain", "at": "layers/rain"}
    (tmp_path / "store" / "names" / "rain.json").write_text(json.dumps(named))
    with pytest.raises(
        StoreError, match=r"a Delta table, but no layer: the property cubeql\.layer is missing"
    ):
        store.snapshot("rain")


def test_a_record_of_a_newer_version_is_told(store: Store, tmp_path: Path) -> None:
    put(store, RAIN, block(RAIN))
    log = table(store) / "_delta_log" / f"{0:020d}.json"
    log.write_text(log.read_text().replace('\\"resolution\\"', '\\"colour\\"'))
    with pytest.raises(StoreError, match=r"the layer record cannot be read \(made by a newer CubeQL\?\)"):
        Store.open(tmp_path / "store").snapshot("rain")


def test_folders_that_are_no_layers_are_passed_over(store: Store, tmp_path: Path) -> None:
    put(store, RAIN, block(RAIN))
    (tmp_path / "store" / "layers" / "junk").mkdir()
    shutil.copy(tmp_path / "store" / "cubeql-store.json", tmp_path / "store" / "layers" / "note.txt")
    assert store.layer_names() == ("rain",)
