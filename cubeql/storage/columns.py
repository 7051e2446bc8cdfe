"""The columns of a tile file: which there are for a layer, their types, and how each is encoded.

====================================  =========================  ============================================
column                                type                       in
====================================  =========================  ============================================
``tile``                              BIGINT                     every layer
``time``, ``time_end``                TIMESTAMP us UTC           layers with time (``time_end`` may be NULL)
dimensions                            BIGINT, DOUBLE, VARCHAR    as the layer has them
                                      or TIMESTAMP us UTC
``<band>``                            LIST of the storage type   every band; NULL where not valid
``<band>__count``                     BIGINT                     every band
``<band>__sum``                       DOUBLE                     every band; NULL where the count is 0
``<band>__min``, ``<band>__max``      storage type               every band; NULL where the count is 0
``<band>__classes``                   LIST of (code, count)      categorical bands, codes ascending
``<band>__l2``, ``<band>__l4``        STRUCT of lists            tiles deeper than 2 and 4 resolutions; of categorical
                                                                 bands all but the counts are NULL
``valid``                             LIST of BOOLEAN            layers of several bands; NULL where all agree
``footprint__count``                  BIGINT                     every layer: cells that have a row
====================================  =========================  ============================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from cubeql.catalog import Band, Layer
from cubeql.values.tiles import slot_count, tile_resolution

TIMESTAMP = pa.timestamp("us", tz="UTC")
DIMENSION_TYPES = {"integer": pa.int64(), "number": pa.float64(), "text": pa.string(), "timestamp": TIMESTAMP}
STORAGE_TYPES = {
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
}
CLASS_TYPE = pa.struct([("code", pa.int64()), ("count", pa.int64())])
ROW_GROUP_CELLS = 540_000  # 32 rows of 16,807 slots


def list_of(item: pa.DataType) -> pa.DataType:
    """A list type whose item is called ``element``, as Parquet and Delta call it."""
    return pa.list_(pa.field("element", item))


def overview_type(storage: pa.DataType) -> pa.DataType:
    """STRUCT of four lists, an entry per coarser cell."""
    parts = {"count": pa.int32(), "sum": pa.float64(), "min": storage, "max": storage}
    return pa.struct([(name, list_of(item)) for name, item in parts.items()])


def slots_of_layer(layer: Layer) -> int:
    """Slots of each of the layer's tiles."""
    return slot_count(layer.resolution, tile_resolution(layer.resolution))


def overview_levels(layer: Layer) -> tuple[int, ...]:
    """Which overviews the layer's rows hold: 2 and 4 where the tile is deeper than that."""
    depth = layer.resolution - tile_resolution(layer.resolution)
    return tuple(level for level in (2, 4) if depth > level)


def key_fields(layer: Layer) -> list[pa.Field]:
    """The columns that make a row unique and order a file."""
    fields = [pa.field("tile", pa.int64())]
    if layer.time is not None:
        fields.append(pa.field("time", TIMESTAMP))
    return fields + [pa.field(d.name, DIMENSION_TYPES[d.type]) for d in layer.dimensions]


def _band_fields(layer: Layer, band: Band) -> list[pa.Field]:
    storage = STORAGE_TYPES[band.storage]
    fields = [
        pa.field(band.name, list_of(storage)),
        pa.field(f"{band.name}__count", pa.int64()),
        pa.field(f"{band.name}__sum", pa.float64()),
        pa.field(f"{band.name}__min", storage),
        pa.field(f"{band.name}__max", storage),
    ]
    if band.kind == "categorical":
        fields.append(pa.field(f"{band.name}__classes", list_of(CLASS_TYPE)))
    return fields + [pa.field(f"{band.name}__l{n}", overview_type(storage)) for n in overview_levels(layer)]


def layer_schema(layer: Layer) -> pa.Schema:
    """The Arrow schema of the layer's files.

    What lies side by side in a row group is read with one request: columns of one value a row, which every query asks
    for, stand before the lists.
    """
    keys = key_fields(layer)
    if layer.time is not None:
        keys.insert(2, pa.field("time_end", TIMESTAMP))
    fields = [*keys, pa.field("footprint__count", pa.int64())]
    fields += [field for band in layer.bands for field in _band_fields(layer, band)]
    if len(layer.bands) > 1:
        fields.append(pa.field("valid", list_of(pa.bool_())))
    return pa.schema(sorted(fields, key=lambda f: pa.types.is_nested(f.type)))


