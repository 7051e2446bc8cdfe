"""A catalog as one statement sees it: what others commit meanwhile does not change what was read of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cubeql.catalog.protocol import Catalog, View
from cubeql.catalog.records import CellSet, Layer

if TYPE_CHECKING:
    import numpy as np


class Pinned:
    """A catalog over another that answers the same question alike every time.

    A layer that stands twice in a statement is of one version so, and joins itself row by row.

    Args:
        catalog: the other.
        beside: one of the same statement, on the same store as somebody else sees it: what both see is of one version.
    """

    def __init__(self, catalog: Catalog, beside: Pinned | None = None) -> None:
        self._catalog = catalog
        self._latest: dict[str, Layer] = {} if beside is None else beside._latest
        self._layers: dict[tuple[str, int | None], Layer | None] = {}
        self._commits: dict[str, tuple[tuple[int, np.datetime64], ...]] = {}
        self._views: dict[str, str | None] = {}
        self._read: dict[str, View | None] = {}
        self._rasters: dict[str, Layer | None] = {}
        self._cell_sets: dict[str, CellSet | None] = {}

    def layer_names(self) -> tuple[str, ...]:
        """Names of all layers, sorted."""
        return self._catalog.layer_names()

    def layer(self, name: str, version: int | None = None) -> Layer | None:
        """The layer of a name, as it was when it was first asked for; None if absent."""
        key = (name.casefold(), version)
        if key not in self._layers:
            found = self._catalog.layer(name, version)
            if found is not None and version is None:
                found = self._latest.setdefault(key[0], found)
            self._layers[key] = found
        return self._layers[key]

    def commits(self, name: str) -> tuple[tuple[int, np.datetime64], ...]:
        """Versions of a layer, each with the instant from which it was current."""
        key = name.casefold()
        if key not in self._commits:
            self._commits[key] = self._catalog.commits(name)
        return self._commits[key]

    def view_names(self) -> tuple[str, ...]:
        """Names of all views, sorted."""
        return self._catalog.view_names()

    def view(self, name: str) -> str | None:
        """The text of a view's query, None if there is no such view."""
        key = name.casefold()
        if key not in self._views:
            self._views[key] = self._catalog.view(name)
        return self._views[key]

    def read_view(self, name: str) -> View | None:
        """A view as a statement reads it, None if there is none."""
        key = name.casefold()
        if key not in self._read:
            self._read[key] = self._catalog.read_view(name)
        return self._read[key]

    def in_place(self, name: str) -> Layer | None:
        """The layer that a view reads of a raster in place, None where the name is of nothing such."""
        key = name.casefold()
        if key not in self._rasters:
            self._rasters[key] = self._catalog.in_place(name)
        return self._rasters[key]

    def cell_set_names(self) -> tuple[str, ...]:
        """Names of all stored sets of cells, sorted."""
        return self._catalog.cell_set_names()

    def cell_set(self, name: str) -> CellSet | None:
        """What is known of a stored set of cells, None if there is none."""
        key = name.casefold()
        if key not in self._cell_sets:
            self._cell_sets[key] = self._catalog.cell_set(name)
        return self._cell_sets[key]
