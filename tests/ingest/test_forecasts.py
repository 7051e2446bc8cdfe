"""Forecasts in NetCDF files, shaped as the services that make them do: from the file to the answer of a query."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import cubeql
from cubeql.errors import IngestError
from cubeql.ingest import ingest
from cubeql.storage import Store

LON, LAT = 11.005 + 0.01 * np.arange(9), 48.295 - 0.01 * np.arange(8)
ISSUES = np.array(["2024-05-01T00", "2024-05-01T12", "2024-05-02T00"], "datetime64[ns]")
HOURS = np.array([0, 12, 24, 36])
BIAS = np.array([0.5, 1.0, 2.0, 4.0])
PLACE = {
    "lat": ("lat", LAT, {"units": "degrees_north"}),
    "lon": ("lon", LON, {"units": "degrees_east"}),
}
VALID = ISSUES[:, None] + HOURS[None, :].astype("timedelta64[h]")


def truth(time: np.ndarray) -> np.ndarray:
    """What the weather was: hours since the first issue, the same everywhere."""
    return (time - ISSUES[0]) / np.timedelta64(1, "h")


def grid(values: np.ndarray) -> np.ndarray:
    """Values along the first axes, the same at every pixel."""
    return np.broadcast_to(values[..., None, None], (*values.shape, LAT.size, LON.size)).astype("float64")


def save(values: np.ndarray, dims: tuple[str, ...], path: Path, encoding: Any = None, **coords: Any) -> str:
    ds = xr.Dataset({"t2m": ((*dims, "lat", "lon"), grid(values), {"units": "degC"})}, coords={**PLACE, **coords})
    ds.to_netcdf(path, encoding=encoding)
    return str(path)


def forecast() -> np.ndarray:
    return truth(VALID) + BIAS[None, :]


def climate_data_store(path: Path) -> str:
    """Periods first, both named as CF does, the valid time on both axes."""
    return save(
        forecast().T, ("forecast_period", "forecast_reference_time"), path,
        forecast_period=("forecast_period", HOURS.astype("float64"),
                         {"units": "hours", "standard_name": "forecast_period"}),
        forecast_reference_time=("forecast_reference_time", ISSUES, {"standard_name": "forecast_reference_time"}),
        valid_time=(("forecast_period", "forecast_reference_time"), VALID.T, {"standard_name": "time"}),
    )  # fmt: skip


def from_grib(path: Path) -> str:
    """``time`` is the time of issue, which its long name says."""
    return save(
        forecast(), ("time", "step"), path,
        time=("time", ISSUES, {"standard_name": "time", "long_name": "initial time of forecast"}),
        step=("step", HOURS, {"units": "hours", "long_name": "time since forecast_reference_time"}),
        valid_time=(("time", "step"), VALID, {"standard_name": "time"}),
    )  # fmt: skip


def seconds_ahead(path: Path) -> str:
    """Periods in seconds, as whole numbers."""
    return save(
        forecast(), ("init_time", "lead_time"), path,
        init_time=("init_time", ISSUES), lead_time=("lead_time", HOURS * 3600, {"units": "seconds"}),
    )  # fmt: skip


def without_a_name(path: Path) -> str:
    """Nothing but the valid times says that ``time`` is that of issue."""
    return save(
        forecast(), ("time", "step"), path,
        time=("time", ISSUES), step=("step", HOURS / 24, {"units": "days"}),
        valid_time=(("time", "step"), VALID),
    )  # fmt: skip


SHAPES = [climate_data_store, from_grib, seconds_ahead, without_a_name]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"), create=True)


def rows(store: Store, text: str, **params: Any) -> list[tuple[Any, ...]]:
    with cubeql.connect(str(store.address)) as session:
        table = session.query(text, params).to_arrow()
    return [tuple(r.values()) for r in table.to_pylist()]


@pytest.mark.parametrize("shape", SHAPES)
def test_valid_time_is_issue_and_horizon_together(tmp_path: Path, store: Store, shape: Any) -> None:
    ingest(store, shape(tmp_path / "f.nc"), "f")
    layer = store.layer("f")
    assert layer is not None
    assert {(d.name, d.type, d.unit) for d in layer.dimensions} == {
        ("issue", "timestamp", None),
        ("horizon", "integer", "h"),
    }
    found = rows(store, "SELECT issue, horizon, time, avg(t2m) AS t FROM f GROUP BY issue, horizon, time")
    plain = sorted((i.replace(tzinfo=None), h, t.replace(tzinfo=None), v) for i, h, t, v in found)
    wanted = [
        (ISSUES[i].astype("datetime64[us]").item(), int(h), VALID[i, j].astype("datetime64[us]").item())
        for i in range(3)
        for j, h in enumerate(HOURS)
    ]
    assert [r[:3] for r in plain] == wanted
    assert np.allclose([r[3] for r in plain], forecast().reshape(-1))


def test_error_by_horizon_against_a_reanalysis(tmp_path: Path, store: Store) -> None:
    times = np.unique(VALID)
    ingest(store, climate_data_store(tmp_path / "f.nc"), "forecast")
    ingest(store, save(truth(times), ("time",), tmp_path / "e.nc", time=("time", times)), "era5")
    text = """FROM forecast AS f JOIN era5 AS e ON TIME EQUAL
              GROUP BY horizon SELECT horizon, sqrt(avg((f.t2m - e.t2m) ^ 2)) AS rmse ORDER BY horizon"""
    found = rows(store, text)
    assert [h for h, _ in found] == HOURS.tolist() and np.allclose([r for _, r in found], BIAS)


def test_a_joined_forecast_is_chosen_by_its_dimensions(tmp_path: Path, store: Store) -> None:
    times = np.unique(VALID)
    ingest(store, from_grib(tmp_path / "f.nc"), "forecast")
    ingest(store, save(truth(times), ("time",), tmp_path / "e.nc", time=("time", times)), "era5")
    of_a_day = """FROM era5 JOIN forecast AS f ON f.horizon = 24
                  GROUP BY era5.time, f.issue SELECT era5.time, f.issue, avg(f.t2m - era5.t2m) AS bias ORDER BY issue"""
    found = rows(store, of_a_day)
    assert [(t - i).total_seconds() for t, i, _ in found] == [86400.0] * 3
    assert np.allclose([b for *_, b in found], 2.0)
    newest = "SELECT time, avg(t2m) AS t FROM forecast FILTER issue = '2024-05-02' AND horizon > 0 GROUP BY time"
    assert len(rows(store, newest)) == 3
    assert len(rows(store, "SELECT DISTINCT horizon FROM forecast FILTER issue BEFORE '2024-05-02'")) == 4
    assert rows(store, "SELECT count(*) AS n FROM forecast FILTER issue AFTER '2024-05-02'") == [(0,)]


def test_a_run_after_the_other_is_appended(tmp_path: Path, store: Store) -> None:
    """A file a run: the time of issue is one value, and the valid times overlap those of the run before."""
    for i, issue in enumerate(ISSUES):
        path = save(
            forecast()[i], ("step",), tmp_path / f"{i}.nc",
            time=((), issue, {"long_name": "initial time of forecast", "standard_name": "time"}),
            step=("step", HOURS, {"units": "hours"}), valid_time=("step", VALID[i], {"standard_name": "time"}),
        )  # fmt: skip
        ingest(store, path, "f")
    text = "SELECT issue, horizon, avg(t2m) AS t FROM f GROUP BY issue, horizon ORDER BY issue, horizon"
    found = rows(store, text)
    assert np.allclose([t for *_, t in found], forecast().reshape(-1))
    assert rows(store, "SELECT count(DISTINCT time) AS n FROM f") == [(np.unique(VALID).size,)]


def test_one_picture_of_one_run(tmp_path: Path, store: Store) -> None:
    path = save(
        np.array(7.0), (), tmp_path / "f.nc",
        forecast_reference_time=((), ISSUES[1], {"standard_name": "forecast_reference_time"}),
        forecast_period=((), 6.5, {"units": "hours", "standard_name": "forecast_period"}),
    )  # fmt: skip
    ingest(store, path, "f")
    text = "SELECT issue, horizon, time, avg(t2m) AS t FROM f GROUP BY issue, horizon, time"
    ((issue, horizon, time, t),) = rows(store, text)
    assert (issue.hour, horizon, t) == (12, 6.5, 7.0)
    assert time.replace(tzinfo=None) == datetime(2024, 5, 1, 18, 30)


def test_valid_times_with_periods_have_a_horizon_alone(tmp_path: Path, store: Store) -> None:
    times = ISSUES
    path = save(
        truth(times)[:, None] + BIAS, ("time", "lead"), tmp_path / "f.nc",
        time=("time", times), lead=("lead", HOURS, {"units": "h"}),
    )  # fmt: skip
    ingest(store, path, "f")
    found = rows(store, "SELECT time, horizon, avg(t2m) AS t FROM f GROUP BY time, horizon ORDER BY time, horizon")
    assert np.allclose([t for *_, t in found], (truth(times)[:, None] + BIAS).reshape(-1))


def test_issues_beside_valid_times(tmp_path: Path, store: Store) -> None:
    times = np.array(["2024-05-03", "2024-05-04"], "datetime64[ns]")
    values = np.arange(6.0).reshape(3, 2)
    path = save(values, ("reftime", "time"), tmp_path / "f.nc", reftime=("reftime", ISSUES), time=("time", times))
    ingest(store, path, "f")
    found = rows(store, "SELECT issue, time, avg(t2m) AS t FROM f GROUP BY issue, time ORDER BY issue, time")
    assert [t for *_, t in found] == values.reshape(-1).tolist()


def test_members_depths_and_models_are_columns(tmp_path: Path, store: Store) -> None:
    values = np.arange(3 * 2 * 2 * 2, dtype=float).reshape(3, 2, 2, 2)
    path = save(
        values, ("time", "number", "depth", "model"), tmp_path / "f.nc", time=("time", ISSUES),
        number=("number", [0, 1], {"standard_name": "realization"}),
        depth=("depth", [0.5, 10.0], {"units": "m"}), model=("model", ["IFS", "AIFS"]),
    )  # fmt: skip
    ingest(store, path, "f")
    with cubeql.connect(str(store.address)) as session:
        described = session.query("DESCRIBE f").to_arrow().to_pylist()
    kinds = {r["column"]: r["type"] for r in described}
    assert (kinds["number"], kinds["depth"], kinds["model"]) == ("integer", "number", "text")
    text = """SELECT model, number, avg(t2m) AS t FROM f FILTER depth = 10 AND time IN '2024-05-02'
              GROUP BY model, number ORDER BY model, number"""
    assert rows(store, text) == [(m, n, values[2, n, 1, k]) for k, m in ((1, "AIFS"), (0, "IFS")) for n in (0, 1)]


def test_a_series_along_time_is_that_of_a_horizon(tmp_path: Path, store: Store) -> None:
    """Issue and horizon are told apart by time: each pair has one row, each horizon a series."""
    ingest(store, seconds_ahead(tmp_path / "f.nc"), "f")
    text = """SELECT DISTINCT horizon, time, t2m - lag(t2m) OVER TIME AS change FROM f ORDER BY horizon, time"""
    found = rows(store, text)
    assert [c for *_, c in found] == [None, 12.0, 12.0] * 4
    climate = "SELECT DISTINCT horizon, baseline(t2m, '2024') AS b FROM f ORDER BY horizon"
    assert np.allclose([b for _, b in rows(store, climate)], forecast().mean(axis=0))


def test_what_is_no_forecast_keeps_its_axes(tmp_path: Path, store: Store) -> None:
    path = save(np.arange(4.0), ("step",), tmp_path / "f.nc", step=("step", HOURS, {"units": "hours"}))
    ingest(store, path, "plain")
    layer = store.layer("plain")
    assert layer is not None and layer.time is None and [d.name for d in layer.dimensions] == ["step"]


def test_a_period_twice_is_refused(tmp_path: Path, store: Store) -> None:
    path = save(
        forecast(), ("init_time", "step"), tmp_path / "f.nc",
        init_time=("init_time", ISSUES), step=("step", [0, 12, 12, 24], {"units": "hours"}),
    )  # fmt: skip
    with pytest.raises(IngestError, match="step has a value twice"):
        ingest(store, path, "f")
