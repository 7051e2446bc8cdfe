"""Rows are unique by tile, time and dimensions, whatever is written in whatever order."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cubeql.catalog import Band, Dimension
from cubeql.errors import StoreError
from cubeql.storage import Store, TileBlock
from cubeql.storage.blocks import RowExistsError
from tests.storage.making import (
    HEXAGON,
    OTHER,
    PENTAGON,
    Rows,
    block,
    layer,
    paths,
    plain,
    put,
    store_in,
    stored,
)

RAIN = layer()


def cells(*values: int | None) -> list[int | None]:
    return [*values, *[None] * (49 - len(values))]


def first(store: Store) -> list[int | None]:
    ((_, row),) = stored(store).items()
    return row["depth"][:4]


def test_a_row_that_is_there_already_is_refused_by_name(store: Store) -> None:
    put(store, RAIN, block(RAIN), block(RAIN, OTHER))
    with pytest.raises(
        StoreError, match=r"rain has a row for tile 8029fffffffffff at 2024-05-01T00:00:00.0+ already"
    ):
        put(store, RAIN, block(RAIN, PENTAGON), block(RAIN, HEXAGON, seed=3), mode="append")
    assert len(stored(store)) == 2


def test_a_conflict_is_told_before_much_is_written(store: Store) -> None:
    put(store, RAIN, block(RAIN))
    with pytest.raises(StoreError), store.write(RAIN, "append", buffer_bytes=1) as write:  # noqa: SIM117
        with pytest.raises(StoreError, match="has a row for"):
            write.add(block(RAIN, seed=3))
    assert stored(store) == plain([block(RAIN)])


def test_merging_lets_new_valid_values_win(store: Store) -> None:
    put(store, RAIN, block(RAIN, depth=cells(1, 2, None, None)))
    put(store, RAIN, block(RAIN, depth=cells(None, 7, 8, None)), mode="append", on_conflict="merge")
    assert first(store) == [1, 7, 8, None]


def test_replacing_takes_the_new_row_whole(store: Store) -> None:
    put(store, RAIN, block(RAIN, depth=cells(1, 2, None, None)))
    put(store, RAIN, block(RAIN, depth=cells(None, 7, 8, None)), mode="append", on_conflict="replace")
    assert first(store) == [None, 7, 8, None]


@pytest.mark.parametrize("buffer_bytes", [1, 10**9])
@pytest.mark.parametrize(
    ("on_conflict", "found"), [("merge", [1, 7, 8, None]), ("replace", [None, 7, 8, None])]
)
def test_a_row_added_twice_in_one_write(
    store: Store, on_conflict: Any, found: Any, buffer_bytes: int
) -> None:
    with store.write(RAIN, "create", on_conflict, buffer_bytes=buffer_bytes) as write:
        write.add(block(RAIN, depth=cells(1, 2, None, None)))
        write.add(block(RAIN, depth=cells(None, 7, 8, None)))
    assert first(store) == found
    assert write.rows == 1


@pytest.mark.parametrize("buffer_bytes", [1, 10**9])
def test_a_row_added_twice_is_refused(store: Store, buffer_bytes: int) -> None:
    write = store.write(RAIN, "create", buffer_bytes=buffer_bytes)
    with (
        pytest.raises(StoreError, match=r"tile 8029fffffffffff at 2024-05-01T00:00:00.0+ was added twice"),
        write,
    ):
        write.add(block(RAIN))
        write.add(block(RAIN))
    assert store.layer_names() == ()


def test_bands_merge_apart(store: Store) -> None:
    record = layer(bands=[Band("depth", "int16"), Band("speed", "int16")])
    put(store, record, block(record, depth=cells(1, 2)))
    put(store, record, block(record, speed=cells(5, None, 6)), mode="append", on_conflict="merge")
    ((_, row),) = stored(store).items()
    assert (row["depth"][:4], row["speed"][:4]) == ([1, 2, None, None], [5, None, 6, None])


def test_dimensions_and_times_tell_rows_apart(store: Store) -> None:
    record = layer(dimensions=[Dimension("horizon", "number"), Dimension("model", "text")])
    rows = [
        block(record, HEXAGON, time, (horizon, model))
        for time in ("2024-05-01", "2024-05-01T00:00:00.000001")
        for horizon in (0.0, 0.5)
        for model in ("a", "A")
    ]
    put(store, record, *rows)
    assert len(stored(store)) == 8
    with pytest.raises(StoreError, match=r"horizon = 0\.5, model = 'A' already"):
        put(store, record, block(record, dimensions=(0.5, "A")), mode="append")
    with pytest.raises(StoreError, match=r"horizon = 0\.0, model = 'a' already"):
        put(store, record, block(record, dimensions=(-0.0, "a")), mode="append")


def test_a_merge_leaves_files_it_does_not_touch(store: Store) -> None:
    put(store, RAIN, block(RAIN, HEXAGON))
    put(store, RAIN, block(RAIN, OTHER), mode="append")
    kept = set(paths(store))
    put(store, RAIN, block(RAIN, OTHER, seed=4), mode="append", on_conflict="merge")
    assert len(kept & set(paths(store))) == 1


def test_rows_not_merged_keep_their_summaries(store: Store) -> None:
    """A file that loses a row is copied: the columns of its other rows must come along unharmed."""
    record = layer(resolution=4, bands=[Band("depth", "int16"), Band("kind", "int8", kind="categorical")])
    put(store, record, *[block(record, HEXAGON, f"2024-05-{day:02d}") for day in range(1, 6)])
    before = _columns(store)
    put(store, record, block(record, HEXAGON, "2024-05-03", seed=8), mode="append", on_conflict="replace")
    after = _columns(store)
    assert [row for row in before if row["time"].day != 3] == [row for row in after if row["time"].day != 3]


def _columns(store: Store) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    rows = [row for path in paths(store) for row in pq.read_table(path).to_pylist()]
    return sorted(rows, key=lambda row: row["time"])


def test_a_writer_that_is_overtaken_settles_anew(store: Store) -> None:
    """The other's row came in after this write began: its values must not be lost under older ones."""
    put(store, RAIN, block(RAIN, depth=cells(1, 1, 1, None)))
    with store.write(RAIN, "append", "merge", buffer_bytes=1) as write:
        write.add(block(RAIN, depth=cells(9, None, None, None)))
        put(store, RAIN, block(RAIN, depth=cells(5, 5, None, 5)), mode="append", on_conflict="merge")
    assert first(store) == [9, 5, 1, 5]


