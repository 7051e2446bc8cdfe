"""ON TIME DURING where steps end at their stamp, and where each row says how long its own is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cubeql
from cubeql.catalog import Band, Layer, TimeAxis
from cubeql.storage import Store, TileBlock
from cubeql.values.cells import parent
from tests.support.cube import A

Steps = list[tuple[str, str | None]]


def day(text: str | None) -> np.datetime64 | None:
    return None if text is None else np.datetime64(text, "us")


def write(store: Store, name: str, axis: TimeAxis, steps: Steps, resolution: int = 2) -> None:
    """A layer of one tile whose values count the steps from 0."""
    tile, count = int(parent(A, 0)), 7**resolution
    band = Band("v", "int16")
    with store.write(Layer(name, resolution, (band,), axis), "create") as write:
        for number, (time, end) in enumerate(steps):
            values = np.full(count, number, "int16")
            write.add(TileBlock(tile, day(time), day(end), (), {"v": (values, np.ones(count, bool))}))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = Path(tmp_path_factory.mktemp("steps"))
    store = Store.open(str(folder), create=True)
    instants: Steps = [(f"2024-05-{d:02d}", None) for d in (1, 3, 5, 9, 20)]
    write(store, "driver", TimeAxis("instant"), instants)
    irregular: Steps = [("2024-05-01", "2024-05-03"), ("2024-05-03", "2024-05-09"), ("2024-05-09", "2024-05-15")]
    write(store, "own", TimeAxis("start"), irregular)
    write(store, "finer", TimeAxis("start"), irregular, 3)
    write(store, "coarser", TimeAxis("start"), irregular, 1)
    ended: Steps = [("2024-05-03", "2024-05-03"), ("2024-05-05", "2024-05-05"), ("2024-05-11", "2024-05-11")]
    write(store, "ended", TimeAxis("end", "P2D"), ended)
    write(store, "unknown", TimeAxis("end"), ended)
    with cubeql.connect(str(folder)) as session:
        yield session


def met(session: Any, layer: str, kind: str = "JOIN", where: str = "") -> list[tuple[int, int | None]]:
    """Day of the driver and value of the joined row, at one cell."""
    text = f"FROM driver {kind} {layer} ON TIME DURING {where} FILTER cell WITHIN CELL '851f8d47fffffff'"
    table = session.query(f"{text} SELECT day(driver.time) AS d, {layer}.v AS v ORDER BY d").to_arrow()
    return list(zip(table["d"].to_pylist(), table["v"].to_pylist(), strict=True))


@pytest.mark.parametrize("layer", ["own", "coarser"])
def test_each_row_says_where_its_step_ends(session: Any, layer: str) -> None:
    assert met(session, layer) == [(1, 0), (3, 1), (5, 1), (9, 2)]
    assert met(session, layer, "LEFT JOIN")[-1] == (20, None)


def test_a_finer_layer_keeps_the_ends_of_its_steps(session: Any) -> None:
    assert met(session, "finer") == [(1, 0), (3, 1), (5, 1), (9, 2)]


def test_a_step_that_ends_at_its_stamp_does_not_hold_it(session: Any) -> None:
    assert met(session, "ended") == [(1, 0), (3, 1), (9, 2)]


def test_what_is_read_reaches_the_stamp_after_the_last_instant(session: Any) -> None:
    assert met(session, "ended", where="FILTER driver.time IN '2024-05-09'") == [(9, 2)]
    assert met(session, "own", where="FILTER driver.time IN '2024-05-05'") == [(5, 1)]


def test_rows_meet_alike_beside_a_query(session: Any) -> None:
    text = "WITH q AS (SELECT cell, time FROM driver) FROM q {} JOIN {} ON TIME DURING"
    for layer in ("own", "ended", "finer", "coarser"):
        count = f" SELECT count(*) AS n, sum({layer}.v) AS s"
        row = session.query(text.format("", layer) + count).to_arrow().to_pylist()
        assert row == session.query(f"FROM driver JOIN {layer} ON TIME DURING{count}").to_arrow().to_pylist()


def test_ends_of_steps_of_unknown_length_are_refused(session: Any) -> None:
    with pytest.raises(cubeql.QueryError, match="no steps of known start and end"):
        session.query("FROM driver JOIN unknown ON TIME DURING SELECT cell")
