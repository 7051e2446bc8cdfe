"""Lines in a window, bands of many values, and bars: what is drawn is what the values are."""

from __future__ import annotations

import numpy as np
import pytest

from cubeql.drawing.colours import Scale
from cubeql.drawing.counting import Counted, bins, bounds, heights
from cubeql.drawing.dots import HIGH, WIDE
from cubeql.drawing.plotting import Frame, band_of
from cubeql.drawing.selection import Choice, TimeSpan
from cubeql.drawing.series import Line
from cubeql.grid.cells import area_km2, cells_at

DAY = np.timedelta64(86_400_000_000, "us")
START = np.datetime64("2024-01-01", "us")


def test_a_line_enters_and_leaves_a_window_where_it_crosses_its_edges() -> None:
    line = Line("x", START + np.arange(4) * DAY, np.array([0.0, 10.0, np.nan, 30.0]))
    cut = line.within(TimeSpan(START + DAY // 2, START + 2 * DAY + DAY // 2))
    assert cut.times.tolist() == [t.tolist() for t in (START + DAY // 2, *(START + np.arange(1, 3) * DAY),
                                                       START + 2 * DAY + DAY // 2)]  # fmt: skip
    np.testing.assert_equal(cut.values, [5.0, 10.0, np.nan, np.nan])
    whole = line.within(TimeSpan(START, START + 3 * DAY))
    np.testing.assert_equal(whole.values, line.values)
    between = line.within(TimeSpan(START + DAY // 4, START + DAY // 2))
    np.testing.assert_equal(between.values, [2.5, 5.0])


def test_what_is_summed_of_a_line_lies_in_the_span() -> None:
    line = Line("x", START + np.arange(5) * DAY, np.array([1.0, np.nan, 3.0, 5.0, 100.0]))
    assert line.summed(TimeSpan(START, START + 3 * DAY)) == (3, 3.0)
    count, mean = line.summed(TimeSpan(START + DAY, START + DAY))
    assert count == 0 and np.isnan(mean)


def test_many_values_are_a_band_from_the_least_to_the_greatest_around_their_mean() -> None:
    rng = np.random.default_rng(3)
    line = Line("x", START + np.arange(4000) * DAY, rng.normal(size=4000))
    frame = Frame(20, 8, -5.0, 5.0, line.times[0], line.times[-1])
    band = band_of(line, frame)
    assert band is not None
    dot = np.floor(frame.across(line.times)).astype(int)
    assert band.middle.values.tolist() == pytest.approx([line.values[dot == d].mean() for d in range(20 * WIDE)])
    row = frame.down(line.values) // HIGH
    for column in range(20):
        inside = row[dot // WIDE == column]
        assert (band.top[column], band.bottom[column]) == (inside.min(), inside.max())
    assert band_of(Line("x", line.times[:20], line.values[:20]), frame) is None


def test_where_all_values_of_a_dot_are_missing_the_band_is_broken() -> None:
    values = np.arange(400.0)
    values[100:200] = np.nan
    line = Line("x", START + np.arange(400) * DAY, values)
    band = band_of(line, Frame(10, 4, -10.0, 410.0, line.times[0], line.times[-1]))
    assert band is not None
    missing = np.isnan(band.middle.values)
    assert missing[6:9].all() and not missing[:5].any() and not missing[10:].any()
    assert (band.top[3], band.bottom[3]) == (4, -1)


@pytest.mark.parametrize("values", [[0.0, 1.0], [-3.2e-6, 7.1e-6], [0.1, 9731.0], [-5.0, -4.9]])
def test_the_ends_of_a_brush_are_short_and_hold_its_bars(values: list[float]) -> None:
    _, edges = bins(np.array(values), 53)
    step = edges[1] - edges[0]
    low, high = bounds(edges, 10, 20)
    assert edges[10] - step / 10 <= low <= edges[10] + 1e-12 and edges[21] - 1e-12 <= high <= edges[21] + step / 10
    assert len(f"{low!r}") <= 12


def test_heights_rise_as_they_say() -> None:
    counts = np.array([0, 1, 9, 90])
    assert heights(counts, "count").tolist() == pytest.approx([0, 1 / 90, 0.1, 1])
    assert heights(counts, "log").tolist() == pytest.approx((np.log1p(counts) / np.log(91)).tolist())
    assert heights(counts, "cumulative").tolist() == pytest.approx([0, 0.01, 0.1, 1])


def test_the_share_of_the_area_is_that_of_the_cells() -> None:
    cells = np.sort(cells_at(np.linspace(0, 20, 50), np.linspace(-60, 60, 50), 4))
    values = np.where(np.arange(50) % 7 == 0, np.nan, np.arange(50.0))
    choice = Choice.of_range("v", "m", 10, 30)
    inside = (values >= 10) & (values <= 30)
    areas = area_km2(cells)
    said = Counted("v", "m", values, Scale.of_values(values, "grey"), None, "v", cells).share(choice)
    share = 100 * areas[inside].sum() / areas[np.isfinite(values)].sum()
    assert said == f"{inside.sum()} of {np.isfinite(values).sum()} ({100 * inside.sum() / 42:.3g} %)" + (
        f" · {share:.3g} % of the area"
    )
