"""Questions a compiler asks of a catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cubeql.catalog.records import CellSet, Layer

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class View:
    """A stored query as a statement meets it.

    Attributes:
        text: of the query.
        catalog: what the query sees, where it is not what the statement sees: that of its owner.
        is_hidden: whether what lies beneath is hidden from whoever reads it: its text, its layers, what they hold.
    """

    text: str
    catalog: Catalog | None = None
    is_hidden: bool = False


class Catalog(Protocol):
    """What the compiler needs to know of a store."""

    def layer_names(self) -> tuple[str, ...]:
        """Names of all layers, sorted."""
        ...

    def layer(self, name: str, version: int | None = None) -> Layer | None:
        """The layer of a name (without regard to case), None if absent; ``version`` reads an earlier state."""
        ...

    def commits(self, name: str) -> tuple[tuple[int, np.datetime64], ...]:
        """Versions of a layer, each with the instant (UTC, datetime64[us]) from which it was current; none where the
        catalog knows one state alone."""
        ...

    def view_names(self) -> tuple[str, ...]:
        """Names of all views, sorted."""
        ...

    def view(self, name: str) -> str | None:
        """The text of a view's query (name without regard to case), None if there is no such view; empty where it is
        hidden from whoever asks."""
        ...

    def read_view(self, name: str) -> View | None:
        """A view as a statement reads it: its text and what that sees, both of one moment; None if there is none."""
        ...

    def in_place(self, name: str) -> Layer | None:
        """The layer that a view reads of a raster in place, None where the name is of nothing such."""
        ...

    def cell_set_names(self) -> tuple[str, ...]:
        """Names of all stored sets of cells, sorted."""
        ...

    def cell_set(self, name: str) -> CellSet | None:
        """What is known of a stored set of cells (name without regard to case), None if there is none."""
        ...


class MemoryCatalog:
    """A catalog kept in memory: for tests, and for compiling without a store."""

    def __init__(
        self, layers: Iterable[Layer] = (), views: Mapping[str, str] | None = None, cell_sets: Iterable[CellSet] = ()
    ) -> None:
        self._layers = {layer.name.casefold(): layer for layer in layers}
        self._views = dict(views or {})
        self._cell_sets = {c.name.casefold(): c for c in cell_sets}

    def layer_names(self) -> tuple[str, ...]:
        """Names of all layers, sorted."""
        return tuple(sorted(layer.name for layer in self._layers.values()))

    def layer(self, name: str, version: int | None = None) -> Layer | None:
        """The layer of a name, None if absent."""
        return self._layers.get(name.casefold())

    def commits(self, name: str) -> tuple[tuple[int, np.datetime64], ...]:
        """Nothing: this catalog has one state."""
        return ()

    def view_names(self) -> tuple[str, ...]:
        """Names of all views, sorted."""
        return tuple(sorted(self._views))

    def view(self, name: str) -> str | None:
        """The text of a view's query, None if there is no such view."""
        return next((text for n, text in self._views.items() if n.casefold() == name.casefold()), None)

    def read_view(self, name: str) -> View | None:
        """A view as a statement reads it, None if there is none."""
        text = self.view(name)
        return None if text is None else View(text)

    def in_place(self, name: str) -> Layer | None:
        """Nothing: this catalog has no rasters."""
        return None

    def cell_set_names(self) -> tuple[str, ...]:
        """Names of all stored sets of cells, sorted."""
        return tuple(sorted(c.name for c in self._cell_sets.values()))

    def cell_set(self, name: str) -> CellSet | None:
        """What is known of a stored set of cells, None if there is none."""
        return self._cell_sets.get(name.casefold())
