"""Questions a compiler asks of a catalog."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from cubeql.catalog.records import Layer


class Catalog(Protocol):
    """What the compiler needs to know of a store."""

    def layer_names(self) -> tuple[str, ...]:
        """Names of all layers, sorted."""
        ...

    def layer(self, name: str, version: int | None = None) -> Layer | None:
        """The layer of a name (without regard to case), None if absent; ``version`` reads an earlier state."""
        ...


class MemoryCatalog:
    """A catalog kept in memory: for tests, and for compiling without a store."""

    def __init__(self, layers: Iterable[Layer] = ()) -> None:
        self._layers = {layer.name.casefold(): layer for layer in layers}

    def layer_names(self) -> tuple[str, ...]:
        """Names of all layers, sorted."""
        return tuple(sorted(layer.name for layer in self._layers.values()))

    def layer(self, name: str, version: int | None = None) -> Layer | None:
        """The layer of a name, None if absent."""
        return self._layers.get(name.casefold())
