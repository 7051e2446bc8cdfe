"""A catalog with others mounted in it, each under a name that stands before those of its layers: ``lrz.s2``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from cubeql.catalog.protocol import Catalog, View
from cubeql.catalog.records import CellSet, Layer
from cubeql.errors import CubeQLError

if TYPE_CHECKING:
    import numpy as np

_T = TypeVar("_T", Layer, CellSet)


class Mounted:
    """A catalog and others in it; what lies in these has a name of one part more.

    Args:
        own: the catalog itself.
        others: gives the others there are, by name; a name hides a collection of ``own`` that is called so.
        away: what analysis asks of them; see :class:`cubeql.analyze.context.Away`.
    """

    def __init__(self, own: Catalog, others: Callable[[], Mapping[str, Catalog]], away: Any = None) -> None:
        self._own, self._mounted = own, others
        self.away = away

    @property
    def _others(self) -> dict[str, tuple[str, Catalog]]:
        return {name.casefold(): (name, catalog) for name, catalog in self._mounted().items()}

    def _of(self, name: str) -> tuple[str, Catalog, str]:
        """What stands before a name's last parts, the catalog it is asked of, and the name there."""
        first, dot, rest = name.partition(".")
        found = self._others.get(first.casefold()) if dot else None
        if found is None:
            return "", self._own, name
        mount, catalog = found
        return f"{mount}.", catalog, rest

    def _names(self, names: Callable[[Catalog], tuple[str, ...]]) -> tuple[str, ...]:
        """All names; those of a catalog that does not answer are left out, for they only help to find one."""
        found = list(names(self._own))
        for mount, catalog in self._others.values():
            try:
                found += [f"{mount}.{name}" for name in names(catalog)]
            except CubeQLError:
                continue
        return tuple(sorted(found))

    def layer_names(self) -> tuple[str, ...]:
        """Names of all layers, sorted."""
        return self._names(lambda c: c.layer_names())

    def layer(self, name: str, version: int | None = None) -> Layer | None:
        """The layer of a name, called so as it is named here; None if absent."""
        before, catalog, there = self._of(name)
        return _called(catalog.layer(there, version), before)

    def commits(self, name: str) -> tuple[tuple[int, np.datetime64], ...]:
        """Versions of a layer, each with the instant from which it was current."""
        _, catalog, there = self._of(name)
        return catalog.commits(there)

    def view_names(self) -> tuple[str, ...]:
        """Names of all views, sorted."""
        return self._names(lambda c: c.view_names())

    def view(self, name: str) -> str | None:
        """The text of a view's query, None if there is no such view."""
        _, catalog, there = self._of(name)
        return catalog.view(there)

    def read_view(self, name: str) -> View | None:
        """A view as a statement reads it, None if there is none."""
        _, catalog, there = self._of(name)
        return catalog.read_view(there)

    def in_place(self, name: str) -> Layer | None:
        """The layer that a view reads of a raster in place, None where the name is of nothing such."""
        before, catalog, there = self._of(name)
        return _called(catalog.in_place(there), before)

    def cell_set_names(self) -> tuple[str, ...]:
        """Names of all stored sets of cells, sorted."""
        return self._names(lambda c: c.cell_set_names())

    def cell_set(self, name: str) -> CellSet | None:
        """What is known of a stored set of cells, None if there is none."""
        before, catalog, there = self._of(name)
        return _called(catalog.cell_set(there), before)


def _called(found: _T | None, before: str) -> _T | None:
    return found if found is None or not before else replace(found, name=f"{before}{found.name}")
