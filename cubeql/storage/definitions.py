"""What a store holds by name beside its layers: views and sets of cells. All share their names with layers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from cubeql.catalog import CellSet, Layer
from cubeql.catalog.facts import as_told
from cubeql.catalog.rights import Deed, Rights
from cubeql.errors import StoreError
from cubeql.storage import cellsets, granting
from cubeql.storage.granting import Grant
from cubeql.storage.names import check_layer_name, is_layer_name
from cubeql.storage.naming import Kind, Named, Names
from cubeql.storage.objects import Objects
from cubeql.storage.views import RasterView, query_of, raster_of, raster_view_of, reads_as_owner, view_of
from cubeql.values.cells import CellArray


class Definitions:
    """The part of a store that knows names; the layers themselves are the store's."""

    def __init__(self, objects: Objects, names: Names | None = None) -> None:
        self.address = objects.address
        self.objects = objects
        self._names = names or Names(objects)

    def kind_of(self, name: str) -> Kind | None:
        """What has a name, None where it is free.

        Raises:
            StoreError: the name cannot be read.
        """
        found = self._names.find(name) if is_layer_name(name) else None
        return None if found is None else found.kind

    def layer_names(self) -> tuple[str, ...]:
        """Names of all layers, sorted; also of those that cannot be read.

        Raises:
            StoreError: a name cannot be read.
        """
        return self._names_of("layer")

    def _names_of(self, kind: Kind) -> tuple[str, ...]:
        return tuple(named.name for named in self._names.all(kind))

    def _named(self, name: str, kind: Kind) -> Named | None:
        """What has a name, if it is of a kind."""
        found = self._names.find(name) if is_layer_name(name) else None
        return found if found is not None and found.kind == kind else None

    # -------------------------------------------------------------- rights

    def allow(self, deed: Deed, name: str = "") -> None:
        """Refuse what whoever sees this store so has no right to do; asked again when it is done.

        Args:
            deed: what is to be done.
            name: to what has this name, or will have it.

        Raises:
            NotAllowed: he has not.
        """
        self._names.allow(deed, name, self._names.find(name) if is_layer_name(name) else None)

    def change_rights(
        self, name: str, changed: Callable[[Rights], Rights]
    ) -> tuple[Named, Rights, Rights] | None:
        """Change who may read and write what has a name, with nobody's change in between lost.

        Args:
            name: of a layer, view or set of cells.
            changed: gives the new rights for the latest ones; it may be asked several times.

        Returns:
            What has the name, and its rights before and after; None where nothing has it.

        Raises:
            NotAllowed: they are not this user's to change.
            StoreError: the name cannot be read, or the store cannot be written.
        """
        return granting.change(self._names, name, changed) if is_layer_name(name) else None

    def grants(self) -> list[Grant]:
        """The rights that users have on what others own, by name.

        Raises:
            StoreError: a name cannot be read.
        """
        return granting.grants(self._names)

    # -------------------------------------------------------------- views

    def view_names(self) -> tuple[str, ...]:
        """Names of all views, sorted.

        Raises:
            StoreError: a name cannot be read.
        """
        return self._names_of("view")

    def view(self, name: str) -> str | None:
        """The text of a view's query (name without regard to case), None if there is no such view; empty where it is
        hidden.

        Raises:
            StoreError: it cannot be read.
        """
        found = self._named(name, "view")
        return None if found is None else "" if self._hides(found) else query_of(found)

    def _hides(self, named: Named) -> bool:
        """Whether a view hides its text: that of its owner's rights, and where a raster lies, are the owner's."""
        return not self._names.owns(named.name) and (reads_as_owner(named) or "raster" in named.facts)

    def reads_as_owner(self, name: str) -> bool:
        """Whether a name is of a view that carries its owner's rights."""
        found = self._named(name, "view")
        return found is not None and reads_as_owner(found)

    def create_view(self, name: str, query: str, replace: bool = False, as_owner: bool = False) -> None:
        """Keep a query under a name.

        Args:
            name: of the view.
            query: its text.
            replace: let it take the place of a view of that name.
            as_owner: whoever may read the view reads with its owner's rights what lies beneath.

        Raises:
            StoreError: the name is taken, or the disk refuses; nothing has changed then.
        """
        check_layer_name(name)
        self._names.give(view_of(name, query, as_owner), replace)

    def raster_view(self, name: str) -> RasterView | None:
        """The raster that a view reads in place, None where there is no such view.

        Raises:
            StoreError: it cannot be read.
        """
        found = self._named(name, "view")
        raster = None if found is None else raster_of(found)
        if raster is None or self._names.owns(raster.layer.name):
            return raster
        return replace(raster, text="", paths=(), layer=as_told(raster.layer))

    def in_place(self, name: str) -> Layer | None:
        """The layer that a view reads of a raster in place, None where there is no such view.

        Raises:
            StoreError: it cannot be read.
        """
        found = self.raster_view(name)
        return None if found is None else found.layer

    def create_raster_view(self, view: RasterView, replace: bool = False) -> None:
        """Keep what a raster is under the name of its layer; ``replace`` lets it take the place of a view.

        Raises:
            StoreError: the name is taken, or the disk refuses; nothing has changed then.
        """
        check_layer_name(view.layer.name)
        self._names.give(raster_view_of(view), replace)

    def drop_view(self, name: str) -> None:
        """Remove a view.

        Raises:
            StoreError: there is none of this name.
        """
        if self._taken_away(name, "view") is None:
            raise StoreError(f"the store {self.address} has no view {name!r}")

    def _taken_away(self, name: str, kind: Kind) -> Named | None:
        """What had a name until just now; None where nothing of the kind had it."""
        while (found := self._named(name, kind)) is not None:
            if self._names.take(found):
                return found
        return None

    # -------------------------------------------------------------- sets of cells

    def cell_set_names(self) -> tuple[str, ...]:
        """Names of all stored sets of cells, sorted.

        Raises:
            StoreError: a name cannot be read.
        """
        return self._names_of("cells")

    def cell_set(self, name: str) -> CellSet | None:
        """What is known of a stored set of cells (name without regard to case), None if there is none.

        Raises:
            StoreError: it cannot be read.
        """
        found = self._named(name, "cells")
        return None if found is None else cellsets.known_of(found)

    def cells_of(self, name: str) -> tuple[CellSet, CellArray]:
        """A stored set and its cells, ascending.

        Raises:
            StoreError: there is none of this name, or it cannot be read.
        """
        found = cellsets.read(self.objects, self._names, name) if is_layer_name(name) else None
        if found is None:
            raise StoreError(f"the store {self.address} has no cells {name!r}")
        return found

    def create_cells(self, name: str, resolution: int, cells: CellArray, replace: bool = False) -> CellSet:
        """Keep cells of one resolution under a name; ``replace`` lets them take the place of a set of that name.

        Raises:
            ValueError: a cell is of another resolution.
            StoreError: the name is taken, or the disk refuses; nothing has changed then.
        """
        check_layer_name(name)
        return cellsets.put(self.objects, self._names, name, resolution, cells, replace)

    def drop_cells(self, name: str) -> None:
        """Remove a stored set of cells.

        Raises:
            StoreError: there is none of this name.
        """
        gone = self._taken_away(name, "cells")
        if gone is None:
            raise StoreError(f"the store {self.address} has no cells {name!r}")
        with suppress(StoreError):  # the set is gone; vacuum finds its file
            self.objects.remove([gone.at])
