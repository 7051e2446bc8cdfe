"""OVER TIME: windows along the time of each cell, checked against pandas on the rows themselves."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cubeql.errors import QueryError


def _rows(cube: Any, text: str) -> pd.DataFrame:
    return cube.query(text).to_pandas()


@pytest.fixture(scope="module")
def plain(cube: Any) -> pd.DataFrame:
    return _rows(cube, "SELECT cell, time, v FROM twin ORDER BY cell, time")


def _same(found: pd.Series, wanted: pd.Series) -> None:
    pd.testing.assert_series_equal(found, wanted, check_names=False, check_index=False, rtol=1e-9)


def test_lag_takes_the_row_before_of_the_same_cell(cube: Any, plain: pd.DataFrame) -> None:
    found = _rows(cube, "SELECT cell, time, lag(v) OVER TIME AS before FROM twin ORDER BY cell, time")
    _same(found["before"], plain.groupby("cell")["v"].shift(1))


def test_a_range_of_days_holds_only_rows_of_these_days(cube: Any, plain: pd.DataFrame) -> None:
    text = "SELECT cell, time, avg(v) OVER TIME RANGE '30 days' PRECEDING AS m FROM twin ORDER BY cell, time"
    rolled = [
        rows["v"][(rows["time"] <= t) & (rows["time"] >= t - pd.Timedelta("30D"))].mean()
        for _, rows in plain.groupby("cell")
        for t in rows["time"]
    ]
    _same(_rows(cube, text)["m"], pd.Series(rolled))


def test_running_sums_start_anew_at_each_cell(cube: Any, plain: pd.DataFrame) -> None:
    found = _rows(cube, "SELECT cell, time, sum(v) OVER TIME AS s FROM twin ORDER BY cell, time")
    _same(found["s"], plain.groupby("cell")["v"].cumsum())


def test_over_time_works_on_a_subquery(cube: Any, plain: pd.DataFrame) -> None:
    text = "WITH t AS (SELECT cell, time, v FROM twin) SELECT cell, rank() OVER TIME AS r FROM t ORDER BY cell, time"
    found = _rows(cube, text)
    assert found["r"].tolist() == (plain.groupby("cell").cumcount() + 1).tolist()


def test_qualify_tests_windows(cube: Any, plain: pd.DataFrame) -> None:
    found = _rows(cube, "SELECT cell, time, v FROM twin QUALIFY row_number() OVER TIME = 1 ORDER BY cell")
    _same(found["v"], plain.groupby("cell")["v"].first())


def test_over_time_needs_a_time(cube: Any) -> None:
    with pytest.raises(QueryError, match="OVER TIME"):
        cube.query("SELECT cell, rank() OVER TIME AS r FROM finer")
