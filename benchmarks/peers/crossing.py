"""When an ingest pays: what questions cost on rasters read in place, and on the layer made of them."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks.measure import timed
from benchmarks.peers import building
from benchmarks.peers.landscape import FINE_RESOLUTION, Landscape
from cubeql.session import Session

_SCENE, _BAND = "scene", "value"
_IN_PLACE = "in_place"


@dataclass(frozen=True)
class Crossing:
    """One question, both ways.

    Attributes:
        says: what is asked.
        rasters: number of rasters.
        in_place: CPU seconds where they are read in place.
        stored: CPU seconds on the layer.
        ingest: CPU seconds of making the layer.
    """

    says: str
    rasters: int
    in_place: float
    stored: float
    ingest: float

    @property
    def pays_after(self) -> float:
        """Questions after which the ingest has cost less; infinite where it never does."""
        saved = self.in_place - self.stored
        return self.ingest / saved if saved > 0 else float("inf")


def crossings(land: Landscape, times: int) -> Iterator[Crossing]:
    """The questions on one raster and on all dates, COGs with deflate."""
    lon, lat = land.point
    asked = {
        "one place": (f"SELECT time, {{v}} FROM {{s}} FILTER cell WITHIN POINT({lon}, {lat})", (1, land.dates)),
        "a small polygon": (
            f"SELECT time, avg({{v}}) AS m FROM {{s}} FILTER cell WITHIN POLYGON '{land.polygon}' GROUP BY time",
            (1, land.dates),
        ),
        "everything": ("SELECT time, avg({v}) AS m FROM {s} GROUP BY time", (1,)),
    }
    for many in (1, land.dates):
        files = [str(land.file("ndvi", day, "cog")) for day in land.days[:many]]
        shutil.rmtree(land.folder / _IN_PLACE, ignore_errors=True)
        with Session.open(land.folder / _IN_PLACE, create=True, threads=building.THREADS) as session:
            ingest, _, _ = timed(partial(_ingested, session, files))
            listed = ", ".join(f"'{file}'" for file in files)
            session.query(
                f"CREATE VIEW {_SCENE} AS RASTER [{listed}] "
                f"WITH (resolution {FINE_RESOLUTION}, time_pattern '%Y%m%d', method 'nearest')"
            )
            for says, (text, counts) in asked.items():
                if many in counts:
                    placed = _median(session, text.format(v=_BAND, s=_SCENE), times)
                    stored = _median(session, text.format(v="ndvi", s="stored"), times)
                    yield Crossing(says, many, placed, stored, ingest)
    shutil.rmtree(land.folder / _IN_PLACE)


def _ingested(session: Session, files: list[str]) -> None:
    session.ingest(files, layer="stored", bands={"ndvi": 1}, resolution=FINE_RESOLUTION, method="nearest",
                   time_pattern="%Y%m%d")  # fmt: skip


def _median(session: Session, text: str, times: int) -> float:
    def run() -> None:
        session.query(text).to_arrow()

    run()
    return statistics.median(timed(run)[0] for _ in range(times))
