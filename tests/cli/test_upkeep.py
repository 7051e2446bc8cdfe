"""``cubeql compact`` and ``cubeql vacuum`` on a real store."""

from __future__ import annotations

from pathlib import Path

import pytest

import cubeql
from cubeql.storage import Store
from tests.cli.conftest import Run
from tests.storage.making import OTHER, block, files_below, layer, paths, put, stored

RAIN = layer()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path / "store", create=True)
    put(store, RAIN)
    for day in range(1, 5):
        rows = [block(RAIN, t, f"2024-05-{day:02d}") for t in (block(RAIN).tile, OTHER)]
        put(store, RAIN, *rows, mode="append", buffer_bytes=1)
    still = layer("dem", timed=False)
    put(store, still, block(still, time=None))
    return store


def test_compact_puts_all_layers_in_order_and_says_so(run_here: Run, store: Store, tmp_path: Path) -> None:
    rows = stored(store)
    before = files_below(tmp_path)
    planned = run_here("compact", "--dry-run", "--store", tmp_path / "store")
    assert (planned.code, planned.out) == (0, b"")
    assert "layer rain: 8 files would become 1" in planned.err and files_below(tmp_path) == before
    ran = run_here("compact", "--store", tmp_path / "store")
    assert ran.code == 0 and "layer rain: 8 files became 1" in ran.err
    assert "layer dem: its files are in order (1)" in ran.err
    assert stored(store) == rows and len(paths(store)) == 1


def test_compact_takes_sizes_and_names_and_refuses_what_is_not_there(
    run_here: Run, store: Store, tmp_path: Path
) -> None:
    ran = run_here("compact", "rain", "--file-size", "2K", "--memory-limit", "1M", "--store", tmp_path / "store")
    assert ran.code == 0 and "dem" not in ran.err and len(paths(store)) > 1
    assert run_here("compact", "rain", "--file-size", "2x", "--store", tmp_path / "store").code == 2
    wrong = run_here("compact", "rein", "--store", tmp_path / "store")
    assert wrong.code == 3 and "did you mean rain?" in wrong.err


def test_a_session_compacts_too(store: Store, tmp_path: Path) -> None:
    with cubeql.connect(tmp_path / "store") as session:
        reports = session.compact()
        assert [(r.layer, r.rewritten) for r in reports] == [("dem", 0), ("rain", 8)]
        assert session.compact("rain", dry_run=True)[0].complete


def test_vacuum_removes_what_is_not_kept_and_says_how_much(run_here: Run, store: Store, tmp_path: Path) -> None:
    address = ("--store", tmp_path / "store")
    store.compact("rain")
    before = files_below(tmp_path)
    assert "removed: 0 files (0.0 MB) left behind, 0 files (0.0 MB)" in run_here("vacuum", *address).err
    assert "0 files (0.0 MB) of versions" in run_here("vacuum", "--keep-versions", 1, *address).err, (
        "being read perhaps"
    )
    dry = run_here("vacuum", "--keep-versions", 1, "--older-than", 0, "--dry-run", *address)
    assert dry.code == 0 and "would be removed: 0 files (0.0 MB) left behind, 8 files" in dry.err
    assert files_below(tmp_path) == before
    ran = run_here("vacuum", "rain", "--keep-versions", 1, "--older-than", 0, *address)
    assert ran.code == 0 and "removed: 0 files (0.0 MB) left behind, 8 files" in ran.err
    assert len(stored(store)) == 8 and len(files_below(tmp_path)) == len(before) - 8 + 1, "and a commit that says so"
    query = run_here(*address, "-c", "SELECT count(*) FROM rain VERSION 2")
    assert query.code == 1 and "version 2 of layer 'rain' was vacuumed on 20" in query.err
    assert "versions 5 to 6 can be read" in query.err
    wrong = run_here("vacuum", "rain", *address)
    assert wrong.code == 2 and "keep_versions" in wrong.err
    assert run_here("vacuum", "--keep-versions", 0, *address).code == 2
