"""What a store holds by name beside its layers: views and sets of cells. All share their names with layers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from cubeql.catalog import CellSet
from cubeql.errors import StoreError
from cubeql.storage.addresses import Address
from cubeql.storage.cellsets import CellSets
from cubeql.storage.names import check_layer_name, is_layer_name
from cubeql.storage.naming import holding_names
from cubeql.storage.views import View, Views
from cubeql.values.cells import CellArray

Kind = Literal["layer", "view", "cells"]
_KINDS: dict[Kind, str] = {"layer": "layer", "view": "view", "cells": "set of cells"}


class Definitions(ABC):
    """The part of a store that knows names; the layers themselves are the store's."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._views = Views(address)
        self._cell_sets = CellSets(address)

    @abstractmethod
    def _has_layer(self, name: str) -> bool:
        """Whether a layer of a name was committed, readable or not."""

    def kind_of(self, name: str) -> Kind | None:
        """What has a name, None where it is free."""
        if not is_layer_name(name):
            return None
        if self._has_layer(name):
            return "layer"
        if self._views.exists(name):
            return "view"
        return "cells" if self._cell_sets.exists(name) else None

    @contextmanager
    def _taking(self, name: str, kind: Kind, replace: bool = False) -> Iterator[None]:
        """Where a name is given; refused where another has it. ``replace`` lets one of the same kind have it."""
        with holding_names(self.address):
            found = self.kind_of(name)
            if found is not None and not (found == kind and replace):
                raise StoreError(f"the name {name} is taken: there is a {_KINDS[found]} of this name")
            yield

    # -------------------------------------------------------------- views

    def view_names(self) -> tuple[str, ...]:
        """Names of all views, sorted.

        Raises:
            StoreError: a view cannot be read.
        """
        return tuple(view.name for view in self._views.all())

    def view(self, name: str) -> str | None:
        """The text of a view's query (name without regard to case), None if there is no such view.

        Raises:
            StoreError: it cannot be read.
        """
        found = self._views.find(name) if is_layer_name(name) else None
        return None if found is None else found.query

    def create_view(self, name: str, query: str, replace: bool = False) -> None:
        """Keep a query under a name; ``replace`` lets it take the place of a view of that name.

        Raises:
            StoreError: the name is taken, or the disk refuses; nothing has changed then.
        """
        check_layer_name(name)
        with self._taking(name, "view", replace):
            self._views.put(View(name, query))

    def drop_view(self, name: str) -> None:
        """Remove a view.

        Raises:
            StoreError: there is none of this name.
        """
        if not (is_layer_name(name) and self._views.drop(name)):
            raise StoreError(f"the store {self.address} has no view {name!r}")

    # -------------------------------------------------------------- sets of cells

    def cell_set_names(self) -> tuple[str, ...]:
        """Names of all stored sets of cells, sorted.

        Raises:
            StoreError: a set cannot be read.
        """
        return tuple(cells.name for cells in self._cell_sets.all())

    def cell_set(self, name: str) -> CellSet | None:
        """What is known of a stored set of cells (name without regard to case), None if there is none.

        Raises:
            StoreError: it cannot be read.
        """
        return self._cell_sets.find(name) if is_layer_name(name) else None

    def cells_of(self, name: str) -> tuple[CellSet, CellArray]:
        """A stored set and its cells, ascending.

        Raises:
            StoreError: there is none of this name, or it cannot be read.
        """
        found = self._cell_sets.read(name) if is_layer_name(name) else None
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
        with self._taking(name, "cells", replace):
            return self._cell_sets.put(name, resolution, cells)

    def drop_cells(self, name: str) -> None:
        """Remove a stored set of cells.

        Raises:
            StoreError: there is none of this name.
        """
        if not (is_layer_name(name) and self._cell_sets.drop(name)):
            raise StoreError(f"the store {self.address} has no cells {name!r}")
