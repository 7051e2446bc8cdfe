"""What a served store holds, asked over the wire: the questions of :class:`cubeql.catalog.Catalog` and their answers.

Records travel as they lie in the store, so that whoever asks works with the same layers, bands, units and classes. The
server answers with :func:`answer` by its action ``cubeql.catalog``; :class:`RemoteCatalog` asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cubeql.analyze.bound import OutputColumn
from cubeql.catalog import Catalog, CellSet, Layer, View
from cubeql.errors import QueryError, StoreError, VersionGone, VersionUnknown
from cubeql.flight.wire import WireError
from cubeql.values.types import Type

ACTION = "cubeql.catalog"
Columns = Callable[[str], tuple[OutputColumn, ...]]


@dataclass(frozen=True, slots=True)
class RemoteView:
    """A view of a served store: the columns of its rows; where it cannot be read, the ``reason``."""

    name: str
    columns: tuple[OutputColumn, ...]
    reason: str | None = None


# -------------------------------------------------------------- the server's side


def answer(question: Any, catalog: Catalog, columns_of_view: Columns) -> Any:
    """What a catalog answers, as plain values for JSON.

    Args:
        question: ``{"ask": "names"}``, ``{"ask": "name", "name": n, "version": v}`` or
            ``{"ask": "commits", "name": n}``.
        catalog: the store as the asker may see it.
        columns_of_view: works the columns of a view out.

    Raises:
        WireError: it is none of these.
    """
    asked = question.get("ask") if isinstance(question, Mapping) else None
    if asked == "names":
        return {"layers": catalog.layer_names(), "views": catalog.view_names(), "cells": catalog.cell_set_names()}
    name = question.get("name") if asked in ("name", "commits") else None
    if not isinstance(name, str):
        raise WireError("this action takes names, name or commits, the latter two with a name")
    if asked == "commits":
        return [[version, str(time)] for version, time in catalog.commits(name)]
    version = question.get("version")
    return _named(catalog, name, version if isinstance(version, int) else None, columns_of_view)


def _named(catalog: Catalog, name: str, version: int | None, columns_of_view: Columns) -> dict[str, Any]:
    """What has a name, as :meth:`RemoteCatalog._found` reads it."""
    try:
        layer = catalog.layer(name, version)
    except VersionGone as gone:
        return {"kind": "gone", "version": gone.version, "day": gone.day, "readable": gone.readable}
    except VersionUnknown:
        return {"kind": "unknown"}
    if layer is not None:
        return {"kind": "layer", "version": layer.version, "record": layer.to_dict()}
    raster = catalog.in_place(name)
    if raster is not None:
        return {"kind": "raster", "version": raster.version, "record": raster.to_dict()}
    cells = catalog.cell_set(name)
    if cells is not None:
        return {"kind": "cells", "record": asdict(cells)}
    if catalog.view(name) is None:
        return {"kind": "nothing"}
    try:
        return {"kind": "view", "columns": [asdict(c) for c in columns_of_view(name)]}
    except QueryError as error:
        return {"kind": "view", "columns": [], "reason": error.diagnostics[0].message}


# -------------------------------------------------------------- the asker's side


class RemoteCatalog:
    """The catalog of a served store; every question goes there.

    Args:
        ask: sends a question and gives the answer.
    """

    def __init__(self, ask: Callable[[Any], Any]) -> None:
        self._ask = ask

    def _found(self, name: str, version: int | None = None) -> dict[str, Any]:
        return dict(self._ask({"ask": "name", "name": name, "version": version}))

    def _names(self, kind: str) -> tuple[str, ...]:
        return tuple(sorted(str(n) for n in self._ask({"ask": "names"})[kind]))

    def layer_names(self) -> tuple[str, ...]:
        """Names of all layers, sorted."""
        return self._names("layers")

    def layer(self, name: str, version: int | None = None) -> Layer | None:
        """The layer of a name, None if absent.

        Raises:
            VersionGone, VersionUnknown: it has no such version (any more).
            StoreError: its record cannot be read here.
        """
        found = self._found(name, version)
        if found["kind"] == "gone":
            raise _gone(name, found)
        if found["kind"] == "unknown":
            raise VersionUnknown(f"{name} has no version {version}")
        return _layer(name, found) if found["kind"] == "layer" else None

    def commits(self, name: str) -> tuple[tuple[int, np.datetime64], ...]:
        """Versions of a layer, each with the instant from which it was current."""
        return tuple((int(v), np.datetime64(t, "us")) for v, t in self._ask({"ask": "commits", "name": name}))

    def view_names(self) -> tuple[str, ...]:
        """Names of all views, sorted."""
        return self._names("views")

    def view(self, name: str) -> str | None:
        """Nothing: what a view reads may be hidden; see :meth:`remote_view`."""
        return None

    def read_view(self, name: str) -> View | None:
        """Nothing, for the same reason."""
        return None

    def remote_view(self, name: str) -> RemoteView | None:
        """The view of a name, None if there is none."""
        found = self._found(name)
        if found["kind"] != "view":
            return None
        return RemoteView(name, tuple(_column(c) for c in found["columns"]), found.get("reason"))

    def in_place(self, name: str) -> Layer | None:
        """The layer that a view reads of a raster in place, None where the name is of nothing such."""
        found = self._found(name)
        return _layer(name, found) if found["kind"] == "raster" else None

    def cell_set_names(self) -> tuple[str, ...]:
        """Names of all stored sets of cells, sorted."""
        return self._names("cells")

    def cell_set(self, name: str) -> CellSet | None:
        """What is known of a stored set of cells, None if there is none."""
        found = self._found(name)
        return CellSet(**found["record"]) if found["kind"] == "cells" else None


def _layer(name: str, found: Mapping[str, Any]) -> Layer:
    try:
        return Layer.from_dict(json.loads(json.dumps(found["record"])), int(found["version"]))
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"the record of {name} cannot be read here: {error}") from error


def _gone(name: str, found: Mapping[str, Any]) -> VersionGone:
    gone = VersionGone.__new__(VersionGone)
    gone.version, gone.day, gone.readable = int(found["version"]), str(found["day"]), str(found["readable"])
    Exception.__init__(gone, f"{name}: version {gone.version} was vacuumed on {gone.day}")
    return gone


def _column(told: Mapping[str, Any]) -> OutputColumn:
    origins = (tuple(told[n]) if told.get(n) else None for n in ("origin", "drawn_as"))
    return OutputColumn(str(told["name"]), _type(told["type"]), *origins)


def _type(told: Mapping[str, Any]) -> Type:
    values = dict(told)
    element = values.pop("element", None)
    values["classes"] = tuple((int(c), str(n)) for c, n in values.get("classes") or ())
    return Type(**values, element=_type(element) if element else None)
