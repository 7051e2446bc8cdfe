"""A store: a folder of layers, each a table of tile files with a log of its own::

<store>/cubeql-store.json         marks the folder as a store and says in which format
<store>/layers/<name>/_delta_log  the log: the only truth about which files a layer consists of
<store>/layers/<name>/data/...    tile files
<store>/views/<name>.json         a view: the text of a query
<store>/cells/<name>.parquet      a set of cells
<store>/cache/                    what can be made again: grid maps, masks
<store>/trash/                    dropped layers until their files are deleted
"""

from __future__ import annotations

import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.catalog import Layer
from cubeql.errors import StoreError, nearest
from cubeql.storage.addresses import Address, local_path, parse_address
from cubeql.storage.altering import alter, named_by
from cubeql.storage.blocks import TileBlock
from cubeql.storage.cached import CachedTables
from cubeql.storage.definitions import Definitions
from cubeql.storage.delta import DeltaFormat
from cubeql.storage.files import file_table
from cubeql.storage.marker import MARKER, check_marker, make_store
from cubeql.storage.names import check_layer_name, folder_of
from cubeql.storage.records import record_layer
from cubeql.storage.rollback import rollback
from cubeql.storage.table import LayerVersion, TableFormat, TableState
from cubeql.storage.vacuum import OLDER_THAN, Leftover, leftovers
from cubeql.storage.vacuum import remove as remove_leftovers
from cubeql.values.times import TimeRange

if TYPE_CHECKING:
    from cubeql.storage.rowwrite import RowWrite
    from cubeql.storage.write import LayerWrite

BUFFER_BYTES = 256 * 1024 * 1024
ROW_BUFFER_BYTES = 64 * 1024 * 1024

