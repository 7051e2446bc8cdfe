"""What is read of a layer whose files hold many row groups, counted: a rule that is lost fails here without a clock.

96 tiles of 16,807 cells at four moments, 32 rows a row group; their values grow from tile to tile.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cubeql.catalog import Band, Layer, TimeAxis
from cubeql.storage import Store, TileBlock
from cubeql.values.cells import BASE_TILES, is_pentagon
from tests.support import product

CELLS = 7**5
EVERYTHING = "FROM heat SELECT stddev(v) AS s"
HIGH = "FROM heat FILTER v > 9500 SELECT count(*) AS n, stddev(v) AS s"
SEASON = "FROM heat FILTER time DURING '2024-02' SELECT stddev(v) AS s"
PLACE = "FROM heat FILTER cell WITHIN POINT(25.03, 46.52) SELECT time, v"
PARENTS = "FROM heat GROUP BY CELL(0), month(time) SELECT CELL(0) AS c, month(time) AS m, avg(v) AS v"
FINER_PARENTS = "FROM heat GROUP BY CELL(3) SELECT CELL(3) AS c, avg(v) AS v"
COARSER = "FROM heat AT RESOLUTION 3 SELECT avg(v) AS v"
THROUGH_A_JOIN = "FROM heat JOIN relief FILTER relief.h > 950 SELECT count(*) AS n, stddev(v) AS s"
EARLIER = "FROM heat VERSION 0 SELECT stddev(v) AS s"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work") / "store"
    opened = Store.open(folder, create=True)
    tiles = BASE_TILES[~is_pentagon(BASE_TILES)][:96].tolist()
    heat, relief = Layer("heat", 5, (Band("v", "int16"),), TimeAxis()), Layer("relief", 5, (Band("h", "int16"),))
    for layer, months, mode in ((heat, (1, 2, 3), "create"), (heat, (4,), "append"), (relief, (None,), "create")):
        with opened.write(layer, mode) as write:
            for number, tile in enumerate(tiles):
                for month in months:
                    time = None if month is None else np.datetime64(f"2024-{month:02}-10", "us")
                    write.add(TileBlock(tile, time, None, (), {layer.bands[0].name: _values(number, month or 0)}))
    return folder


def _values(number: int, month: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.default_rng([number, month])
    values = random.integers(0, 90, CELLS) + number * 100 if month else random.integers(0, 9, CELLS) + number * 10
    return values.astype(np.int16), np.ones(CELLS, bool)


@pytest.fixture(scope="module")
def session(store: Path) -> Iterator[Any]:
    with product.connect(store) as opened:
        yield opened


WORK = (
    (EVERYTHING, (),
     ["heat$1: tiles 384 of 384, files 2 of 2, row groups 12 of 12, bytes 94 %"]),
    (HIGH, ("prune_values",),
     ["heat$1: tiles 4 of 384, files 2 of 2, row groups 2 of 12, bytes 16 %"]),
    (SEASON, ("prune_times",),
     ["heat$1: tiles 96 of 384, files 1 of 2, row groups 9 of 9, bytes 70 %"]),
    (PLACE, ("prune_regions",),
     ["heat$1: tiles 4 of 384, files 2 of 2, row groups 2 of 12, bytes 16 %"]),
    (PARENTS, ("use_summaries",),
     ["heat$1$summaries: tiles 384 of 384, files 2 of 2, row groups 12 of 12, bytes 0 %"]),
    (FINER_PARENTS, ("use_summaries",),
     ["heat$1$summaries: tiles 384 of 384, files 2 of 2, row groups 12 of 12, bytes 4 %"]),
    (COARSER, ("use_overviews",),
     ["heat$1: tiles 384 of 384, files 2 of 2, row groups 12 of 12, bytes 4 %"]),
    (THROUGH_A_JOIN, ("share_tiles",),
     ["relief$2: tiles 1 of 96, files 1 of 1, row groups 1 of 3, bytes 31 %",
      "heat$1: tiles 4 of 384, files 2 of 2, row groups 2 of 12, bytes 16 %"]),
    (EARLIER, (),
     ["heat$1: tiles 288 of 288, files 1 of 1, row groups 9 of 9, bytes 94 %"]),
)
"""Statements, the rules without which more is read, and what is read."""


@pytest.mark.parametrize("text,rules,wanted", WORK)
def test_no_more_is_read_than_was(session: Any, text: str, rules: tuple[str, ...], wanted: list[str]) -> None:
    assert product.reading(session, text, None).split("\n") == wanted


@pytest.mark.parametrize("text,rules,wanted", [row for row in WORK if row[1]])
def test_without_its_rules_more_is_read(store: Path, text: str, rules: tuple[str, ...], wanted: list[str]) -> None:
    others = [name for name in product.rule_names() if name not in rules]
    assert len(others) == len(product.rule_names()) - len(rules)
    with product.connect(store, rules=others) as session:
        assert product.reading(session, text, None).split("\n") != wanted


def test_a_frozen_layer_that_meets_another_keeps_no_array_once_a_cell(cube_store: Path) -> None:
    with product.connect(cube_store, memory_limit="100MB") as session:
        session.engine.database.execute("SET GLOBAL max_temp_directory_size = '0KB'")
        assert len(product.query(session, "FROM twin AT '2025-06' SEMI JOIN far SELECT cell").rows) == 56
