"""Values put into the places of their cells: what ``pack`` gives, a thousand groups in one call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.engine.running import refusal
from cubeql.values.cells import format_cell
from cubeql.values.tiles import cells_of


def packed(keys: pa.ChunkedArray, lists: pa.ChunkedArray, own: pa.ChunkedArray, counts: pa.ChunkedArray) -> pa.Array:
    """A list of so many values a group, NULL where no row gives one.

    Args:
        keys: the cell of each group.
        lists: of each group the (place, value) of its rows; NULL where it has none.
        own: resolution of the cells, the same in every row.
        counts: how many cells a group's cell has, the same in every row.

    Raises:
        ValueError: a cell comes twice in a group.
    """
    whole = lists.combine_chunks()
    rows, count = len(whole), int(counts[0].as_py()) if len(counts) else 0
    offsets = whole.offsets.to_numpy()
    pairs = whole.values.slice(offsets[0], offsets[-1] - offsets[0])
    places, known = _plain(pairs.field("place"))
    values, valid = _plain(pairs.field("value"))
    at = (np.repeat(np.arange(rows) * count, np.diff(offsets)) + places)[known]
    taken = np.zeros(rows * count, bool)
    taken[at] = True
    if np.count_nonzero(taken) < at.size:
        raise ValueError(refusal(_twice(at, keys, int(own[0].as_py()), count)))
    found = np.zeros(rows * count, values.dtype)
    found[at] = values[known]
    taken[at] = valid[known]
    return pa.ListArray.from_arrays(np.arange(rows + 1, dtype=np.int32) * np.int32(count), pa.array(found, mask=~taken))


def _twice(at: NDArray[np.int64], keys: pa.ChunkedArray, own: int, count: int) -> str:
    ordered = np.sort(at)
    first = int(ordered[1:][ordered[1:] == ordered[:-1]][0])
    cell = cells_of(int(keys[first // count].as_py()), own)[first % count]
    return f"pack finds the cell {format_cell(int(cell))} twice in a group; GROUP BY its time and dimensions, too"


def _plain(values: pa.Array) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The numbers of an array, whatever stands where it is NULL, and which are not NULL."""
    bits, data = values.buffers()[:2]
    begin, end = values.offset, values.offset + len(values)
    valid = np.ones(len(values), bool) if bits is None else _bits(bits, begin, end)
    if pa.types.is_boolean(values.type):
        return _bits(data, begin, end), valid
    return np.frombuffer(data, values.type.to_pandas_dtype())[begin:end], valid


def _bits(buffer: pa.Buffer, begin: int, end: int) -> NDArray[np.bool_]:
    return np.unpackbits(np.frombuffer(buffer, np.uint8), count=end, bitorder="little")[begin:].astype(bool)
