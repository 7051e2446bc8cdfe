"""Arrays that statements ask for again stay in memory, of the rows asked for and of no others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h3
import numpy as np
import pytest

import cubeql
from cubeql.engine import arrayblocks
from cubeql.errors import ConfigError, StoreError
from tests.engine.test_creating import rows
from tests.engine.test_ranges import TILES, made
from tests.support import product

MEDIAN = "SELECT median(v) AS middle, count(v) AS n FROM twin"
PLACE = "SELECT time, red FROM fine FILTER cell WITHIN POINT(11.49, 48.17) ORDER BY time"
MET = "FROM fine JOIN classes SELECT median(red) AS r, max(class) AS v, count(*) AS n"
ENOUGH = 6
"""Times that a statement is asked, of which the last ones read memory alone."""


@pytest.fixture
def eager(own_store: Path) -> Iterator[cubeql.Session]:
    with cubeql.connect(own_store) as session:
        product.keep_arrays(session)
        yield session


def remove(session: cubeql.Session, layer: str) -> None:
    for path in session.store.snapshot(layer).files["path"].to_pylist():
        Path(path).unlink()


@pytest.mark.parametrize(("text", "layers"), [(MEDIAN, ("twin",)), (PLACE, ("fine",)), (MET, ("fine", "classes"))])
def test_statements_that_come_again_read_no_file(own: cubeql.Session, text: str, layers: tuple[str, ...]) -> None:
    before = rows(own, text)
    assert not own.engine.caches.arrays.bytes
    for _ in range(ENOUGH):
        assert rows(own, text) == before
    assert own.engine.caches.arrays.bytes
    for layer in layers:
        remove(own, layer)
    assert rows(own, text) == before
    with pytest.raises(cubeql.CubeQLError):
        rows(own, "SELECT median(nir) FROM fine JOIN twin ON TIME AS OF FILTER nir + v > -1e30")


def test_without_memory_for_arrays_files_are_read(own: cubeql.Session) -> None:
    own.query("SET array_memory = '0'")
    for _ in range(ENOUGH):
        rows(own, MEDIAN)
    assert not own.engine.caches.arrays.bytes
    remove(own, "twin")
    with pytest.raises(cubeql.CubeQLError):
        rows(own, MEDIAN)


def test_a_limit_that_shrinks_lets_arrays_go(eager: cubeql.Session) -> None:
    rows(eager, MEDIAN)
    held = eager.engine.caches.arrays.bytes
    assert held > 4096
    eager.query("SET array_memory = '4KiB'")
    assert eager.engine.caches.arrays.bytes < held


def test_what_takes_more_than_half_is_not_kept(eager: cubeql.Session) -> None:
    before = rows(eager, MEDIAN)
    held = eager.engine.caches.arrays.bytes
    eager.query("SET array_memory = '0'")
    kept = eager.engine.caches.arrays.bytes
    eager.query(f"SET array_memory = '{held / 1024:.3f}KiB'")
    assert rows(eager, MEDIAN) == before
    assert eager.engine.caches.arrays.bytes == kept < held


def test_tiles_keep_only_their_row_groups(tmp_path: Path) -> None:
    with cubeql.connect(made(tmp_path / "store", TILES, {"a": tuple(range(6))})) as session:
        product.keep_arrays(session)
        whole = "SELECT median(v) AS v FROM a"
        one = rows(session, f"{whole} FILTER cell WITHIN DISK('{h3.int_to_str(TILES[0])}', 0)")
        few = session.engine.caches.arrays.bytes
        every = rows(session, whole)
        assert 0 < few < session.engine.caches.arrays.bytes / 2 and one != every


def test_each_version_has_its_own_arrays(eager: cubeql.Session) -> None:
    before, version = rows(eager, MEDIAN), eager.store.snapshot("twin").version
    eager.query("INSERT OR REPLACE INTO twin SELECT cell, time, v + 1 AS v FROM twin")
    after = rows(eager, MEDIAN)
    assert after[0]["n"] == before[0]["n"] and after[0]["middle"] == pytest.approx(before[0]["middle"] + 1)
    assert rows(eager, MEDIAN.replace("twin", f"twin VERSION {version}")) == before


def test_a_broken_file_is_told_of_as_ever(eager: cubeql.Session) -> None:
    for path in eager.store.snapshot("twin").files["path"].to_pylist():
        Path(path).write_bytes(b"PAR1 this is none PAR1")
    with pytest.raises(StoreError):
        rows(eager, MEDIAN)


def test_runs_of_rows_are_found_in_their_groups() -> None:
    places, ends = np.array([0, 1, 2, 5, 7, 8, 9]), np.array([3, 8, 12])
    found = [(p.group, p.first, p.count) for p in arrayblocks._pieces_of("a", places, ends)]
    assert found == [(0, 0, 3), (1, 2, 1), (1, 4, 1), (2, 0, 2)]
    assert not [*arrayblocks._pieces_of("a", places[:0], ends)]


def test_sizes_that_mean_nothing_are_refused(own: cubeql.Session) -> None:
    with pytest.raises(cubeql.QueryError, match="array_memory must be a size"):
        own.query("SET array_memory = 'much'")
    with pytest.raises(ConfigError, match="array_memory must be a text"):
        cubeql.connect(own.store.address.path, array_memory=5)
