"""Reading less by values: a filter that few tiles can fulfil, alone and in joins, and what the first pass costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import places
from benchmarks.data import CELLS, HEIGHT, NDVI, TEMPERATURE, Data
from benchmarks.measure import Row
from benchmarks.reading import asked
from cubeql.catalog import Band, Layer, TimeAxis
from cubeql.plan.rules import RULES
from cubeql.session import Session
from cubeql.storage import Store, TileBlock

TILES = 100
DATES = 32
_FIRST = np.datetime64("2024-03-01T10:00:00", "us")
_STEP = np.timedelta64(5, "D")
_NEW = ("prune_values", "share_tiles")

FULL = "FROM heat GROUP BY time SELECT time, stddev(ndvi) AS s"  # which no summary answers
FILTERED = "FROM heat FILTER ndvi > 0.99 GROUP BY time SELECT time, stddev(ndvi) AS s"
THREE = "FROM heat JOIN moist JOIN relief {} GROUP BY heat.time SELECT heat.time, avg(ndvi + t + elevation) AS m"
ON_ONE = THREE.format("FILTER elevation >= 990")
UNFILTERED = "FROM ndvi JOIN temp JOIN dem GROUP BY ndvi.time SELECT ndvi.time, avg(ndvi + t) AS m"


def rows(session: Session, data: Data) -> Iterator[Row]:
    """The rows of this page."""
    store = _made(data.folder / "pruning")
    every, all_rules = TILES * DATES * CELLS, Session.open(store)
    without = Session.open(store, rules=_others())
    yield Row("prune/everything", asked(all_rules, FULL, every))
    yield Row("prune/1 % of tiles by value", asked(all_rules, FILTERED, every), "prune/everything",
              also=_of_all(all_rules, FILTERED, FULL))  # fmt: skip
    yield Row("prune/three layers", asked(all_rules, THREE.format(""), every))
    yield Row("prune/three layers, 1 % of one by value", asked(all_rules, ON_ONE, every), "prune/three layers",
              also=_of_all(all_rules, ON_ONE, THREE.format("")))  # fmt: skip
    yield Row("prune/the same, rules off", asked(without, ON_ONE, every), "prune/three layers", best=3)
    plain = Session.open(data.folder / "store", rules=_others())
    yield Row("prune/join without a filter, rules off", asked(plain, UNFILTERED))
    yield Row("prune/join without a filter", asked(session, UNFILTERED), "prune/join without a filter, rules off", 1.03,
              best=15)


def _of_all(session: Session, text: str, whole: str) -> Callable[[], dict[str, float]]:
    """Tile rows that are read, and the share of bytes, beside those of another statement."""

    def said() -> dict[str, float]:
        few, every = session.explain(text), session.explain(whole)
        kept, all_kept = (sum(s.tiles_kept or 0 for s in e.scans) for e in (few, every))
        return {"tiles": kept, "of all": all_kept, "% of bytes": 100 * few.bytes_to_read / every.bytes_to_read}

    return said


def _others() -> tuple[str, ...]:
    return tuple(r.__name__ for r in RULES if r.__name__ not in _NEW)


def _made(folder: Path) -> Path:
    """A store of layers whose values grow from tile to tile; made once, then found."""
    store = Store.open(folder, create=True)
    if store.layer("relief") is None:
        tiles = np.sort(np.array(places.tiles(TILES), np.int64)).tolist()
        for name, band, dates in (("heat", NDVI, DATES), ("moist", TEMPERATURE, DATES), ("relief", HEIGHT, 1)):
            layer = Layer(name, 9, (band,), time=TimeAxis() if dates > 1 else None)
            with store.write(layer, mode="replace") as write:
                for number, tile in enumerate(tiles):
                    for date in range(dates):
                        time = _FIRST + date * _STEP if dates > 1 else None
                        write.add(TileBlock(tile, time, None, (), {band.name: _values(band, number, date)}))
    return folder


def _values(band: Band, number: int, date: int) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Of each tile a hundredth of all values: the last alone has those above 0.99 (of heights from 990 on)."""
    random = np.random.default_rng([number, date, len(band.name)])
    share = (number + random.random(CELLS) * 0.9) / TILES
    top = {"ndvi": 10_000, "elevation": 1_000}.get(band.name, 30.0)
    return (share * top).astype(band.storage), np.ones(CELLS, bool)
