"""What the twelve statements must find, known without the oracle."""

from __future__ import annotations

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
