"""histogram(x, edges): counts as numpy.histogram makes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cubeql.errors import QueryError

EDGES = [270.0, 280.0, 285.5, 300.0]


def _values(cube: Any) -> np.ndarray[Any, Any]:
    return cube.query("SELECT v FROM twin FILTER v IS NOT NULL").to_numpy()["v"]


def test_counts_are_numpys(cube: Any) -> None:
    found = cube.query("SELECT histogram(v, [270, 280, 285.5, 300]) AS h FROM twin").to_arrow()["h"].to_pylist()
    assert found == [np.histogram(_values(cube), EDGES)[0].tolist()]


def test_the_last_bin_holds_its_upper_edge(cube: Any) -> None:
    values = _values(cube)
    low, high = float(values.min()), float(values.max())
    found = cube.query("SELECT histogram(v, $edges) AS h FROM twin", {"edges": [low, (low + high) / 2, high]})
    assert sum(found.to_arrow()["h"].to_pylist()[0]) == len(values)


def test_groups_and_filters_count_their_own(cube: Any) -> None:
    text = "FROM twin GROUP BY time SELECT time, histogram(v, [270, 285, 300]) FILTER (WHERE v > 280) AS h"
    found = cube.query(text).to_arrow().to_pylist()
    rows = cube.query("SELECT time, v FROM twin").to_arrow().to_pylist()
    for row in found:
        values = [r["v"] for r in rows if r["time"] == row["time"] and r["v"] is not None and r["v"] > 280]
        assert row["h"] == np.histogram(values, [270, 285, 300])[0].tolist()


@pytest.mark.parametrize("edges", ["[1]", "[2, 1]", "[1, 'a']", "v", "[1, v]"])
def test_edges_must_rise_and_be_constant(cube: Any, edges: str) -> None:
    with pytest.raises(QueryError, match="rising numbers"):
        cube.query(f"SELECT histogram(v, {edges}) FROM twin")
