"""Views: the text of a query, or what a raster is that is read where it lies; both lie in the name itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cubeql.catalog import Layer
from cubeql.catalog.records import IN_PLACE
from cubeql.errors import StoreError
from cubeql.storage.naming import Named


@dataclass(frozen=True, slots=True)
class RasterView:
    """A raster that is read where it lies.

    Attributes:
        text: what stands behind AS in the statement that made the view.
        paths: of its files.
        states: of each, what changes when its bytes do; '' where nobody says.
        options: how it is read, as of an ingest.
        layer: the layer that an ingest of it would make, of the version :data:`~cubeql.catalog.records.IN_PLACE`.
    """

    text: str
    paths: tuple[str, ...]
    states: tuple[str, ...]
    options: Mapping[str, Any]
    layer: Layer


_READS_AS = "reads_as"
_OWNER = "owner"


def view_of(name: str, query: str, as_owner: bool = False) -> Named:
    """What the name of a view says; one that reads as its owner carries his rights."""
    return Named("view", name, facts={"query": query, **({_READS_AS: _OWNER} if as_owner else {})})


def reads_as_owner(named: Named) -> bool:
    """Whether a view carries its owner's rights."""
    return named.facts.get(_READS_AS) == _OWNER


def raster_view_of(view: RasterView) -> Named:
    """What the name of a raster that is read in place says."""
    raster = {"paths": list(view.paths), "states": list(view.states), "options": dict(view.options)}
    facts = {"query": view.text, "raster": raster, "record": view.layer.to_dict()}
    return Named("view", view.layer.name, facts=facts)


def query_of(named: Named) -> str:
    """The text of a view: its query, or ``RASTER …``.

    Raises:
        StoreError: the name does not hold it.
    """
    query = named.facts.get("query")
    if not isinstance(query, str):
        raise StoreError(f"the view {named.name} cannot be read: its name holds no query")
    return query


def raster_of(named: Named) -> RasterView | None:
    """The raster that a view reads in place; None where it is a query.

    Raises:
        StoreError: the name does not say all of it.
    """
    raster = named.facts.get("raster")
    if raster is None:
        return None
    try:
        return RasterView(
            query_of(named), tuple(map(str, raster["paths"])), tuple(map(str, raster["states"])), raster["options"],
            Layer.from_dict({**named.facts["record"], "name": named.name}, IN_PLACE),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"the view {named.name} cannot be read (made by a newer CubeQL?): {error!r}") from error