def row_group_rows(slots: int) -> int:
    """Rows a row group: 32 at depth 5, more of shallower tiles, so that a group holds about as many cells."""
    return max(16, min(16_384, round(ROW_GROUP_CELLS / slots)))


def statistics_columns(layer: Layer) -> list[str]:
    """The scalar columns: the only ones whose Parquet statistics anything prunes by."""
    return [field.name for field in layer_schema(layer) if not pa.types.is_nested(field.type)]


def pruning_columns(layer: Layer) -> list[str]:
    """The columns whose least and greatest value is known of every file."""
    return [f.name for f in key_fields(layer)] + [
        f"{b.name}__{end}" for b in layer.bands for end in ("min", "max")
    ]


@dataclass(frozen=True, slots=True)
class FileShape:
    """How a Parquet file is written.

    Attributes:
        schema: its columns.
        sorted_by: columns that order the rows.
        pruned_by: columns whose least and greatest value the log keeps of every file.
        statistics: columns whose row groups have statistics.
        dictionary: leaf columns encoded by dictionary; those named neither here nor in ``special`` are PLAIN.
        special: encodings of other leaf columns.
        metadata: further facts that go into the file, text to text.
    """

    schema: pa.Schema
    sorted_by: list[str]
    pruned_by: list[str]
    statistics: list[str]
    dictionary: list[str]
    special: dict[str, str]
    metadata: Mapping[str, str] = field(default_factory=dict)


_LEVEL = 3
_LEVELS = {"DELTA_BINARY_PACKED": 1, "dictionary": 5}


def levels(shape: FileShape) -> dict[str, int]:
    """How hard zstd tries, by leaf column.

    Differences are left with little to find: level 1 took a third less time to write a band of int16 than level 3, for
    half a percent more bytes. Floats are a tenth smaller at level 3. Codes are 4 to 5 percent smaller at level 5 than
    at 3, in as much time.
    """
    paths = [path for column in shape.schema for path, _ in _leaves(column.name, column.type)]
    ways = dict.fromkeys(shape.dictionary, "dictionary") | shape.special
    return {path: _LEVELS.get(ways.get(path, ""), _LEVEL) for path in paths}


def tile_shape(layer: Layer) -> FileShape:
    """How the layer's tile files are written."""
    dictionary, special = encodings(layer)
    keys = [f.name for f in key_fields(layer)]
    return FileShape(
        layer_schema(layer), keys, pruning_columns(layer), statistics_columns(layer), dictionary, special
    )


def encodings(layer: Layer) -> tuple[list[str], dict[str, str]]:
    """Leaf columns encoded by dictionary, and the encodings of others.

    Floats are split into byte streams, measured integers kept as differences, everything else by dictionary.
    BYTE_STREAM_SPLIT of integers would be refused by DuckDB. Differences were 5-20 % smaller than a
    dictionary on fields that vary smoothly, and as fast to read; codes and counts repeat and do best there.
    """
    special: dict[str, str] = {}
    dictionary: list[str] = []
    continuous = [band.name for band in layer.bands if band.kind != "categorical"]
    measured = {name + part for name in continuous for part in _DIFFERENCED}
    for column in layer_schema(layer):
        for path, leaf in _leaves(column.name, column.type):
            if pa.types.is_floating(leaf):
                special[path] = "BYTE_STREAM_SPLIT"
            elif path in measured:
                special[path] = "DELTA_BINARY_PACKED"
            elif not pa.types.is_boolean(leaf):
                dictionary.append(path)
    return dictionary, special


_DIFFERENCED = (
    ".list.element",
    "__l2.min.list.element",
    "__l2.max.list.element",
    "__l4.min.list.element",
    "__l4.max.list.element",
)


def _leaves(path: str, kind: pa.DataType) -> list[tuple[str, pa.DataType]]:
    if pa.types.is_list(kind):
        return _leaves(f"{path}.list.element", kind.value_type)
    if pa.types.is_struct(kind):
        return [leaf for field in kind for leaf in _leaves(f"{path}.{field.name}", field.type)]
    return [(path, kind)]
