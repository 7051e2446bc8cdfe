"""Times in file names and arguments."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from cubeql.errors import IngestError
from cubeql.ingest.stamps import instant, time_in_name


@pytest.mark.parametrize(
    ("name", "pattern", "wanted"),
    [
        ("ndvi_20240503.tif", "%Y%m%d", "2024-05-03"),
        ("S2A_20240503T101031_B02.tif", "%Y%m%dT%H%M%S", "2024-05-03T10:10:31"),
        ("MOD13A1.A2024123.h18v04.hdf", "A%Y%j", "2024-05-02"),
        ("x_03-May-24.tif", "%d-%b-%y", "2024-05-03"),
        ("t2m_2024.nc", "%Y", "2024-01-01"),
        ("era_2024_7.tif", r"(?P<year>\d{4})_(?P<month>\d+)", "2024-07-01"),
        ("S2A_20240503T101031_B02.tif", "auto", "2024-05-03T10:10:31"),
        ("a_2024-05.tif", "auto", "2024-05-01"),
        ("/data/2019/a_20240503.tif", "auto", "2024-05-03"),
        ("20240503_and_20240503.tif", "%Y%m%d", "2024-05-03"),
    ],
)
def test_time_is_found_in_the_name(name: str, pattern: str, wanted: str) -> None:
    assert time_in_name(name, pattern) == np.datetime64(wanted, "us")


@pytest.mark.parametrize(
    ("name", "pattern", "message"),
    [
        ("a.tif", "%Y%m%d", "does not hold"),
        ("a_120240503.tif", "%Y%m%d", "does not hold"),
        ("a_20240532.tif", "%Y%m%d", "no time"),
        ("20240501_20240502.tif", "%Y%m%d", "several times"),
        ("a.tif", "auto", "no time of a usual form"),
        ("a_2024.tif", "%Q", "unknown part '%Q'"),
        ("a_05.tif", "%m", "year is needed"),
        ("a_2024.tif", "(?P<year>[", "no regular expression"),
        ("a_2024.tif", r"(?P<yaer>\d{4})", "year is needed"),
    ],
)
def test_names_and_patterns_that_do_not_fit(name: str, pattern: str, message: str) -> None:
    with pytest.raises(IngestError, match=message):
        time_in_name(name, pattern)


@pytest.mark.parametrize(
    "given",
    ["2024-05-03T10:30Z", datetime(2024, 5, 3, 10, 30), datetime(2024, 5, 3, 10, 30, tzinfo=UTC),
     np.datetime64("2024-05-03T10:30"), "2024-05-03T12:30+02:00"],
)  # fmt: skip
def test_instants_of_every_kind(given: object) -> None:
    assert instant(given) == np.datetime64("2024-05-03T10:30", "us")
    assert instant(date(2024, 5, 3)) == np.datetime64("2024-05-03", "us")


@pytest.mark.parametrize("given", ["yesterday", np.datetime64("NaT"), object(), "2023-02-29"])
def test_what_is_no_instant(given: object) -> None:
    with pytest.raises(IngestError, match="is no time"):
        instant(given)
