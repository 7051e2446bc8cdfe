"""One portion of an ingest, from pixels to its commit."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from cubeql.catalog import Layer
from cubeql.ingest.faults import IngestCancelled
from cubeql.ingest.options import IngestOptions, Mode
from cubeql.ingest.planning import Job
from cubeql.ingest.tiler import Batch, Tiler
from cubeql.storage import Store, TileBlock

Cancel = Callable[[], bool]

_AHEAD = 1  # batches made while one is being written


def _memory(options: IngestOptions) -> int:
    """Bytes for the pixels and cells of one batch.

    Three are in hand (being made, waiting, being written) beside the rows that the store is collecting and
    encoding, the grid maps and the blocks that the raster library keeps.
    """
    return max(2**20, options.memory_limit // 8)


class Watch:
    """Asks whether to stop, from the thread that reads and the one that writes."""

    def __init__(self, cancel: Cancel | None) -> None:
        self._cancel, self.stop = cancel, threading.Event()

    def check(self) -> None:
        """Go on, or not.

        Raises:
            IngestCancelled: somebody said so.
        """
        if self._cancel is not None and self._cancel():
            raise IngestCancelled("the ingest was cancelled")
        if self.stop.is_set():
            raise IngestCancelled("the ingest was stopped")


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
) -> Written:
    """Write the rows of a job in one commit; without a valid pixel, nothing.

    Args:
        store: where the layer is or shall be.
        job: the job.
        layer: the record to commit with the rows.
        options: what the user said.
        watch: asks whether to stop.
        progress: told the pairs of tile and picture that are done, all of them, and the cells made.
    """
    tiler = Tiler(layer.resolution, [b.name for b in layer.bands], job.feeds, _memory(options), watch.check)
    mode: Mode = "append" if job.existing is not None else "create"
    if options.mode == "replace":
        mode = "replace"
    done = cells = 0
    tiles: set[int] = set()
    batches = ahead(tiler.batches(), watch.stop)
    try:
        with store.write(
            layer, mode, options.on_conflict, buffer_bytes=max(2**20, options.memory_limit // 8)
        ) as write:
            for batch in batches:
                for block in batch.blocks:
                    write.add(block)
                    tiles.add(block.tile)
                    cells += _valid_cells(block)
                done += batch.pairs
                watch.check()
                progress(done, tiler.pairs, cells)
            if not tiles:
                raise _NothingValid
    except _NothingValid:
        return Written(None)
    finally:
        batches.close()
        for feed in job.feeds:
            feed.source.close()
    return Written(write.version, frozenset(tiles), write.rows, cells, write.bytes)


class _NothingValid(Exception):  # noqa: N818 (ends the write without a commit)
    pass


def _valid_cells(block: TileBlock) -> int:
    """Cells with a value in at least one band."""
    flags = [valid for _, valid in block.bands.values()]
    some = flags[0]
    for other in flags[1:]:
        some = some | other
    return int(some.sum())


def ahead(batches: Iterator[Batch], stop: threading.Event) -> Generator[Batch]:
    """Make the next batch in a thread of its own while one is being written.

    Closing the iterator stops the thread and waits for it.
    """
    made: queue.Queue[Batch | BaseException | None] = queue.Queue(maxsize=_AHEAD)

    def offer(item: Batch | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                made.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def make() -> None:
        try:
            for batch in batches:
                if not offer(batch):
                    return
            offer(None)
        except BaseException as fault:
            # Whatever it is, it belongs to the thread that waits.
            offer(fault)

    thread = threading.Thread(target=make, name="cubeql-ingest", daemon=True)
    thread.start()
    try:
        while (item := made.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()
