"""What the twelve statements must find, known without the oracle."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import product
from tests.twelve.layers import YEARS, layers, months, slope_of, write_store
from tests.twelve.statements import AS_WRITTEN


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("truths") / "store")


def _found(store: Path, number: int) -> list[tuple[Any, ...]]:
    with product.connect(store) as session:
        return list(product.query(session, AS_WRITTEN[number]).rows)


def test_the_trend_of_each_cell_is_the_one_it_was_made_with(store: Path) -> None:
    trends = dict(_found(store, 4))
    values = layers()["t2m"].values
    for cell, trend in trends.items():
        yearly = [np.mean([values[cell, m, ()]["t2m"] for m in months(range(y, y + 1))]) for y in YEARS]
        assert trend == pytest.approx(slope_of(cell), rel=1e-9)
        assert trend == pytest.approx(np.polyfit(YEARS, yearly, 1)[0], rel=1e-9)
    assert len(trends) == 19


def test_errors_grow_with_the_horizon(store: Path) -> None:
    horizons, errors = zip(*_found(store, 9))
    assert horizons == (24, 48, 72, 120)
    assert list(errors) == sorted(errors)


def test_packed_arrays_have_a_place_for_every_cell_of_their_tile(store: Path) -> None:
    found = _found(store, 12)
    assert {len(array) for row in found for array in row[1:]} == {7**3}
    assert sum(v is not None for row in found for v in row[1]) == sum(
        1 for (_, time, _) in layers()["s2"].values if time.year == 2024 and time.month == 6
    )


def test_no_reading_sees_more_than_two_scenes_or_one_beyond_two_days(store: Path) -> None:
    seen: dict[tuple[Any, Any], list[Any]] = {}
    for station, time, scene, _ in _found(store, 8):
        seen.setdefault((station, time), []).append(scene)
    assert len(seen) == len(layers()["stations"].rows)
    assert {len(scenes) for scenes in seen.values()} <= {1, 2}
    near = [abs(scene - time) for (_, time), scenes in seen.items() for scene in scenes if scene is not None]
    assert near and max(near) <= timedelta(days=2)
