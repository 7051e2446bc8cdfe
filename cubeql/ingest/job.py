"""One portion of an ingest, from pixels to its commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from cubeql.catalog import Layer
from cubeql.ingest.crew import Crew, make_plan
from cubeql.ingest.faults import IngestCancelled
from cubeql.ingest.options import IngestOptions, Mode
from cubeql.ingest.planning import Job
from cubeql.ingest.tiler import Tiler
from cubeql.storage import Store

Cancel = Callable[[], bool]
Clearing = Sequence[tuple[np.datetime64, np.datetime64]] | None


class Watch:
    """Asks whether to stop, from every thread of a job."""

    def __init__(self, cancel: Cancel | None) -> None:
        self._cancel = cancel

    def check(self) -> None:
        """Go on, or not.

        Raises:
            IngestCancelled: the user said so.
        """
        if self._cancel is not None and self._cancel():
            raise IngestCancelled("the ingest was cancelled")


@dataclass(frozen=True, slots=True)
class Written:
    """What a job wrote; ``version`` is None where no pixel was valid and nothing was committed."""

    version: int | None
    tiles: frozenset[int] = frozenset()
    rows: int = 0
    cells: int = 0
    bytes: int = 0


def run_job(
    store: Store,
    job: Job,
    layer: Layer,
    options: IngestOptions,
    watch: Watch,
    progress: Callable[[int, int, int], None],
    cleared: Clearing = (),
) -> Written:
    """Write the rows of a job in one commit; without a valid pixel, and nothing to clear, nothing.

    Args:
        store: where the layer is or shall be.
        job: the job.
        layer: the record to commit with the rows.
        options: what the user said.
        watch: asks whether to stop.
        progress: told the pairs of tile and picture that are done, all of them, and the cells made.
        cleared: times whose rows leave the layer in the same commit; None for all rows.
    """
    plan = make_plan(options.memory_limit)
    tiler = Tiler(layer.resolution, [b.name for b in layer.bands], job.feeds, plan.bytes)
    mode: Mode = "append" if job.existing is not None else "create"
    if options.mode == "replace":
        mode = "replace"
    done = cells = 0
    tiles: set[int] = set()
    try:
        conflict, size = options.on_conflict, plan.bytes
        with store.write(layer, mode, conflict, buffer_bytes=size, add_bands=options.add_bands) as write:
            if cleared is None or cleared:
                write.clear(cleared)
            with closing(Crew(tiler, layer, write, plan, watch.check).steps()) as steps:
                for step in steps:
                    done, cells = done + step.pairs, cells + step.cells
                    tiles |= step.tiles
                    progress(done, tiler.pairs, cells)
            if not tiles and cleared is not None and not cleared:
                raise _NothingValid
    except _NothingValid:
        return Written(None)
    finally:
        for feed in job.feeds:
            feed.source.close()
    return Written(write.version, frozenset(tiles), write.rows, cells, write.bytes)


class _NothingValid(Exception):  # noqa: N818 (ends the write without a commit)
    pass
