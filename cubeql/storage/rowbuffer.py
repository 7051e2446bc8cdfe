"""Blocks held until there are enough of them, then written in key order as files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa

from cubeql.catalog import Layer
from cubeql.storage.blocks import Key, TileBlock
from cubeql.storage.columns import key_fields, row_group_rows, slots_of_layer, tile_shape
from cubeql.storage.encode import encode
from cubeql.storage.parquet import NewFile, new_file_name
from cubeql.storage.table import DataFile
from cubeql.storage.tablefiles import TableFiles

FILE_BYTES = 128_000_000


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file written but not committed, with the keys of its rows."""

    file: DataFile
    keys: pa.Table


def write_blocks(layer: Layer, table: TableFiles, blocks: dict[Key, TileBlock]) -> Iterator[WrittenFile]:
    """Write checked blocks, sorted by key, as files of a table; each is yielded when it is complete."""
    left = len(blocks)
    groups = _row_groups(layer, blocks)
    rows = next(groups, None)
    while rows is not None:
        keys: list[pa.Table] = []
        with begin_file(layer, table, rows) as file:
            while rows is not None and not _full(file, left):
                file.write(rows)
                left -= rows.num_rows
                keys.append(rows.select([field.name for field in key_fields(layer)]))
                rows = next(groups, None)
            done = file.close()
        yield WrittenFile(done, pa.concat_tables(keys).combine_chunks())


def begin_file(layer: Layer, table: TableFiles, first: pa.Table) -> NewFile:
    """A new file of a layer, in the folder of its first rows; they are not written yet."""
    return NewFile(tile_shape(layer), table, new_file_name(first["tile"][0].as_py(), _first_time(layer, first)))


def _full(file: NewFile, left: int) -> bool:
    """Whether a file has its share of the rows: they are spread evenly over as few files as can hold them."""
    if file.rows == 0:
        return False
    expected = file.bytes * (1 + left / file.rows)
    return file.bytes >= expected / math.ceil(expected / FILE_BYTES)


def _row_groups(layer: Layer, blocks: dict[Key, TileBlock]) -> Iterator[pa.Table]:
    ordered = iter(sorted(blocks))
    size = row_group_rows(slots_of_layer(layer))
    while batch := list(islice(ordered, size)):
        yield encode(layer, [blocks[key] for key in batch])


def _first_time(layer: Layer, rows: pa.Table) -> int | None:
    return None if layer.time is None else int(rows["time"][0].cast(pa.int64()).as_py())


def rewrite(layer: Layer, table: TableFiles, groups: Iterator[pa.Table]) -> DataFile | None:
    """Write rows read from a file, in their order, as a new file; None where there are none."""
    regrouped = _regrouped(groups, row_group_rows(slots_of_layer(layer)))
    first = next(regrouped, None)
    if first is None:
        return None
    with begin_file(layer, table, first) as file:
        file.write(first)
        for rows in regrouped:
            file.write(rows)
        return file.close()


def _regrouped(groups: Iterable[pa.Table], size: int) -> Iterator[pa.Table]:
    """The same rows in tables of ``size`` rows: row groups do not dwindle with every rewrite."""
    waiting: list[pa.Table] = []
    count = 0
    for rows in groups:
        waiting.append(rows)
        count += rows.num_rows
        while count >= size:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, size).combine_chunks()
            waiting, count = [whole.slice(size)], count - size
    if count:
        yield pa.concat_tables(waiting).combine_chunks()
