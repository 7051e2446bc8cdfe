"""The page on scale: its tables are those that the model computes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import model

PAGE = (Path(__file__).parents[2] / "docs" / "explain" / "scale.md").read_text()


@pytest.mark.parametrize("number", range(len(model.tables(model.defaults()))))
def test_tables_are_the_models(number: int) -> None:
    assert model.tables(model.defaults())[number] in PAGE, "python -m benchmarks.model"


def test_every_constant_counts() -> None:
    known = model.defaults()
    before = model.tables(known)[1:]
    for name, value in known.items():
        others = (known | {name: other} for other in (1000 * value, value / 1000))
        assert any(model.tables(other)[1:] != before for other in others), name
