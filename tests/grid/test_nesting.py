"""Geometries that nest: deep ones, which would end the process that reads them, are refused; all others pass."""

from __future__ import annotations

import struct

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from cubeql.grid import regions
from cubeql.grid.nesting import DEEPEST, check_geojson, check_wkb, check_wkt

DEEP = 100_000


def nested(depth: int, kind: int = 7, order: str = "<", flags: int = 0) -> bytes:
    head = (b"\x01" if order == "<" else b"\x00") + struct.pack(f"{order}II", kind | flags, 1)
    return head * depth + b"\x01" + struct.pack("<Idd", 1, 1.0, 1.0)


@pytest.mark.parametrize("kind", [4, 5, 6, 7, 1007, 2007, 3007, 9, 12])
@pytest.mark.parametrize("order", ["<", ">"])
def test_deep_wkb_is_refused(kind: int, order: str) -> None:
    with pytest.raises(ValueError, match="nested deeper"):
        check_wkb(nested(DEEP, kind, order))


@pytest.mark.parametrize("flags", [0x8000_0000, 0x4000_0000, 0xC000_0000])
def test_deep_wkb_with_flags_is_refused(flags: int) -> None:
    with pytest.raises(ValueError, match="nested deeper"):
        check_wkb(nested(DEEP, flags=flags))


def test_depth_in_a_later_part_is_found() -> None:
    flat = shapely.to_wkb(shapely.from_wkt("MULTIPOLYGON (((0 0, 1 1, 1 0, 0 0)), ((2 2, 3 3, 3 2, 2 2)))"))
    several = b"\x01" + struct.pack("<II", 7, 3) + flat + flat + nested(DEEP)
    with pytest.raises(ValueError, match="nested deeper"):
        check_wkb(several)


SHAPES = st.recursive(
    st.sampled_from([
        "POINT (1 2)", "POINT Z (1 2 3)", "LINESTRING (0 0, 1 1, 2 3)", "POLYGON ((0 0, 1 1, 1 0, 0 0))",
        "POLYGON ((0 0, 9 9, 9 0, 0 0), (5 4, 6 5, 6 4, 5 4))", "MULTIPOINT (1 2, 3 4)", "POINT EMPTY",
        "MULTIPOLYGON Z (((0 0 1, 1 1 1, 1 0 1, 0 0 1)))", "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
    ]),
    lambda inner: st.lists(inner, min_size=1, max_size=40).map(lambda p: f"GEOMETRYCOLLECTION ({', '.join(p)})"),
    max_leaves=60,
)  # fmt: skip


@given(SHAPES, st.booleans(), st.sampled_from(["iso", "extended"]), st.booleans())
def test_all_others_pass(text: str, little: bool, flavor: str, with_srid: bool) -> None:
    shape = shapely.from_wkt(text)
    check_wkt(text)
    wkb = shapely.to_wkb(shapely.set_srid(shape, 4326), byte_order=int(little), flavor=flavor,
                         include_srid=with_srid and flavor == "extended")  # fmt: skip
    check_wkb(wkb)
    check_wkb(wkb * 50)


@pytest.mark.parametrize("content", [
    nested(DEEP)[:400], b"\2" + nested(DEEP)[1:], nested(DEEP, 99), nested(DEEP, 7 | 0x1_0000), b"\0" * 1000,
    b"\1" + struct.pack("<II", 7, 2) + b"\1" + struct.pack("<II", 8, 9) + b"\1" * 144 + nested(DEEP),
])  # fmt: skip
def test_what_cannot_be_followed_could_hide_it_and_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"no WKB|nested deeper"):
        check_wkb(content)


def test_deep_texts_are_refused() -> None:
    for text in ("GEOMETRYCOLLECTION(" * DEEP, "(" * (DEEPEST + 1)):
        with pytest.raises(ValueError, match="nested deeper"):
            regions.polygon_wkt(text)
    value: object = {"type": "Point", "coordinates": [1, 2]}
    for _ in range(DEEPEST + 1):
        value = {"type": "GeometryCollection", "geometries": [value]}
    with pytest.raises(ValueError, match="nested deeper"):
        check_geojson(value)
    with pytest.raises(ValueError, match="nested too deep"):
        regions.geojson('{"type":' * DEEP)
