"""A layer's files written anew in the order of their rows, portion by portion: the same rows, summaries and all.

Readers keep the files of their snapshot, what others append meanwhile stays as it is, and where another writer takes
away a file that is being written anew it is decided again. Whoever dies leaves the portions that were committed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from cubeql.catalog import Layer
from cubeql.errors import InternalError, StoreError
from cubeql.storage.altering import schema_of
from cubeql.storage.committing import ATTEMPTS, Shelf
from cubeql.storage.compaction import PORTION_BYTES, Portion, Sizes, plan
from cubeql.storage.naming import Named
from cubeql.storage.parquet import NewFile
from cubeql.storage.records import record_layer
from cubeql.storage.rowbuffer import FILE_BYTES
from cubeql.storage.sorting import Gatherer, Places, in_order
from cubeql.storage.table import Change, CommitConflict, DataFile, TableState
from cubeql.storage.tablefiles import TableFiles

MEMORY_BYTES = 2**29


@dataclass(frozen=True, slots=True)
class CompactProgress:
    """How far a compaction is.

    Attributes:
        done: bytes of files written anew so far.
        total: of all that are to be.
        seconds: since it began.
    """

    done: int
    total: int
    seconds: float

    @property
    def seconds_left(self) -> float | None:
        """Estimate at the mean rate so far; None before anything is done."""
        return self.seconds * max(0, self.total - self.done) / self.done if self.done else None


@dataclass(frozen=True, slots=True)
class CompactReport:
    """What a compaction did, or would do.

    Attributes:
        layer: its name.
        files_before: files of the layer.
        files_after: files of the layer then; where nothing was done, an estimate.
        bytes_before: their size.
        bytes_after: their size then, alike.
        rewritten: files that were written anew.
        rewritten_bytes: their size.
        commits: versions made.
        complete: whether all was done that was to do.
        dry_run: whether nothing was done at all.
        seconds: it took.
    """

    layer: str
    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int
    rewritten: int
    rewritten_bytes: int
    commits: int
    complete: bool
    dry_run: bool
    seconds: float

    def render(self) -> str:
        """One line for people."""
        if not self.rewritten:
            return f"layer {self.layer}: its files are in order ({self.files_before:,})"
        would, about = ("would become", "about ") if self.dry_run else ("became", "")
        files = f"{self.files_before:,} files {would} {self.files_after:,}"
        sizes = f"{self.bytes_before / 1e6:,.1f} MB {about}{self.bytes_after / 1e6:,.1f} MB"
        rest = "" if self.complete or self.dry_run else "; it was stopped before all was done"
        return f"layer {self.layer}: {files}, {sizes}; {self.rewritten:,} written anew{rest}"


class Compactor:
    """One compaction of one layer; for one thread."""

    def __init__(
        self,
        shelf: Shelf,
        named: Named,
        target_bytes: int = FILE_BYTES,
        memory_bytes: int = MEMORY_BYTES,
        portion_bytes: int | None = None,
        progress: Callable[[CompactProgress], None] | None = None,
        cancel: Callable[[], bool] | None = None,
    ) -> None:
        """Compact what has a name.

        Args:
            shelf: the store's.
            named: the layer.
            target_bytes: of a file.
            memory_bytes: of rows held at a time.
            portion_bytes: of files in one commit.
            progress: called as it goes on.
            cancel: asked again and again; True stops it, what was committed stays.
        """
        self._shelf, self._named = shelf, named
        self._table = TableFiles(shelf.objects, named.at)
        self._target, self._memory, self._portion = target_bytes, memory_bytes, portion_bytes
        self._progress, self._cancel = progress, cancel
        self._began = time.monotonic()
        self._old: dict[str, bool] = {}
        self._made: set[str] = set()
        self._read: dict[str, int] = {}
        self._commits = 0
        self._total = 0

    def run(self, dry_run: bool = False) -> CompactReport:
        """Do it, or say what would be done.

        Raises:
            StoreError: the layer is gone, a file is damaged, or the store cannot be written.
        """
        begin = self._state()
        portions = self._plan(begin)
        self._total = sum(p.bytes for p in portions)
        if dry_run:
            return self._planned(begin, portions)
        complete = True
        attempts = 0
        while portions and complete:
            state = self._state()
            portions = self._plan(state)
            if portions:
                attempts = 0 if self._one(state, portions[0]) else attempts + 1
                complete = not self._stopped()
            if attempts == ATTEMPTS:
                raise StoreError(f"layer {self._named.name}: other writers were faster {ATTEMPTS} times; try again")
        return self._report(begin, self._state(), complete)

    # -------------------------------------------------------------- what is to be done

    def _state(self) -> TableState:
        named = self._shelf.layer(self._named.name)
        # What was renamed has the same table; what was dropped may have left some of it.
        there = (named is not None and named.at == self._named.at) or self._named.at in self._shelf.names.places()
        state = self._shelf.tables.load(self._named.at) if there else None
        if state is None:
            raise StoreError(f"the layer {self._named.name} was dropped while it was being compacted")
        return state

    def _layer(self, state: TableState) -> Layer:
        return record_layer(state.record, state.version, self._table.uri(""))

    def _sizes(self, layer: Layer) -> Sizes:
        return Sizes(self._target, self._portion or PORTION_BYTES[layer.kind])

    def _plan(self, state: TableState) -> list[Portion]:
        """What is left to do; never what this compaction made itself."""
        layer = self._layer(state)
        found = plan(layer, state, self._sizes(layer), lambda f: self._is_old(layer, f))
        return [p for p in found if any(f.name not in self._made for f in p.files)]

    def _is_old(self, layer: Layer, file: DataFile) -> bool:
        if file.name not in self._old:
            self._old[file.name] = Gatherer(layer, self._table).columns(file.name) != schema_of(layer).names
        return self._old[file.name]

    def _stopped(self) -> bool:
        return self._cancel is not None and self._cancel()

    # -------------------------------------------------------------- one portion

    def _one(self, state: TableState, portion: Portion) -> bool:
        """Write a portion anew and commit it; False where others were faster and it is to be planned again."""
        layer = self._layer(state)
        gather = Gatherer(layer, self._table)
        places = in_order(gather, portion.files)
        if portion.cuts:
            cut = self._cut(gather, portion, places)
            if cut is not None:
                return cut
        parts = places.parts(self._sizes(layer).files(portion.bytes))
        made = self._written(gather, portion.files, parts)
        return made is not None and self._commit(portion.files, made)

    def _cut(self, gather: Gatherer, portion: Portion, places: Places) -> bool | None:
        """Cut each file at the same keys, a commit each; None where none of them holds rows on both sides of a cut."""
        parts = places.parts(portion.cuts)
        done = None
        for number, file in enumerate(portion.files):
            own = [found for part in parts if (found := part.of_file(number)).count]
            if len(own) == 1:
                continue
            made = self._written(gather, portion.files, own)
            if made is None or not self._commit((file,), made):
                return False
            # The pieces are to be put in order with those of the other files.
            self._made -= {f.name for f in made}
            done = True
        return done

    def _written(self, gather: Gatherer, files: tuple[DataFile, ...], parts: list[Places]) -> list[DataFile] | None:
        """New files, one a part; None where the work was stopped."""
        made: list[DataFile] = []
        size = gather.group_rows
        most = max(size, self._memory // gather.row_bytes // size * size)
        try:
            for part in parts:
                rows = (group for chunk in part.chunks(most) for group in gather.groups(files, chunk))
                done = self._file(gather, rows)
                if done is None:
                    self._table.remove(f.name for f in made)
                    return None
                made.append(done)
        except BaseException:
            self._table.remove(f.name for f in made)
            raise
        return made

    def _file(self, gather: Gatherer, groups: Iterator[pa.Table]) -> DataFile | None:
        first = next(groups)
        if self._stopped():
            return None
        with NewFile(gather.shape, self._table, gather.new_name(first)) as file:
            file.write(first)
            for rows in groups:
                if self._stopped():
                    file.discard()
                    return None
                file.write(rows)
            return file.close()

    def _commit(self, files: tuple[DataFile, ...], made: list[DataFile]) -> bool:
        if sum(f.rows for f in made) != sum(f.rows for f in files):
            raise InternalError(f"layer {self._named.name}: a compaction would have changed the number of rows")
        names = {f.name for f in files}
        try:
            for attempt in range(ATTEMPTS):
                if attempt:
                    time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))
                state = self._state()
                if not names <= set(state.files["path"].to_pylist()):
                    break  # another writer has taken one of them away
                try:
                    self._shelf.tables.commit(self._named.at, state, self._change(state, files, made))
                except CommitConflict:
                    continue
                self._note(files, made)
                return True
        except BaseException:
            self._remove_uncommitted(made)
            raise
        self._table.remove(f.name for f in made)
        return False

    def _remove_uncommitted(self, made: list[DataFile]) -> None:
        """After a fault: whether the commit took place is looked up, for it may have."""
        try:
            there = set(self._state().files["path"].to_pylist())
        except StoreError:
            return
        self._table.remove(f.name for f in made if f.name not in there)

    def _change(self, state: TableState, files: tuple[DataFile, ...], made: list[DataFile]) -> Change:
        layer = self._layer(state)
        # Files of an older format had other columns than the table has from now on.
        fresh = any(self._old.get(f.name) for f in files)
        return Change(
            what=f"compact: {sum(f.rows for f in made)} rows, {len(files)} files written anew as {len(made)}",
            record=state.record if fresh else None,
            schema=schema_of(layer) if fresh else None,
            adds=tuple(made),
            removes=tuple(f.name for f in files),
            rearranged=True,
        )

    def _note(self, files: tuple[DataFile, ...], made: list[DataFile]) -> None:
        self._commits += 1
        self._made |= {f.name for f in made}
        self._read |= {f.name: f.bytes for f in files}
        if self._progress is not None:
            done = min(self._total, sum(self._read.values()))
            self._progress(CompactProgress(done, self._total, time.monotonic() - self._began))

    # -------------------------------------------------------------- what came of it

    def _planned(self, state: TableState, portions: list[Portion]) -> CompactReport:
        sizes = self._sizes(self._layer(state))
        files = [f for p in portions for f in p.files]
        count, size = state.files.num_rows, _size(state)
        after = count - len(files) + sum(sizes.files(p.bytes) for p in portions)
        return CompactReport(
            self._named.name, count, after, size, size, len(files), self._total, 0, not files, True,
            time.monotonic() - self._began,
        )  # fmt: skip

    def _report(self, begin: TableState, end: TableState, complete: bool) -> CompactReport:
        return CompactReport(
            self._named.name, begin.files.num_rows, end.files.num_rows, _size(begin), _size(end),
            len(self._read), sum(self._read.values()), self._commits, complete, False,
            time.monotonic() - self._began,
        )  # fmt: skip


def _size(state: TableState) -> int:
    return int(np.sum(state.files["size_bytes"].to_numpy()))