@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A layer as one commit left it.

    Attributes:
        layer: its record.
        version: number of the commit.
        files: one row a file, see :func:`cubeql.storage.files.file_table`.
    """

    layer: Layer
    version: int
    files: pa.Table


class Store(Definitions):
    """An open store; a :class:`~cubeql.catalog.Catalog`. Safe to share between threads."""

    def __init__(self, address: Address, tables: TableFormat | None = None) -> None:
        """Take a store as it is; :meth:`open` checks it first."""
        super().__init__(address)
        self._tables = CachedTables(tables or DeltaFormat(), lambda name: self._taking(name, "layer", replace=True))
        self._lock = threading.Lock()
        self._snapshots: WeakKeyDictionary[TableState, Snapshot] = WeakKeyDictionary()

    @staticmethod
    def open(address: str | os.PathLike[str], create: bool = False) -> Store:
        """Open the store at an address.

        Args:
            address: a folder, a ``file://`` URI (``s3://`` is to come).
            create: make the store where there is nothing or an empty folder.

        Raises:
            StoreError: there is no store, with what was found instead; or it is of a newer format.
        """
        place = parse_address(address)
        folder = local_path(place)
        try:
            if not (folder / MARKER).exists():
                make_store(folder, create)
            check_marker(folder / MARKER)
        except OSError as error:
            raise StoreError(f"{folder}: the store cannot be opened: {error.strerror}") from error
        return Store(place)

    @property
    def cache_folder(self) -> Path:
        """Folder for what can be made again (grid maps, masks); made on demand."""
        folder = local_path(self.address.join("cache"))
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder}: the cache folder cannot be made: {error.strerror}") from error
        return folder

    def layer_names(self) -> tuple[str, ...]:
        """Names of all layers, sorted.

        Raises:
            StoreError: a layer's log or record cannot be read.
        """
        layers = (self.layer(name) for name in self._folder_names())
        return tuple(sorted(layer.name for layer in layers if layer is not None))

    def layer(self, name: str, version: int | None = None) -> Layer | None:
        """The layer of a name (without regard to case), None if absent; ``version`` reads an earlier state.

        Raises:
            StoreError: the layer has no such version, or cannot be read.
        """
        found = self._find(name, version)
        return None if found is None else found.layer

    def snapshot(self, name: str, version: int | None = None) -> Snapshot:
        """The record and files of a layer, latest or at an earlier version.

        Raises:
            StoreError: there is no such layer or version.
        """
        found = self._find(name, version)
        if found is None:
            raise self._absent(name)
        return found

    def commits(self, name: str) -> tuple[tuple[int, np.datetime64], ...]:
        """Versions of a layer that can still be read, each with the instant (UTC) from which it was current.

        Raises:
            StoreError: there is no such layer.
        """
        return tuple((v.version, np.datetime64(v.time.replace(tzinfo=None), "us")) for v in self.history(name))

    def history(self, name: str) -> list[LayerVersion]:
        """All versions of a layer, newest first.

        Raises:
            StoreError: there is no such layer.
        """
        if not self._has_layer(name):
            raise self._absent(name)
        return self._tables.history(self._folder(name))

    def write(
        self,
        layer: Layer,
        mode: Literal["create", "replace", "append"],
        on_conflict: Literal["error", "merge", "replace", "insert", "overwrite"] = "error",
        *,
        buffer_bytes: int = BUFFER_BYTES,
    ) -> LayerWrite:
        """Begin to write a layer; see :class:`~cubeql.storage.write.LayerWrite`.

        Args:
            layer: the record the layer shall have. An append keeps name, resolution, columns and their
                meaning, and may change the other facts; of ``extras`` new and changed ones are taken over.
            mode: ``create`` a new layer, ``replace`` all rows of one (or create it), or ``append`` to one.
            on_conflict: what becomes of a row whose tile, time and dimensions are there already, in the layer
                or earlier in this write: an ``error``; cell by cell ``merge`` (new valid values win), ``insert`` (a
                cell with a row in both is an error) or ``overwrite`` (a cell of the new row has the new values
                alone); or ``replace`` (the new row takes the old one's place).
            buffer_bytes: bytes of arrays held before files are written.

        Raises:
            StoreError: the layer cannot be stored, exists already (``create``), or does not fit (``append``).
        """
        # Reading a store should not wait for what only writing needs.
        from cubeql.storage.write import LayerWrite

        check_layer_name(layer.name)
        return LayerWrite(self._tables, self._folder(layer.name), layer, mode, on_conflict, buffer_bytes)

    def write_rows(
        self, layer: Layer, mode: Literal["create", "replace", "append"], *, buffer_bytes: int = ROW_BUFFER_BYTES
    ) -> RowWrite:
        """Begin to write points or zones; see :class:`~cubeql.storage.rowwrite.RowWrite`.

        ::

            layer = Layer("counties", 0, (), kind="zones", attributes=(Attribute("name", "text"),))
            with store.write_rows(layer, "create") as write:
                write.add(pa.table({"name": ["Alpha"], "geometry": [shapely.to_wkb(polygon)]}))

        Args:
            layer: the record the layer shall have, of kind ``points`` (of resolution 15) or ``zones``. An append keeps
                name, columns and their types.
            mode: ``create`` a new layer, ``replace`` all rows of one (or create it), or ``append`` to one; zones
                appended are numbered on.
            buffer_bytes: bytes of rows held before a file is written; points are sorted file by file.

        Raises:
            StoreError: the layer cannot be stored, exists already (``create``), or does not fit (``append``).
        """
        from cubeql.storage.rowwrite import RowWrite

        check_layer_name(layer.name)
        return RowWrite(self._tables, self._folder(layer.name), layer, mode, buffer_bytes)

    def read_rows(self, name: str, version: int | None = None, columns: Iterable[str] | None = None) -> pa.Table:
        """The rows of a layer of points (ordered by cell and time) or zones (by number), columns as they are stored.

        See :mod:`cubeql.storage.rowcolumns` for the columns. For work on whole layers; queries read the files.

        Raises:
            StoreError: there is no such layer or version, it is a grid layer, or a file is missing or damaged.
        """
        from cubeql.storage.rowread import read_rows

        snapshot = self.snapshot(name, version)
        if snapshot.layer.kind == "grid":
            raise StoreError(f"layer {snapshot.layer.name} is a grid of tiles; it has no rows of points or zones")
        return read_rows(snapshot.layer, snapshot.files["path"].to_pylist(), columns)

    def read_zones(self, name: str, version: int | None = None, columns: Iterable[str] | None = None) -> pa.Table:
        """The zones of a layer by number: ``zone``, attributes, ``geometry`` (WKB), ``xmin``, ``ymin``, ``xmax``,
        ``ymax``; or those of ``columns``, in that order.

        Raises:
            StoreError: there is no such layer or version, it holds no zones, or a file is missing or damaged.
        """
        layer = self.snapshot(name, version).layer
        if layer.kind != "zones":
            raise StoreError(f"layer {layer.name} holds no zones, it is of the kind {layer.kind}")
        return self.read_rows(name, version, columns)

    def drop(self, name: str) -> None:
        """Remove a layer with all its versions: at once for whoever looks, then its files.

        Raises:
            StoreError: there is no such layer, or the disk refuses.
        """
        if not self._has_layer(name):
            raise self._absent(name)
        folder = local_path(self._folder(name))
        trash = local_path(self.address.join("trash"))
        gone = trash / f"{folder.name}-{uuid.uuid4().hex}"
        try:
            trash.mkdir(exist_ok=True)
            folder.rename(gone)
        except OSError as error:
            raise StoreError(f"{folder}: the layer cannot be dropped: {error.strerror}") from error
        shutil.rmtree(gone, ignore_errors=True)

    def rename(self, name: str, new: str) -> None:
        """Give a layer another name, with all its versions: at once for whoever looks.

        Raises:
            StoreError: there is no such layer, the name is taken or not well formed, or the disk refuses.
        """
        check_layer_name(new)
        old = self.snapshot(name).layer.name
        source, target = self._folder(old), self._folder(new)
        if source != target:
            with self._taking(new, "layer"):
                try:
                    local_path(source).rename(local_path(target))
                except OSError as error:
                    raise StoreError(f"{source}: the layer cannot be renamed: {error.strerror}") from error
        # The folder is the name; the record follows, for readers of the log alone.
        alter(self._tables, target, lambda layer: replace(layer, name=new), f"rename: {old} to {new}")

    def alter(self, name: str, change: Callable[[Layer], Layer], what: str) -> None:
        """Change what is known of a layer, in a commit of its own that leaves its rows as they are.

        Args:
            name: of the layer.
            change: gives the new record for the latest one; it may be asked several times.
            what: one line for the history.

        Raises:
            StoreError: there is no such layer, or its log cannot be written.
        """
        alter(self._tables, self._folder(self.snapshot(name).layer.name), change, what)

    def rollback(self, name: str, version: int) -> int | None:
        """Give a layer the rows, columns and facts of an earlier version, in a commit of its own.

        Later versions stay and can be gone back to in the same way; the layer keeps its name.

        Returns:
            The new version's number; None where the layer is as it was at that version already.

        Raises:
            StoreError: there is no such layer or version, or its log cannot be written.
        """
        return rollback(self._tables, self._folder(self.snapshot(name, version).layer.name), version)

    def vacuum(self, older_than: timedelta = OLDER_THAN, *, remove: bool = False) -> list[Leftover]:
        """Find, and remove if told so, files that killed writers and drops left behind.

        Every version of every layer keeps its files.

        Args:
            older_than: leave younger files alone: they may belong to a write that is still going on.
            remove: remove them; otherwise they are only listed.

        Raises:
            StoreError: a layer's log is damaged, or a file cannot be removed.
        """
        found = list(leftovers(self.address, self._tables, older_than))
        if remove:
            remove_leftovers(self.address, found)
        return found

    def read_blocks(
        self,
        name: str,
        tiles: Iterable[int] | None = None,
        times: TimeRange | None = None,
        version: int | None = None,
    ) -> Iterator[TileBlock]:
        """The rows of a layer, file by file: for merges and tests, not for queries.

        Args:
            name: the layer.
            tiles: only these tiles.
            times: only rows whose time lies in the range.
            version: an earlier state.

        Raises:
            StoreError: there is no such layer or version, or a file is missing or damaged.
        """
        from cubeql.storage.decode import decode, read_groups

        snapshot = self.snapshot(name, version)
        if snapshot.layer.kind != "grid":
            raise StoreError(f"layer {snapshot.layer.name} holds {snapshot.layer.kind}, no tiles; see read_rows")
        wanted = None if tiles is None else np.array(sorted(tiles), np.int64)
        for path in snapshot.files["path"].to_pylist():
            place = Path(path)
            for rows in read_groups(place, snapshot.layer, lambda keys: _chosen(keys, wanted, times)):
                yield from decode(snapshot.layer, rows, place)

    def _folder(self, name: str) -> Address:
        return self.address.join("layers", folder_of(name))

    def _has_layer(self, name: str) -> bool:
        try:
            check_layer_name(name)
        except StoreError:
            return False
        return self._tables.exists(self._folder(name))

    def _folder_names(self) -> list[str]:
        folder = local_path(self.address.join("layers"))
        try:
            names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{folder}: cannot be read: {error.strerror}") from error
        return [name for name in names if self._tables.exists(self._folder(name))]

    def _absent(self, name: str) -> StoreError:
        # By folder, in lower case: another layer that is damaged must not get in the way here.
        near = nearest(name, self._folder_names())
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        return StoreError(f"the store {self.address} has no layer {name!r}{hint}")

    def _find(self, name: str, version: int | None) -> Snapshot | None:
        try:
            check_layer_name(name)
        except StoreError:
            return None
        folder = self._folder(name)
        state = self._tables.load(folder, version)
        if state is None:
            return None
        with self._lock:
            known = self._snapshots.get(state)
        if known is not None:
            return known
        layer = named_by(folder, record_layer(state.record, state.version, str(folder)))
        snapshot = Snapshot(layer, state.version, file_table(layer, state.files, folder))
        with self._lock:
            self._snapshots[state] = snapshot
        return snapshot


def _chosen(keys: pa.Table, tiles: NDArray[np.int64] | None, times: TimeRange | None) -> NDArray[np.bool_]:
    chosen = np.ones(keys.num_rows, np.bool_)
    if tiles is not None:
        chosen &= np.isin(keys["tile"].to_numpy(), tiles)
    if times is not None and "time" in keys.column_names:
        chosen &= times.contains(keys["time"].cast(pa.timestamp("us")).to_numpy())
    return chosen
