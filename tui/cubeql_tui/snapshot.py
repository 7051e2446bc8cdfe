"""What the store holds, read once and kept, so that writing a statement never waits for a disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from cubeql.catalog import Band, Catalog, CellSet, Layer
from cubeql.drawing.display import bytes_text, span_text
from cubeql.session import Session


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """A layer with what SHOW LAYERS knows of it.

    Attributes:
        record: the layer.
        first: its first time; None for a static layer.
        last: its last time.
        rows: how many tile rows it has; of points and zones how many rows.
        bytes: their size on disk.
    """

    record: Layer
    first: np.datetime64 | None
    last: np.datetime64 | None
    rows: int
    bytes: int

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Names of its bands or attributes, each with its unit or kind."""
        if self.record.bands:
            return tuple((b.name, _beside(b.unit, b.classes)) for b in self.record.bands)
        return tuple((a.name, a.unit or a.type) for a in self.record.attributes)

    def lines(self, band: str | None = None) -> list[tuple[str, str]]:
        """What is to be said of it, or of one band, as (heading, text); texts are not empty."""
        layer = self.record
        found = [] if band is None else _band_lines(layer.band(band))
        found += [
            ("layer" if band else "", layer.title or ""),
            ("grid", f"resolution {layer.resolution}" if layer.kind == "grid" else layer.kind),
            ("time", span_text(self.first, self.last) or "static"),
            ("step", layer.time.step or "" if layer.time else ""),
            ("beside", ", ".join(d.name for d in layer.dimensions)),
            ("size", f"{bytes_text(self.bytes)}, {self.rows:,} {'tiles' if layer.kind == 'grid' else 'rows'}"),
            ("licence", layer.licence or ""),
        ]
        return [(heading, text) for heading, text in found if text]


def _beside(unit: str | None, classes: tuple[tuple[int, str], ...]) -> str:
    return f"{len(classes)} classes" if classes else unit if unit and unit != "1" else ""


def _band_lines(band: Band | None) -> list[tuple[str, str]]:
    if band is None:
        return []
    classes = ", ".join(f"{code} {name}" for code, name in band.classes)
    return [("", band.long_name or ""), ("unit", band.unit or ""), ("coarser by", band.method), ("classes", classes)]


class Snapshot:
    """The catalog of a moment: it answers what the language service asks without touching the store.

    Args:
        store: read here and not again; None stands for a store that holds nothing.
        facts: its layers, by name.
    """

    def __init__(self, store: Catalog | None = None, facts: tuple[LayerFacts, ...] = ()) -> None:
        self.facts = facts
        self._layers = {f.record.name.casefold(): f.record for f in facts}
        self._views = {name: store.view(name) for name in store.view_names()} if store else {}
        self._rasters = {n.casefold(): store.in_place(n) for n in self._views} if store else {}
        self._cell_sets = {n.casefold(): store.cell_set(n) for n in store.cell_set_names()} if store else {}

    @staticmethod
    def of(session: Session) -> Snapshot:
        """Read the store of a session; takes as long as its disk does.

        Raises:
            CubeQLError: the store cannot be read.
        """
        listed = session.query("SHOW LAYERS").to_arrow()
        layers = {layer.name: layer for layer in session.layers}
        rows = (_facts(layers.get(row["layer"]), row) for row in _rows(listed))
        return Snapshot(session.store, tuple(f for f in rows if f is not None))

    def layer_names(self) -> tuple[str, ...]:
        """Names of all layers, sorted."""
        return tuple(f.record.name for f in self.facts)

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

    def in_place(self, name: str) -> Layer | None:
        """The layer that a view reads of a raster in place, None where the name is of nothing such."""
        return self._rasters.get(name.casefold())

    def cell_set_names(self) -> tuple[str, ...]:
        """Names of all stored sets of cells, sorted."""
        return tuple(sorted(c.name for c in self._cell_sets.values() if c is not None))

    def cell_set(self, name: str) -> CellSet | None:
        """What is known of a stored set of cells, None if there is none."""
        return self._cell_sets.get(name.casefold())


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    times = {n: table[n].to_numpy() for n in ("first_time", "last_time")}
    plain = table.select(["layer", "tiles", "rows", "bytes"]).to_pylist()
    return [row | {n: None if np.isnat(t[i]) else t[i] for n, t in times.items()} for i, row in enumerate(plain)]


def _facts(layer: Layer | None, row: dict[str, Any]) -> LayerFacts | None:
    if layer is None:  # dropped between the two questions
        return None
    return LayerFacts(layer, row["first_time"], row["last_time"], row["tiles"] or row["rows"] or 0, row["bytes"])
