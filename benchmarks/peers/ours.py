"""CubeQL: one session, each question a statement."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.peers.building import THREADS
from benchmarks.peers.landscape import BLOCK_RESOLUTION, Landscape
from benchmarks.peers.questions import HEIGHT_CLASS, HEIGHTS, NDVI_CLASS, WARMER_THAN
from cubeql.session import Session


def statements(land: Landscape) -> dict[str, str]:
    """The questions as statements."""
    lon, lat = land.point
    return {
        "point": f"SELECT time, ndvi FROM ndvi FILTER cell WITHIN POINT({lon}, {lat}) ORDER BY time",
        "polygon": "SELECT time, avg(ndvi) AS mean FROM ndvi "
        f"FILTER cell WITHIN POLYGON '{land.polygon}' GROUP BY time ORDER BY time",
        "filter": "FROM ndvi JOIN elevation JOIN temperature "
        f"FILTER elevation BETWEEN {HEIGHTS[0]} AND {HEIGHTS[1]} AND temperature > {WARMER_THAN} "
        "GROUP BY time SELECT time, avg(ndvi) AS mean, count(ndvi) AS n ORDER BY time",
        "month": f"FROM ndvi GROUP BY date_trunc('month', time) AS month, CELL({BLOCK_RESOLUTION}) AS block "
        "SELECT month, block, avg(ndvi) AS mean, count(ndvi) AS n",
        "heights": "FROM ndvi JOIN elevation "
        f"GROUP BY floor(ndvi / {NDVI_CLASS}) AS a, elevation // {HEIGHT_CLASS} AS b SELECT a, b, count(*) AS n",
        "classes": "FROM ndvi JOIN land "
        f"GROUP BY floor(ndvi / {NDVI_CLASS}) AS a, land AS b SELECT a, b, count(*) AS n",
    }


def ask(land: Landscape, **settings: Any) -> dict[str, Callable[[], Any]]:
    """The questions, to be asked."""
    session = Session.open(land.folder / "store", threads=THREADS, **settings)
    return {name: partial(_answered, session, text) for name, text in statements(land).items()}


def ask_files(land: Landscape) -> dict[str, Callable[[], Any]]:
    """The same, with arrays decoded anew for each."""
    return ask(land, array_memory="0")


def _answered(session: Session, text: str) -> Any:
    return session.query(text).to_arrow()
