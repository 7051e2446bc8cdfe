"""Zones at work: what is kept of them, what is read for them, and whether they are those of the version asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

import cubeql
from cubeql.catalog import Attribute, Layer
from cubeql.engine import zonecache
from cubeql.errors import QueryError
from cubeql.grid.assignment import Assignment
from cubeql.grid.zoning import Zones
from cubeql.storage import Store
from tests.support.zones import tiny_zones

QUERY = """FROM finer JOIN districts AS d USING area GROUP BY d.zone
SELECT d.zone, sum(d.fraction) AS cells ORDER BY d.zone"""


def rows(session: Any, text: str = QUERY) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = session.query(text).to_arrow().to_pylist()
    return found


def cached(store: Path) -> Iterator[Path]:
    return (p for p in (store / "cache" / "zones").glob("*/*/*") if p.is_file())


def scan_of(session: Any, text: str, layer: str) -> Any:
    return next(s for s in session.explain(text).scans if s.layer == layer)


def test_the_next_session_reads_what_this_one_has_worked_out(
    own_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cubeql.connect(own_store) as session:
        first = rows(session)
    assert first
    assert list(cached(own_store))

    def refuse(*_: object) -> None:
        raise AssertionError("worked out again")

    monkeypatch.setattr(Zones, "assign", refuse)
    with cubeql.connect(own_store) as session:
        assert rows(session) == first


@pytest.mark.parametrize("damage", [b"", b"CQZ1", None, b"x" * 500], ids=["empty", "cut", "turned", "foreign"])
def test_a_damaged_cache_file_is_made_again(own_store: Path, damage: bytes | None) -> None:
    with cubeql.connect(own_store) as session:
        first = rows(session)
    whole = {p: p.read_bytes() for p in cached(own_store)}
    for path, content in whole.items():
        path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:] if damage is None else damage)
    with cubeql.connect(own_store) as session:
        assert rows(session) == first
    assert {p: p.read_bytes() for p in cached(own_store)} == whole


def test_a_cache_that_cannot_be_written_is_done_without(own_store: Path) -> None:
    (own_store / "cache").mkdir(exist_ok=True)
    (own_store / "cache" / "zones").write_text("in the way")
    with cubeql.connect(own_store) as session:
        assert rows(session)


def test_zones_that_are_replaced_or_made_again_are_not_mistaken_for_the_old_ones(own: Any, own_store: Path) -> None:
    old = rows(own)
    record = tiny_zones()["districts"].record
    square = pa.table({
        "name": ["square"], "people": pa.array([1], pa.int64()), "limit_m": [1.0], "kind": pa.array([1], pa.int64()),
        "open": [True], "geometry": [shapely.to_wkb(shapely.box(11.4, 48.1, 11.5, 48.2))],
    })  # fmt: skip
    store = Store.open(str(own_store))
    for mode in ("replace", "create"):
        if mode == "create":
            own.drop("districts")
        with store.write_rows(record, mode) as write:
            write.add(square)
        new = rows(own)
        assert [r["zone"] for r in new] == [1] != [r["zone"] for r in old]


def test_an_earlier_version_has_its_own_zones(own: Any) -> None:
    text = "FROM finer JOIN districts VERSION {} AS d USING overlap GROUP BY d.zone SELECT d.zone ORDER BY d.zone"
    assert [r["zone"] for r in rows(own, text.format(0))] == [1, 2, 3, 4]
    assert [r["zone"] for r in rows(own, text.format(1))] == [1, 2, 3, 4, 7]


def test_only_tiles_of_the_zones_that_matter_are_read(cube: Any) -> None:
    every = scan_of(cube, "FROM finer JOIN districts AS d SELECT count(*)", "finer")
    one = "FROM finer JOIN districts AS d FILTER d.name = 'core' SELECT count(*)"
    assert scan_of(cube, one, "finer").tiles_kept < every.tiles_kept == 2
    assert scan_of(cube, one, "districts").zones == 1
    none = "FROM finer JOIN districts AS d FILTER d.name = 'core' AND d.people < 5 SELECT count(*)"
    assert scan_of(cube, none, "finer").tiles_kept == 0
    left = "FROM finer LEFT JOIN districts AS d ON d.name = 'core' SELECT count(*)"
    assert scan_of(cube, left, "finer").tiles_kept == every.tiles_kept


def test_explain_says_what_becomes_of_zones(cube: Any) -> None:
    query = """FROM finer JOIN districts AS d USING overlap FILTER d.people > 100
        GROUP BY d.zone, d.name SELECT d.name, max(d.limit_m)"""
    text = cube.explain(query).text
    assert "districts AS d (zones; cells by overlap; only people > 100" in text
    assert "joined by zone: limit_m" in text
    assert "looked up by group: name" in text
    assert "zones 2, tiles 1 of 2" in text


def test_zones_are_told_in_the_provenance(cube: Any) -> None:
    schema = cube.query("FROM classes JOIN districts AS d SELECT cell, d.name").schema
    assert b'"districts"' in schema.metadata[b"cubeql"]
    assert b"CC0-1.0" in schema.metadata[b"cubeql"]


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    import os

    folder = tmp_path / "zones" / "key" / "center-5"
    for n in range(4):
        zonecache._write(folder / f"{n}", Assignment(np.full((1, 343), n, np.int32)))
        os.utime(folder / f"{n}", (1_000_000 + n, 1_000_000 + n))
    size = (folder / "0").stat().st_size
    zonecache.trim_zones(tmp_path, 2 * size + 10)
    assert sorted(p.name for p in folder.iterdir()) == ["2", "3"]


def test_memory_is_bounded_and_forgets_the_oldest(own_store: Path) -> None:
    store = Store.open(str(own_store))
    cache = zonecache.ZoneCache(memory_bytes=1)
    zones = cache.layer(store, store.snapshot("districts"))
    for _ in range(2):
        for tile in (0x841F8D5FFFFFFFF, 0x841FAB7FFFFFFFF):
            found = cache.assignment(zones, tile, 6, "center", own_store / "cache")
            assert np.array_equal(found.zones, zones.shapes.assign(tile, 6).zones)
            assert len(cache._tiles) == 1


def test_shares_have_no_name_where_an_attribute_has_it(own: Any) -> None:
    layer = Layer("lots", 5, (), kind="zones", attributes=(Attribute("Fraction", "number"),))
    with own.store.write_rows(layer, "create") as write:
        write.add(pa.table({"Fraction": [0.5], "geometry": [shapely.to_wkb(shapely.box(11.4, 48.1, 11.5, 48.2))]}))
    assert rows(own, "FROM finer JOIN lots GROUP BY lots.fraction SELECT lots.fraction AS f") == [{"f": 0.5}]
    with pytest.raises(QueryError) as raised:
        own.query("SELECT count(*) FROM finer JOIN lots USING area")
    assert raised.value.diagnostics[0].code == "zones_fraction"
