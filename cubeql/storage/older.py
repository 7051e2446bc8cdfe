"""Files that lack columns which files have today: of bands the layer got later, or of a format before this one.

A band that is missing is nowhere valid. Everything else is made of keys and arrays.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cubeql.catalog import Layer
from cubeql.errors import StoreError
from cubeql.storage.blocks import checked
from cubeql.storage.columns import STORAGE_TYPES, key_fields, layer_schema, list_of, slots_of_layer
from cubeql.storage.encode import encode


def given_schema(layer: Layer) -> pa.Schema:
    """The columns that all others of a tile file are made of: keys, ends of steps and arrays."""
    bands = [pa.field(b.name, list_of(STORAGE_TYPES[b.storage])) for b in layer.bands]
    keys = {f.name for f in key_fields(layer)} | {"time_end"}
    return pa.schema([*(f for f in layer_schema(layer) if f.name in keys), *bands])


def is_of_today(layer: Layer, names: list[str]) -> bool:
    """Whether a file with these columns has all that files of the layer have today."""
    return set(layer_schema(layer).names) <= set(names)


def completed(wanted: pa.Schema, rows: pa.Table, slots: int, place: str) -> pa.Table:
    """Rows with all columns wanted: of one that is missing nothing is valid.

    Raises:
        StoreError: a column has another type.
    """
    columns = []
    for field in wanted:
        if field.name not in rows.column_names:
            columns.append(_nothing(field, rows.num_rows, slots))
            continue
        found = rows.schema.field(field.name).type
        if found != field.type:
            raise StoreError(f"{place}: the column {field.name} is {found}, not {field.type}")
        columns.append(rows[field.name])
    return pa.table(columns, schema=wanted)


def made_anew(layer: Layer, rows: pa.Table, place: str) -> pa.Table:
    """Rows of a file as they would be written today.

    Raises:
        StoreError: a column has another type, or a band another number of slots.
    """
    from cubeql.storage.decode import decode

    given = completed(given_schema(layer), rows, slots_of_layer(layer), place)
    blocks = [checked(layer, block) for block in decode(layer, given, place)]
    return encode(layer, [block for block in blocks if block is not None])


def _nothing(field: pa.Field, count: int, slots: int) -> pa.Array:
    if not pa.types.is_list(field.type):
        return pa.nulls(count, field.type)
    offsets = pa.array(np.arange(count + 1, dtype=np.int32) * np.int32(slots))
    return pa.ListArray.from_arrays(offsets, pa.nulls(count * slots, field.type.value_type), type=field.type)
