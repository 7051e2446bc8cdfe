"""Plots as SVG, read back and checked against the values."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pytest

from cubeql.cli.output.plot import plotted
from cubeql.drawing.chart import svg_of_counts, svg_of_series
from cubeql.drawing.counting import Counted
from cubeql.drawing.series import Series
from tests.drawing.test_terminal import DAY, FIELD, KIND, T2M, TIME, VALUES, _field, _table

_SVG = "{http://www.w3.org/2000/svg}"


def _drawn(table: pa.Table) -> ElementTree.Element:
    found = plotted(table, None)
    assert isinstance(found, Series | Counted)
    return ElementTree.fromstring(svg_of_series(found) if isinstance(found, Series) else svg_of_counts(found))


def test_a_line_has_a_point_a_value_at_its_height_and_is_broken_where_one_is_missing() -> None:
    values = [1.0, 3.0, None, 2.0, None, 5.0, 4.0]
    root = _drawn(_table([[DAY * n for n in range(7)], values], TIME, T2M))
    (line,) = (p for p in root.iter(f"{_SVG}path") if p.get("fill") == "none")
    steps = re.findall(r"([ML])([\d.]+),([\d.]+)", line.get("d") or "")
    assert [step for step, _, _ in steps] == ["M", "L", "M", "M", "L"]
    known = [(n, v) for n, v in enumerate(values) if v is not None]
    x, y = np.array([float(a) for _, a, _ in steps]), np.array([float(b) for _, _, b in steps])
    assert np.polyfit([n for n, _ in known], x, 1, full=True)[1] == pytest.approx([0.0], abs=0.1)
    slope, _ = np.polyfit([v for _, v in known], y, 1)
    assert slope < 0 and np.corrcoef([v for _, v in known], y)[0, 1] == pytest.approx(-1.0, abs=1e-4)
    (alone,) = root.iter(f"{_SVG}circle")
    assert (float(alone.get("cx") or 0), float(alone.get("cy") or 0)) == (x[2], y[2])


def test_names_of_lines_are_whole_and_stand_side_by_side() -> None:
    names = [f"8c1ee6aca9200{n:02d}" for n in range(9) for _ in range(2)]
    table = _table([names, [0, DAY] * 9, [1.0, 2.0] * 9], _field("name", pa.string(), cubeql_type="text"), TIME, T2M)
    words = [
        w for w in _drawn(table).iter(f"{_SVG}text") if (w.text or "").startswith("8c1ee6") or "more" in (w.text or "")
    ]
    assert [w.text for w in words] == [*sorted(set(names))[:7], "and 2 more"]
    assert len({(w.get("x"), w.get("y")) for w in words}) == 8


def test_bars_are_as_high_as_there_are_values() -> None:
    root = _drawn(FIELD)
    heights = [float(r.get("height") or 0) for r in list(root.iter(f"{_SVG}rect"))[1:]]
    counts, _ = np.histogram(VALUES, len(heights))
    assert heights == pytest.approx((counts / counts.max() * max(heights)).tolist(), abs=0.06)


def test_bars_of_classes_have_names_that_cannot_break_the_page() -> None:
    kind = pa.field("kind", pa.int16(), metadata={**KIND.metadata, b"cubeql.classes": b"1=<b>&|2=Forest"})
    words = [w.text for w in _drawn(_table([[1, 2, 2, None]], kind)).iter(f"{_SVG}text")]
    assert words[1:5] == ["Forest", "2", "<b>&", "1"] and words[-1] == "3 values, 1 without"
