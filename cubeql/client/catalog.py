"""What a served store holds, as this user sees it: a catalog that is asked of the server when it may have changed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cubeql.catalog import CellSet, Layer, View
from cubeql.client.connection import Connection
from cubeql.errors import StoreError
from cubeql.flight.address import FlightAddress
from cubeql.flight.catalog import ACTION, RemoteCatalog

_FRESH_S = 2.0
_ASKING_S = 60.0


@dataclass(frozen=True, slots=True)
class Seen:
    """The catalog as it was told, names in lower case as keys.

    Attributes:
        tag: by which the server knows what it told.
        layers: those that can be read.
        views: name and text.
        rasters: layers that views read in place.
        cell_sets: stored sets of cells.
        damaged: name of what cannot be read, and what is said of it.
    """

    tag: str = ""
    layers: Mapping[str, Layer] = field(default_factory=dict)
    views: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    rasters: Mapping[str, Layer] = field(default_factory=dict)
    cell_sets: Mapping[str, CellSet] = field(default_factory=dict)
    damaged: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @staticmethod
    def of(tag: str, told: Mapping[str, Any]) -> Seen:
        """What a server told."""
        layers = [_layer(found) for found in told["layers"]]
        return Seen(
            tag,
            {one.name.casefold(): one for one in layers},
            {v["name"].casefold(): (v["name"], v["text"]) for v in told["views"]},
            {v["name"].casefold(): _layer(v["in_place"]) for v in told["views"] if v.get("in_place")},
            {c["name"].casefold(): CellSet(c["name"], c["resolution"], c["count"]) for c in told["cell_sets"]},
            {d["name"].casefold(): (d["name"], d["said"]) for d in told["damaged"]},
        )


class RemoteStore:
    """A catalog at a server. Safe to share between threads.

    The server is asked at most every two seconds, and after :meth:`stale`; where nothing has changed it says just that.

    Args:
        connection: the way to the server.

    Attributes:
        address: of the server.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.address: FlightAddress = connection.address
        self._earlier = RemoteCatalog(lambda question: self._answer(ACTION, question))
        self._lock = threading.Lock()
        self._seen: Seen | None = None
        self._asked_at = float("-inf")

    def stale(self) -> None:
        """Ask anew with the next question: a statement may have changed something."""
        self._asked_at = float("-inf")

    def _now(self) -> Seen:
        with self._lock:
            if self._seen is None or time.monotonic() - self._asked_at >= _FRESH_S:
                began = time.monotonic()
                self._seen = self._told(self._seen or Seen())
                self._asked_at = began
            return self._seen

    def _told(self, known: Seen) -> Seen:
        told = self._ask("cubeql.contents", {"tag": known.tag})
        if "seen" not in told and told.get("tag") == known.tag:
            return known
        try:
            return Seen.of(str(told["tag"]), told["seen"])
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"{self.address.place} tells of layers in a way that this CubeQL cannot read: {error!r}; "
                             "is it a newer one?") from error  # fmt: skip

    def _ask(self, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = self._answer(action, asked)
        return told

    def _answer(self, action: str, asked: Any) -> Any:
        answer = self._connection.act(action, json.dumps(asked).encode(), timeout_s=_ASKING_S)
        try:
            return json.loads(answer)
        except ValueError:
            raise StoreError(f"{self.address.place} answers {action} in a way that this CubeQL cannot read") from None

    # -------------------------------------------------------------- what a catalog answers

    def layer_names(self) -> tuple[str, ...]:
        """Names of all layers, sorted; those that cannot be read are among them."""
        seen = self._now()
        return tuple(sorted([*(one.name for one in seen.layers.values()), *(n for n, _ in seen.damaged.values())]))

    def layers(self) -> tuple[Layer, ...]:
        """All layers that can be read, by name."""
        return tuple(sorted(self._now().layers.values(), key=lambda one: one.name))

    def layer(self, name: str, version: int | None = None) -> Layer | None:
        """The layer of a name (without regard to case), None if absent; ``version`` reads an earlier state.

        Raises:
            StoreError: the layer has no such version, or cannot be read.
        """
        if version is not None:
            return self._earlier.layer(name, version)
        seen, key = self._now(), name.casefold()
        if key in seen.damaged:
            raise StoreError(seen.damaged[key][1])
        return seen.layers.get(key)

    def commits(self, name: str) -> tuple[tuple[int, np.datetime64], ...]:
        """Versions of a layer, each with the instant (UTC, datetime64[us]) from which it was current."""
        return () if self.layer(name) is None else self._earlier.commits(name)

    def view_names(self) -> tuple[str, ...]:
        """Names of all views, sorted."""
        return tuple(sorted(name for name, _ in self._now().views.values()))

    def view(self, name: str) -> str | None:
        """The text of a view's query (name without regard to case), None if there is no such view."""
        return self._now().views.get(name.casefold(), ("", None))[1]

    def read_view(self, name: str) -> View | None:
        """A view as a statement reads it, None if there is none, or its text is hidden."""
        text = self.view(name)
        return View(text) if text else None

    def in_place(self, name: str) -> Layer | None:
        """The layer that a view reads of a raster in place, None where the name is of nothing such."""
        return self._now().rasters.get(name.casefold())

    def cell_set_names(self) -> tuple[str, ...]:
        """Names of all stored sets of cells, sorted."""
        return tuple(sorted(c.name for c in self._now().cell_sets.values()))

    def cell_set(self, name: str) -> CellSet | None:
        """What is known of a stored set of cells (name without regard to case), None if there is none."""
        return self._now().cell_sets.get(name.casefold())


def _layer(told: Mapping[str, Any]) -> Layer:
    return Layer.from_dict(told["record"], told["version"])
