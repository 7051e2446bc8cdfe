"""Row groups are read one by one, and hold what the whole file does."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cubeql.storage.rowgroups import RowGroups


@pytest.fixture
def table() -> pa.Table:
    lists = [[n, None, n + 1] if n % 3 else [] for n in range(10)]
    return pa.table({"tile": range(10), "v": pa.array(lists, pa.list_(pa.int16()))})


def test_groups_hold_what_the_file_does(tmp_path: Path, table: pa.Table) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=4)
    with RowGroups(str(path)) as file:
        assert file.ends.tolist() == [4, 8, 10]
        read = [file.read(n, ["v", "tile"]) for n in range(3)]
    assert [v for r in read for v in r["v"].to_pylist()] == table["v"].to_pylist()
    assert [t for r in read for t in r["tile"].to_pylist()] == list(range(10))


def test_a_file_is_opened_when_it_is_read(tmp_path: Path) -> None:
    with RowGroups(str(tmp_path / "none.parquet")):
        pass
    with RowGroups(str(tmp_path / "none.parquet")) as file, pytest.raises(OSError, match=r"none\.parquet"):
        file.read(0, ["tile"])
