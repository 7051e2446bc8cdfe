"""What the server can do, by the numbers of Flight SQL, and which types there are.

Clients such as JDBC's read a value by the member of the union that the specification has for its number: another
member, even with the right value, breaks them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from cubeql.errors.version import VERSION
from cubeql.flight.wire import Message
from cubeql.functions import FUNCTIONS
from cubeql.lang.tables import tables
from cubeql.server.guests import PREPARED_S, Guest
from cubeql.server.metadata import Listing

TEXT, BOOL, BIGINT, INT32, TEXTS, MAP = range(6)
"""The members of the union, by their numbers in it."""
_MEMBERS = (
    pa.field("string_value", pa.string()),
    pa.field("bool_value", pa.bool_()),
    pa.field("bigint_value", pa.int64()),
    pa.field("int32_bitmask", pa.int32()),
    pa.field("string_list", pa.list_(pa.string())),
    pa.field("int32_to_int32_list_map", pa.map_(pa.int32(), pa.list_(pa.int32()))),
)
SQL_INFO = pa.schema(
    [
        pa.field("info_name", pa.uint32(), nullable=False),
        pa.field("value", pa.dense_union(_MEMBERS), nullable=False),
    ]
)

# Runs of numbers of the specification, with the member that each has.
KINDS: tuple[tuple[int, Iterable[int]], ...] = (
    (TEXT, (0, 1, 2, 6, 7, 504, 513, 514, 529, 530, 531)),
    (BOOL, (3, 4, 5, 9, 10, 11, 500, 501, 502, 506, 515, 516, 518, 519, 520, 521, 523, 524, 527, 532, 536, 537, 539,
            556, 563, 565, 566, *range(572, 577))),
    (BIGINT, (*range(541, 556), *range(557, 562))),
    (INT32, (8, 100, 101, 503, 505, 507, 522, 525, 526, 528, 533, 534, 535, 538, 540, 562, 564, *range(567, 572))),
    (TEXTS, range(508, 513)),
    (MAP, (517,)),
)  # fmt: skip
MEMBER = {code: member for member, codes in KINDS for code in codes}

_IGNORES_CASE, _NULLS_LAST, _SOME_OUTER_JOINS = 1, 3, 1


def _bits(*places: int) -> int:
    return sum(1 << place for place in places)


def _functions(*families: str) -> list[str]:
    return sorted(f.name for f in FUNCTIONS.values() if f.family in families)


def values_of(guest: Guest) -> dict[int, Any]:
    """What can be told, by number. Of lengths and counts 0 is: no limit, or none that is known."""
    limits = guest.limits
    return {
        # the server
        0: "CubeQL", 1: VERSION, 2: str(pa.__version__), 3: not (guest.who.writes or guest.who.keeper), 4: True,
        5: False, 8: 0, 9: True, 10: True, 11: False, 100: round(PREPARED_S * 1000), 101: 0,
        # names and words
        500: False, 501: False, 502: True, 503: _IGNORES_CASE, 504: '"', 505: _IGNORES_CASE, 506: True,
        507: _NULLS_LAST, 508: sorted(tables().reserved), 509: _functions("mathematics", "aggregates", "windows"),
        510: _functions("text"), 511: _functions("cells", "choice", "climate", "spectral"), 512: _functions("time"),
        513: "\\", 514: "",
        # the language
        515: True, 516: True, 517: {}, 518: True, 519: False, 520: True, 521: True, 522: _bits(0, 1), 523: False,
        524: False, 525: 0, 526: 0, 527: False, 528: _SOME_OUTER_JOINS, 529: "collection", 530: "", 531: "store",
        532: False, 533: 0, 534: 0, 535: 0, 536: False, 537: False, 538: _bits(2), 539: False, 540: _bits(1),
        # lengths and counts
        **dict.fromkeys(range(541, 556), 0), 556: True, 557: limits.statement_bytes, 558: limits.prepared_per_guest,
        559: 0, 560: 0, 561: 0,
        # transactions and results: rows come once, forwards
        562: 0, 563: False, 564: _bits(0), 565: False, 566: False, 567: _bits(1), 568: 0, 569: _bits(1), 570: 0,
        571: 0, 572: True, 573: False, 574: False, 575: False, 576: False,
    }  # fmt: skip


def _info(guest: Guest, message: Message) -> Iterator[pa.RecordBatch]:
    wanted = set(message.get("info") or ())
    yield info_batch({code: v for code, v in sorted(values_of(guest).items()) if not wanted or code in wanted})


def info_batch(values: dict[int, Any]) -> pa.RecordBatch:
    """A row a value, each in the member of the union that its number has."""
    children: list[list[Any]] = [[] for _ in _MEMBERS]
    members, offsets = [], []
    for code, value in values.items():
        member = MEMBER[code]
        members.append(member)
        offsets.append(len(children[member]))
        children[member].append(list(value.items()) if member == MAP else value)
    union = pa.UnionArray.from_dense(
        pa.array(members, pa.int8()), pa.array(offsets, pa.int32()),
        [pa.array(c, f.type) for c, f in zip(children, _MEMBERS, strict=True)], [f.name for f in _MEMBERS],
    )  # fmt: skip
    return pa.RecordBatch.from_arrays([pa.array(values, pa.uint32()), union], schema=SQL_INFO)


# -------------------------------------------------------------- types

_LIST = pa.list_(pa.field("item", pa.string(), nullable=False))
XDBC = pa.schema(
    [
        pa.field(name.removesuffix("_"), kind, nullable=name.endswith("_"))
        for name, kind in {
            "type_name": pa.string(), "data_type": pa.int32(), "column_size_": pa.int32(),
            "literal_prefix_": pa.string(), "literal_suffix_": pa.string(), "create_params_": _LIST,
            "nullable": pa.int32(), "case_sensitive": pa.bool_(), "searchable": pa.int32(),
            "unsigned_attribute_": pa.bool_(), "fixed_prec_scale": pa.bool_(), "auto_increment_": pa.bool_(),
            "local_type_name_": pa.string(), "minimum_scale_": pa.int32(), "maximum_scale_": pa.int32(),
            "sql_data_type": pa.int32(), "datetime_subcode_": pa.int32(), "num_prec_radix_": pa.int32(),
            "interval_precision_": pa.int32(),
        }.items()
    ]
)  # fmt: skip
_NULLABLE, _SEARCHABLE, _BUT_LIKE = 1, 3, 2
_DATETIME, _WITH_ZONE = 9, 5

# name, number of the type, size, quotes before and behind a literal, unsigned, radix of the size
_TYPES: tuple[tuple[str, int, int | None, str | None, str | None, bool | None, int | None], ...] = (
    ("boolean", -7, 1, None, None, None, None),
    ("cell", -5, 20, None, None, True, 10),
    ("integer", -5, 19, None, None, False, 10),
    ("geometry", -3, None, None, None, None, None),
    ("number", 8, 53, None, None, False, 2),
    ("text", 12, None, "'", "'", None, None),
    ("timestamp", 93, 27, "TIMESTAMP '", "'", None, None),
)


def _types(guest: Guest, message: Message) -> Iterator[pa.RecordBatch]:
    wanted = message.get("data_type")
    rows = [_type_row(*row) for row in _TYPES if wanted in (None, row[1])]
    yield pa.RecordBatch.from_pylist(rows, schema=XDBC)


def _type_row(
    name: str, number: int, size: int | None, before: str | None, behind: str | None, unsigned: bool | None,
    radix: int | None,
) -> dict[str, Any]:  # fmt: skip
    dated = name == "timestamp"
    return {
        "type_name": name, "data_type": number, "column_size": size, "literal_prefix": before,
        "literal_suffix": behind, "nullable": _NULLABLE, "case_sensitive": name == "text",
        "searchable": _SEARCHABLE if name == "text" else _BUT_LIKE, "unsigned_attribute": unsigned,
        "fixed_prec_scale": False, "auto_increment": None if radix is None else False, "local_type_name": name,
        "sql_data_type": _DATETIME if dated else number, "datetime_subcode": _WITH_ZONE if dated else None,
        "num_prec_radix": radix,
    }  # fmt: skip


LISTINGS: dict[str, Listing] = {
    "CommandGetSqlInfo": Listing(lambda message: SQL_INFO, _info),
    "CommandGetXdbcTypeInfo": Listing(lambda message: XDBC, _types),
}
