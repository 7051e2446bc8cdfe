"""Layers of the tiny cube whose values differ from tile to tile, so that whole tiles can be left out by them.

Seven tiles of resolution 2 lie around the place A; of each a few cells are known. Values grow with the number of the
tile and with time: every tile has a small range of its own.
"""

from __future__ import annotations

import random

import h3

from cubeql.catalog.records import Band, Layer, TimeAxis
from tests.support.cube import A, TinyLayer, Values, around, below, single, utc

INSTANTS = [utc("2024-05-01"), utc("2024-05-03T10:30:00"), utc("2024-05-18T10:30:00"), utc("2024-07-01")]
KINDS = ((1, "sand"), (2, "mud"), (3, "rock"), (4, "weed"))


def _above(cell: int, resolution: int) -> int:
    return h3.str_to_int(h3.cell_to_parent(h3.int_to_str(cell), resolution))


def _tiles() -> list[int]:
    return around(_above(A, 2), 1)


def _places(resolution: int) -> list[tuple[int, list[int]]]:
    """Number of each tile and a few of its cells."""
    step = 7 ** (resolution - 2) // 7
    return [(n, below(tile, resolution)[3::step]) for n, tile in enumerate(_tiles())]


def banks() -> TinyLayer:
    """Depths of a negative scale, temperatures and kinds; one tile has no depth at one time, one no temperature."""
    record = Layer(
        "banks", 7,
        (Band("depth", "int16", unit="m", scale=-0.5, offset=100.0), Band("temp", "float32", unit="degC"),
         Band("kind", "int8", kind="categorical", classes=KINDS)),
        TimeAxis("instant"),
    )  # fmt: skip
    chance = random.Random("banks")
    values: Values = {}
    for number, cells in _places(7):
        for when, time in enumerate(INSTANTS):
            for cell in cells:
                row: dict[str, int | float] = {"kind": (number + (chance.random() < 0.2)) % 4 + 1}
                if (number, when) != (3, 1) and chance.random() < 0.9:
                    row["depth"] = number * 40 + when * 10 + chance.randrange(9)
                if number != 5 and chance.random() < 0.9:
                    row["temp"] = single(5 * number + when + chance.random())
                if chance.random() < 0.9:
                    values[cell, time, ()] = row
    return TinyLayer(record, values)


def shelf() -> TinyLayer:
    """A coarser layer at some of the same instants, a band with a scale."""
    record = Layer("shelf", 6, (Band("salt", "int16", scale=0.1, offset=30.0),), TimeAxis("instant"))
    chance = random.Random("shelf")
    values: Values = {}
    for number, cells in _places(7):
        for when, time in enumerate((*INSTANTS[:3], utc("2024-06-01"))):
            for cell in {_above(c, 6) for c in cells}:
                values[cell, time, ()] = {"salt": number * 6 + when * 2 + chance.randrange(3)}
    return TinyLayer(record, values)


def bed() -> TinyLayer:
    """A layer without time; one tile is not in it."""
    record = Layer("bed", 7, (Band("slope", "float64", unit="degree"), Band("rough", "int64")))
    chance = random.Random("bed")
    values: Values = {}
    for number, cells in _places(7):
        for cell in cells[:6] if number != 2 else []:
            values[cell, None, ()] = {"slope": number + chance.random(), "rough": 10**number + chance.randrange(5)}
    return TinyLayer(record, values)


def hulls() -> TinyLayer:
    """A finer layer, at the instants of the first."""
    record = Layer("hulls", 8, (Band("mass", "int32", unit="kg"),), TimeAxis("instant"))
    chance = random.Random("hulls")
    values: Values = {}
    for number, cells in _places(7):
        for when, time in enumerate(INSTANTS[1:]):
            for cell in [c for c in cells for c in below(c, 8)[::3]]:
                values[cell, time, ()] = {"mass": number * 100 - when * 10 + chance.randrange(9)}
    return TinyLayer(record, values)
