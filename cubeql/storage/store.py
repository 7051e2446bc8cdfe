"""A store: layers, each a table of tile files with a log of its own, and what else has a name::

<store>/cubeql-store.json          says that this is a store, and in which format
<store>/names/<name>.json          what has the name, and where it lies
<store>/layers/<table>/_delta_log  the log: the only truth about which files a layer consists of
<store>/layers/<table>/data/...    tile files
<store>/cells/<set>.parquet        a set of cells
<store>/access/tokens/<id>.json    what lets somebody in where the store is served
<store>/cache/                     what can be made again: grid maps, masks

A table's folder is never moved and never another table's.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cubeql.catalog import Layer, View
from cubeql.catalog.facts import as_told
from cubeql.catalog.rights import Who, owner_of
from cubeql.errors import StoreError
from cubeql.storage.addresses import parse_address
from cubeql.storage.altering import alter
from cubeql.storage.blocks import TileBlock
from cubeql.storage.cached import CachedTables
from cubeql.storage.committing import Shelf
from cubeql.storage.delta import DeltaFormat
from cubeql.storage.files import file_table
from cubeql.storage.marker import check_marker, make_store, names_there
from cubeql.storage.media import cache_folder, objects_at
from cubeql.storage.names import check_layer_name
from cubeql.storage.naming import Named, Names
from cubeql.storage.objects import Objects
from cubeql.storage.records import record_layer
from cubeql.storage.renaming import renamed
from cubeql.storage.seen import SeenNames
from cubeql.storage.snapshot import Snapshot
from cubeql.storage.table import LayerVersion, TableFormat, TableState
from cubeql.storage.tablefiles import TableFiles
from cubeql.storage.tokens import Tokens
from cubeql.storage.upkeep import Upkeep
from cubeql.storage.views import query_of, reads_as_owner
from cubeql.values.times import TimeRange

if TYPE_CHECKING:
    from cubeql.storage.rowwrite import RowWrite
    from cubeql.storage.write import LayerWrite

BUFFER_BYTES = 256 * 1024 * 1024
ROW_BUFFER_BYTES = 64 * 1024 * 1024


class Store(Upkeep):
    """An open store; a :class:`~cubeql.catalog.Catalog`. Safe to share between threads."""

    def __init__(
        self, objects: Objects, tables: TableFormat | None = None, names: Names | None = None,
        whole: Store | None = None,
    ) -> None:  # fmt: skip
        """Take a store as it is; :meth:`open` checks it first. What somebody sees of it is a part of the ``whole``."""
        super().__init__(objects, names)
        self._whole = whole or self
        self._owners: dict[str, Store] = {}
        self._tables = tables if isinstance(tables, CachedTables) else CachedTables(tables or DeltaFormat(objects))
        self._shelf = Shelf(objects, self._names, self._tables)
        self._lock = threading.Lock()
        self._snapshots: WeakKeyDictionary[TableState, Snapshot] = WeakKeyDictionary()

    @staticmethod
    def open(address: str | os.PathLike[str], create: bool = False) -> Store:
        """Open the store at an address.

        Args:
            address: a folder, a ``file://`` URI, or ``s3://bucket/prefix``.
            create: make the store where there is nothing or an empty folder.

        Raises:
            StoreError: there is no store, with what was found instead; or it is of another format.
        """
        objects = objects_at(parse_address(address))
        if not check_marker(objects):
            make_store(objects, create)
            check_marker(objects)
        return Store(objects)

    def seen_by(self, who: Who) -> Store:
        """The store as somebody sees it: what he may not read is absent."""
        whole = self._whole
        return Store(self.objects, self._tables, SeenNames(self.objects, who, whole._names), whole)

    @property
    def tokens(self) -> Tokens:
        """What lets users in where the store is served."""
        return Tokens(self.objects)

    def seen_by_owner(self, name: str) -> Store:
        """The store as the owner of what has a name sees it now; of what is the store's own that is all of it."""
        owner = owner_of(name)
        whole = self._whole
        if owner is None:
            return whole
        if owner not in whole._owners:
            whole._owners[owner] = whole.seen_by(Who(owner))
        return whole._owners[owner]

    def read_view(self, name: str) -> View | None:
        """A view as a statement reads it, None if there is none.

        Raises:
            StoreError: it cannot be read.
        """
        found = self._named(name, "view")
        if found is None:
            return None
        if not reads_as_owner(found):
            return View(query_of(found))
        return View(query_of(found), self.seen_by_owner(found.name), not self._names.owns(found.name))

    @staticmethod
    def is_free(address: str | os.PathLike[str]) -> bool:
        """Whether there is nothing at an address yet, so that a store can be made there.

        Raises:
            StoreError: it cannot be looked at.
        """
        return not names_there(objects_at(parse_address(address)))

    @property
    def cache_folder(self) -> Path:
        """Local folder for what can be made again (grid maps, masks); made on demand."""
        folder = cache_folder(self.address)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder}: the cache folder cannot be made: {error.strerror}") from error
        return folder

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

    def snapshots(self, chosen: Callable[[str], bool] = lambda _: True) -> list[tuple[str, Snapshot | None]]:
        """The layers whose names are chosen, by name; None in the place of one that cannot be read.

        Raises:
            StoreError: a name cannot be read.
        """
        named = [n for n in self._names.all("layer") if chosen(n.name)]
        return [found for each in self.objects.each(self._listed, named) for found in each]

    def _listed(self, named: Named) -> list[tuple[str, Snapshot | None]]:
        try:
            state = self._tables.load(named.at)
            found = self._find(named.name, None) if state is None else self._snapshot_of(named, state)
        except StoreError:
            return [(named.name, None)]
        return [(found.layer.name, found)] if found is not None else []  # else it was dropped just now

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
        return self._tables.history(self._known(name).at)

    def write(
        self,
        layer: Layer,
        mode: Literal["create", "replace", "append"],
        on_conflict: Literal["error", "merge", "replace", "insert", "overwrite"] = "error",
        *,
        buffer_bytes: int = BUFFER_BYTES,
        add_bands: bool = False,
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
            add_bands: an append may have bands that the layer has not: it has them from then on, and they are NULL in
                the rows that were there.

        Raises:
            StoreError: the layer cannot be stored, exists already (``create``), or does not fit (``append``).
        """
        # Reading a store should not wait for what only writing needs.
        from cubeql.storage.write import LayerWrite

        check_layer_name(layer.name)
        return LayerWrite(self._shelf, layer, mode, on_conflict, buffer_bytes, add_bands)

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
        return RowWrite(self._shelf, layer, mode, buffer_bytes)

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
        table, names = self._files(snapshot)
        return read_rows(snapshot.layer, table, names, columns)

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
            StoreError: there is no such layer, or the store cannot be written.
        """
        gone = self._taken_away(name, "layer")
        if gone is None:
            raise self._absent(name)
        self._shelf.discard(gone.at)

    def rename(self, name: str, new: str) -> None:
        """Give a layer another name, with all its versions.

        Raises:
            StoreError: there is no such layer, the name is taken or not well formed, or the store cannot be written.
        """
        check_layer_name(new)
        done = renamed(self._shelf, name, new)
        if done is None:
            raise self._absent(name)
        old, named = done
        # Readers of the log alone see the record.
        alter(self._shelf, named, lambda layer: replace(layer, name=new), f"rename: {old.name} to {new}")

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
        table, names = self._files(snapshot)
        for file in names:
            for rows in read_groups(table, file, snapshot.layer, lambda keys: _chosen(keys, wanted, times)):
                yield from decode(snapshot.layer, rows, table.uri(file))

    def _files(self, snapshot: Snapshot) -> tuple[TableFiles, list[str]]:
        """A layer's table, and the names of a snapshot's files in it."""
        top = f"{self.objects.uri(snapshot.table)}/"
        return TableFiles(self.objects, snapshot.table), [
            p.removeprefix(top) for p in snapshot.files["path"].to_pylist()
        ]

    def _find(self, name: str, version: int | None) -> Snapshot | None:
        while (named := self._named(name, "layer")) is not None:
            state = self._tables.load(named.at, version)
            if state is not None:
                return self._snapshot_of(named, state)
            if self._named(name, "layer") == named:  # else it was dropped just now
                raise StoreError(f"layer {named.name}: its table {self.objects.uri(named.at)} is missing")
        return None

    def _snapshot_of(self, named: Named, state: TableState) -> Snapshot:
        with self._lock:
            known = self._snapshots.get(state)
        if known is not None and known.layer.name == named.name:
            return known
        place = self.objects.uri(named.at)
        layer = replace(record_layer(state.record, state.version, place), name=named.name)
        layer = layer if self._names.owns(named.name) else as_told(layer)
        snapshot = Snapshot(layer, state.version, file_table(layer, state.files, place), named.at)
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
