"""The threads of a job: some make the rows of groups of tiles, some write them, in order, to files.

A line is a stretch of groups whose rows follow each other in the same files. Each line has a thread that writes; it
has groups made ahead of itself by the threads that all lines share, and takes them in order. What is on its way is
bounded: every line has so many groups ahead, every group so many bytes.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, pairwise

import pyarrow as pa

from cubeql.catalog import Layer
from cubeql.ingest.faults import IngestCancelled
from cubeql.ingest.tiler import Group, Tiler
from cubeql.storage.strand import encoded
from cubeql.storage.write import LayerWrite

THREADS = "cubeql-ingest"
_LEAST_BYTES = 6 * 2**20  # less memory for a group is not worth a thread
_LINE_BYTES = 256 * 2**20  # arrays, before compression, from which on a second file may be begun
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """How many threads there are, and what each may use.

    Attributes:
        makers: threads that make rows.
        lines: threads that write.
        bytes: for the pixels of a group, and again for its rows.
    """

    makers: int
    lines: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Step:
    """What has come to be written: pairs of tile and picture, the tiles that have rows, cells with a value."""

    pairs: int
    tiles: frozenset[int]
    cells: int


def make_plan(memory_limit: int, cores: int | None = None) -> Plan:
    """Share out three eighths of the memory; a quarter is for unpacked blocks, the rest for the program itself.

    Args:
        memory_limit: bytes an ingest may use.
        cores: how many there are; None asks.
    """
    cores = cores or _cores()
    shared = memory_limit * 3 // 8
    makers = max(1, min(cores, shared // (4 * _LEAST_BYTES)))
    lines = max(1, makers // 2)
    # Groups being made have pixels; those, the ones that wait and the ones being written have rows.
    return Plan(makers, lines, max(2**16, shared // (makers + lines * (_ahead(makers, lines) + 1))))


def _ahead(makers: int, lines: int) -> int:
    """Groups that a line has made ahead of itself."""
    return -(-makers // lines) + 1


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # what this process may use, where the system tells
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Crew:
    """Makes and writes the rows of a job."""

    def __init__(self, tiler: Tiler, layer: Layer, write: LayerWrite, plan: Plan, check: Callable[[], None]) -> None:
        """Prepare.

        Args:
            tiler: makes the blocks.
            layer: the record they are of.
            write: where they go.
            plan: see :func:`make_plan`.
            check: raises to stop; asked in every thread.
        """
        self._tiler, self._layer, self._write, self._plan = tiler, layer, write, plan
        self._user_check = check
        tiler.check = self._check
        self._stop = threading.Event()
        self._fault: BaseException | None = None
        self._steps: queue.SimpleQueue[Step | None] = queue.SimpleQueue()

    def steps(self) -> Generator[Step]:
        """Do the work; what it gives says how far it is. Closing it, or an exception, stops every thread first.

        Raises:
            IngestError: a source; or ``check``'s exception.
            StoreError: the store.
        """
        groups = self._tiler.groups(4 * self._plan.makers)
        lines = _lines(groups, min(self._plan.lines, self._tiler.pairs * self._tiler.row_bytes // _LINE_BYTES))
        with (
            ThreadPoolExecutor(self._plan.makers, THREADS) as makers,
            ThreadPoolExecutor(len(lines), f"{THREADS}-line") as writers,
        ):
            try:
                for line in lines:
                    writers.submit(self._line, line, makers)
                yield from self._told(len(lines))
            finally:
                self._stop.set()
                makers.shutdown(wait=True, cancel_futures=True)
        if self._fault is not None:
            raise self._fault

    def _told(self, lines: int) -> Iterator[Step]:
        """What the lines say, until the last of them has ended."""
        while lines:
            self._user_check()
            try:
                step = self._steps.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if step is None:
                lines -= 1
            else:
                yield step

    def _check(self) -> None:
        if self._stop.is_set():
            raise IngestCancelled("the ingest was stopped")
        self._user_check()

    def _line(self, groups: Sequence[Group], makers: ThreadPoolExecutor) -> None:
        """Write the rows of some groups, in order."""
        ahead = _ahead(self._plan.makers, self._plan.lines)
        waiting: deque[Future[list[tuple[pa.Table | None, int]]]] = deque()
        try:
            with self._write.strand() as strand:
                todo = iter(groups)
                waiting.extend(makers.submit(self._make, group) for group in islice(todo, ahead))
                while waiting:
                    made = waiting.popleft().result()
                    if (group := next(todo, None)) is not None:
                        waiting.append(makers.submit(self._make, group))
                    for rows, pairs in made:
                        self._check()
                        if rows is not None:
                            strand.add(rows)
                        self._steps.put(_step(rows, pairs))
                    del made
        except BaseException as fault:
            # Whatever it is, it belongs to the thread that waits for the steps.
            self._failed(fault)
        finally:
            self._steps.put(None)

    def _make(self, group: Group) -> list[tuple[pa.Table | None, int]]:
        try:
            self._check()
            return [(encoded(self._layer, batch.blocks), batch.pairs) for batch in self._tiler.batches(group)]
        except BaseException as fault:
            self._failed(fault)
            raise

    def _failed(self, fault: BaseException) -> None:
        """Stop everybody; the first fault is the one that is told."""
        if self._fault is None and not self._stop.is_set():
            self._fault = fault
        self._stop.set()


def _lines(groups: list[Group], count: int) -> list[list[Group]]:
    """The groups in so many stretches, at least one and none empty."""
    count = max(1, min(count, len(groups)))
    bounds = [len(groups) * i // count for i in range(count + 1)]
    return [groups[a:b] for a, b in pairwise(bounds)]


def _step(rows: pa.Table | None, pairs: int) -> Step:
    if rows is None:
        return Step(pairs, frozenset(), 0)
    cells = int(rows["footprint__count"].to_numpy().sum())
    return Step(pairs, frozenset(rows["tile"].to_pylist()), cells)