def test_a_conflict_with_a_row_that_came_meanwhile_is_refused(store: Store) -> None:
    put(store, RAIN)
    with pytest.raises(StoreError, match="has a row for"), store.write(RAIN, "append") as write:
        write.add(block(RAIN))
        put(store, RAIN, block(RAIN, seed=2), mode="append")
    assert stored(store) == plain([block(RAIN, seed=2)])


TWO = layer(
    bands=[Band("depth", "int16"), Band("speed", "float32")], dimensions=[Dimension("run", "integer")]
)
ROW = st.tuples(
    st.sampled_from([HEXAGON, OTHER, PENTAGON]),
    st.sampled_from(["2024-05-01", "2024-05-02"]),
    st.integers(0, 1),
    st.integers(0, 10**6),
)
WRITE = st.tuples(
    st.sampled_from(["append", "append", "replace"]),
    st.sampled_from(["merge", "replace", "insert", "overwrite"]),
    st.lists(ROW, max_size=8),
)


@settings(max_examples=25)
@given(st.lists(WRITE, max_size=4), st.sampled_from([1, 1200, 10**9]))
def test_any_sequence_of_writes_equals_a_dictionary(writes: list[Any], buffer_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = store_in(Path(folder))
        put(store, TWO)
        wanted: Rows = {}
        for mode, on_conflict, rows in writes:
            given = [block(TWO, tile, time, (run,), seed=seed, gaps=0.6) for tile, time, run, seed in rows]
            after = {} if mode == "replace" else dict(wanted)
            try:
                for each in given:
                    _apply(after, each, on_conflict)
            except LookupError as there:
                with pytest.raises(RowExistsError) as raised:
                    put(store, TWO, *given, mode=mode, on_conflict=on_conflict, buffer_bytes=buffer_bytes)
                assert there.args
                assert raised.value.layer == TWO.name
                continue
            put(store, TWO, *given, mode=mode, on_conflict=on_conflict, buffer_bytes=buffer_bytes)
            wanted = after
        assert stored(store) == wanted
        for version in range(len(store.history("rain"))):
            assert stored(store, version=version) is not None


def _rows_of(row: dict[str, list[Any]]) -> list[tuple[Any, ...]]:
    return list(zip(*row.values(), strict=True))


def _apply(rows: Rows, new: TileBlock, on_conflict: str) -> None:
    ((key, row),) = plain([new]).items()
    old = rows.get(key)
    if old is not None and on_conflict == "merge":
        row = {
            name: [o if n is None else n for o, n in zip(old[name], values, strict=True)]
            for name, values in row.items()
        }
    elif old is not None and on_conflict in ("insert", "overwrite"):
        pairs = list(zip(_rows_of(old), _rows_of(row), strict=True))
        both = [n for n, (o, new_row) in enumerate(pairs) if any(v is not None for v in o) and
                any(v is not None for v in new_row)]  # fmt: skip
        if both and on_conflict == "insert":
            raise LookupError(both[0])
        chosen = [n if any(v is not None for v in n) else o for o, n in pairs]
        row = {name: list(values) for name, values in zip(row, zip(*chosen, strict=True), strict=True)}
    rows[key] = row


def test_blocks_that_fill_nothing_change_nothing(store: Store) -> None:
    put(store, RAIN, block(RAIN, depth=cells(1)))
    empty = TileBlock(
        HEXAGON,
        np.datetime64("2024-05-01", "us"),
        None,
        (),
        {"depth": (np.zeros(49, np.int16), np.zeros(49, bool))},
    )
    put(store, RAIN, empty, mode="append", on_conflict="replace")
    assert first(store) == [1, None, None, None]


MAY = (np.datetime64("2024-05-01", "us"), np.datetime64("2024-06-01", "us"))


def test_cleared_times_keep_what_another_writer_commits_meanwhile(store: Store) -> None:
    put(store, RAIN, block(RAIN))
    with (
        pytest.raises(StoreError, match="another writer has committed rows of the times that are to be replaced"),
        store.write(RAIN, "append", "replace") as write,
    ):
        write.clear([MAY])
        write.add(block(RAIN, seed=5))
        put(store, RAIN, block(RAIN, OTHER), mode="append")
    assert {key[0] for key in stored(store)} == {HEXAGON, OTHER}


def test_cleared_times_do_not_mind_rows_of_other_times(store: Store) -> None:
    put(store, RAIN, block(RAIN), block(RAIN, OTHER))
    with store.write(RAIN, "append", "replace") as write:
        write.clear([MAY])
        write.add(block(RAIN, seed=5))
        put(store, RAIN, block(RAIN, OTHER, time="2024-07-01"), mode="append")
    assert sorted(str(np.datetime64(key[1], "us"))[:7] for key in stored(store)) == ["2024-05", "2024-07"]
