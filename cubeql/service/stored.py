"""Views and sets of cells as the service sees them: their columns, and a few words on each."""

from __future__ import annotations

from cubeql.analyze import Context, bind_query
from cubeql.analyze.bound import OutputColumn
from cubeql.catalog import Catalog, CellSet
from cubeql.errors import CubeQLError
from cubeql.lang import nodes

_UNREADABLE = (CubeQLError, OSError, ValueError)


class Stored:
    """The views and sets of cells of a catalog, each worked out once; one that cannot be read has no columns."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._columns: dict[str, tuple[OutputColumn, ...]] = {}

    def view_names(self) -> tuple[str, ...]:
        """Names of all views."""
        try:
            return self.catalog.view_names()
        except _UNREADABLE:
            return ()

    def cell_set_names(self) -> tuple[str, ...]:
        """Names of all sets of cells."""
        try:
            return self.catalog.cell_set_names()
        except _UNREADABLE:
            return ()

    def view(self, name: str) -> str | None:
        """The text of a view's query."""
        try:
            return self.catalog.view(name)
        except _UNREADABLE:
            return None

    def cell_set(self, name: str) -> CellSet | None:
        """What is known of a set of cells."""
        try:
            return self.catalog.cell_set(name)
        except _UNREADABLE:
            return None

    def columns(self, name: str) -> tuple[OutputColumn, ...]:
        """The columns of a view or set of cells; none where there is none of this name."""
        folded = name.casefold()
        if folded not in self._columns:
            known = self.view(name) is not None or self.cell_set(name) is not None
            self._columns[folded] = self._bound(name) if known else ()
        return self._columns[folded]

    def _bound(self, name: str) -> tuple[OutputColumn, ...]:
        context = Context(self.catalog, {})
        source = nodes.LayerSource(tuple(name.split(".")))
        try:
            return bind_query(context, nodes.Select((nodes.SelectItem(nodes.Star()),), source)).columns
        except _UNREADABLE:
            return ()

    def detail(self, name: str) -> str:
        """A few words on a view or set of cells."""
        cells = self.cell_set(name)
        if cells is not None:
            return f"cells · res {cells.resolution} · {cells.count:,}"
        columns = [c.name for c in self.columns(name)]
        return "view · " + ", ".join(columns[:4]) + (", …" if len(columns) > 4 else "")
