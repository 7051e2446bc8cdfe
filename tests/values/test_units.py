"""Units: the table against the library, spellings, products."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from cubeql.values import unitlibrary, units

KNOWN = sorted({unit.name for unit, _ in units.UNITS})


@pytest.mark.parametrize("name", KNOWN)
def test_the_table_says_what_the_library_says(name: str) -> None:
    ours, theirs = units.lookup(name), unitlibrary.asked(name)
    assert ours is not None and theirs is not None
    assert ours.base == theirs.base
    assert math.isclose(ours.factor, theirs.factor, rel_tol=1e-12)
    assert math.isclose(ours.shift, theirs.shift, rel_tol=1e-12, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("K", "kelvin"), ("m/s", "m s-1"), ("m s**-1", "m.s-1"), ("kg m-2 s-1", "kg/m2/s"), ("mm/day", "mm d-1"),
        ("degC", "°C"), ("%", "percent"), ("1e-3", "g kg-1"), ("W m^-2", "J s-1 m-2"), ("hPa", "100 Pa"),
        ("degrees_C", "celsius"), ("mm yr-1", "mm/year"),
    ],
)  # fmt: skip
def test_spellings_of_one_unit_are_one(one: str, other: str) -> None:
    assert units.same(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("mm", "Mm"), ("K", "degC"), ("m", "m2"), ("degree", "1"), ("kg", "kg m-2"), ("day", "month")]
)
def test_units_that_differ_are_not_one(one: str, other: str) -> None:
    assert not units.same(one, other)


@pytest.mark.parametrize(
    "text",
    [
        "foo", "dBZ", "dB", "days since 2000-01-01", "psu", "m s-1 foo", "(", "m**", "0", "m**9**9**9", "m^9^9^9",
        "m99999999",
    ],
)  # fmt: skip
def test_what_is_no_unit_is_unknown(text: str) -> None:
    assert units.lookup(text) is None


@pytest.mark.parametrize(
    ("source", "target", "value", "wanted"),
    [
        ("degF", "degC", 212.0, 100.0), ("kg m-2 s-1", "mm day-1", 1.0, None), ("m3 s-1", "km3 yr-1", 1.0, None),
        ("J m-2", "kW h m-2", 3.6e6, 1.0), ("mol m-2", "umol m-2", 2.0, 2e6), ("K km-1", "degC m-1", 6.5, 0.0065),
        ("m-1", "m", 2.0, None), ("year", "month", 2.0, 24.0), ("day", "month", 30.0, None),
    ],
)  # fmt: skip
def test_values_convert_only_by_what_they_measure(source: str, target: str, value: float, wanted: float | None) -> None:
    found = units.conversion(source, target)
    assert (found is None) == (wanted is None)
    if found is not None and wanted is not None:
        assert math.isclose(value * found[0] + found[1], wanted, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("left", "right", "sign", "wanted"),
    [
        ("mm", "km2", 1, "mm km2"), ("kg m-2", "m2", 1, "kg"), ("m", "s", -1, "m s-1"), ("m", "m", -1, "1"),
        ("degC", "m", 1, None), ("K", "degC", -1, None), ("1", "m", -1, "m-1"), ("m/s", "s", 1, "m"),
        ("kg/m2", "m2", 1, None), ("m s-1", "m s-1", 1, "m2 s-2"),
    ],
)  # fmt: skip
def test_products_have_a_unit_where_it_is_plain(left: str, right: str, sign: int, wanted: str | None) -> None:
    assert units.product(left, right, sign) == wanted


def test_common_units_load_no_library() -> None:
    code = "from cubeql.values import units; units.conversion('K', 'degC')"
    subprocess.run([sys.executable, "-c", f"{code}; import sys; assert 'pint' not in sys.modules"], check=True)
