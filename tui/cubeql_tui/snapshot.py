"""What the store holds, read once and kept, so that writing a statement never waits for a disk."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from cubeql.catalog import Attribute, Band, Catalog, CellSet, Layer, View
from cubeql.drawing.display import bytes_text, span_text
from cubeql.drawing.view import cell_km2
from cubeql.errors import CubeQLError
from cubeql.sessions import AnySession
from cubeql_tui.finding import Fact, Known, KnownTimes

T = TypeVar("T")


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

    def facts(self, band: str | None = None) -> list[Fact]:
        """What it, or a band or attribute of it, can be found by."""
        layer = self.record
        if band is not None:
            return [*_column_facts(layer.band(band) or layer.attribute(band)), Known(1, "layer", layer.name)]
        made, providers = layer.provenance, " ".join(p.name for p in layer.providers)
        told = ((2, "title", layer.title), (3, "keywords", ", ".join(layer.keywords)), (4, "kind", layer.kind),
                (7, "about", layer.description), (8, "licence", layer.licence), (8, "by", providers),
                (8, "made by", made.expression), (9, "cite", layer.citation))  # fmt: skip
        found: list[Fact] = [Known(0, "name", layer.name)]
        found += [Known(rank, heading, text) for rank, heading, text in told if text]
        found += [Known(4, "beside", dimension.name) for dimension in layer.dimensions]
        if self.first is not None and self.last is not None:
            found.append(KnownTimes(self.first, self.last))
        return found

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Names of its bands or attributes, each with its unit or kind."""
        if self.record.bands:
            return tuple((b.name, _beside(b.unit, b.classes)) for b in self.record.bands)
        return tuple((a.name, a.unit or a.type) for a in self.record.attributes)

    def lines(self, band: str | None = None) -> list[tuple[str, str]]:
        """What is to be said of it, or of one band, as (heading, text); texts are not empty."""
        layer, grid = self.record, self.record.kind == "grid"
        found = [] if band is None else _column_lines(layer.band(band) or layer.attribute(band))
        found += [
            ("layer" if band else "", layer.title or ""),
            ("grid", f"res {layer.resolution} · edges {cell_text(layer.resolution)}" if grid else layer.kind),
            ("time", span_text(self.first, self.last) or "static"),
            ("step", layer.time.step or "" if layer.time else ""),
            ("beside", ", ".join(d.name for d in layer.dimensions)),
            ("size", f"{bytes_text(self.bytes)}, {self.rows:,} {'tiles' if grid else 'rows'}"),
            ("licence", layer.licence or ""),
            ("made by", " ".join((layer.provenance.expression or "").split())),
        ]
        return [(heading, text) for heading, text in found if text]


def _beside(unit: str | None, classes: tuple[tuple[int, str], ...]) -> str:
    return f"{len(classes)} classes" if classes else unit if unit and unit != "1" else ""


def _column_lines(column: Band | Attribute | None) -> list[tuple[str, str]]:
    if column is None:
        return []
    classes = ", ".join(f"{code} {name}" for code, name in column.classes)
    found = [("", column.long_name or ""), ("unit", column.unit or "")]
    if isinstance(column, Band):
        found.append(("coarser by", column.method))
        if column.valid_range is not None:
            found.append(("valid", "{:g} to {:g}".format(*column.valid_range)))
    return [*found, ("classes", classes)]


def _column_facts(column: Band | Attribute | None) -> list[Fact]:
    if column is None:
        return []
    told = ((4, "unit", column.unit), (6, "is", column.long_name), (6, "is", column.standard_name))
    return [
        Known(1, "name", column.name),
        *(Known(rank, heading, text) for rank, heading, text in told if text),
        *(Known(5, "class", name) for _, name in column.classes),
    ]


def cell_text(resolution: int) -> str:
    """How large the cells of a resolution are: the mean length of an edge."""
    metres = math.sqrt(2 * cell_km2(resolution) / (3 * math.sqrt(3))) * 1000
    return f"~{short_length(metres)}"


def short_length(metres: float) -> str:
    """A length with two digits: ``11 m``, ``3.8 km``."""
    unit, size = ("km", metres / 1000) if metres >= 950 else ("m", metres)
    return f"{round(size, 1 - math.floor(math.log10(size))):g} {unit}"


@dataclass(frozen=True, slots=True)
class Damaged:
    """A layer that cannot be read, and why."""

    name: str
    reason: str


class _Reading:
    """Reads one thing after the other; what is damaged does not hide the others."""

    def __init__(self) -> None:
        self.damaged: dict[str, Damaged] = {}

    def __call__(self, read: Callable[[str], T], name: str) -> T | None:
        try:
            return read(name)
        except CubeQLError as error:
            self.damaged[name] = Damaged(name, str(error).splitlines()[0])
            return None


class Snapshot:
    """The catalog of a moment: it answers what the language service asks without touching the store.

    Args:
        store: read here and not again; None stands for a store that holds nothing.
        facts: its layers, by name.
        damaged: those that cannot be read.
    """

    def __init__(
        self,
        store: Catalog | None = None,
        facts: tuple[LayerFacts, ...] = (),
        damaged: tuple[Damaged, ...] = (),
    ) -> None:
        self.facts = facts
        self._layers = {f.record.name.casefold(): f.record for f in facts}
        read = _Reading()
        self._views = {n: read(store.view, n) for n in store.view_names()} if store else {}
        self._read_views = {n.casefold(): read(store.read_view, n) for n in self._views} if store else {}
        self._rasters = {n.casefold(): read(store.in_place, n) for n in self._views} if store else {}
        self._cell_sets = {n.casefold(): read(store.cell_set, n) for n in store.cell_set_names()} if store else {}
        self.damaged = damaged + tuple(read.damaged.values())

    @staticmethod
    def of(session: AnySession) -> Snapshot:
        """Read the store of a session; takes as long as its disk does.

        Raises:
            CubeQLError: the store cannot be read.
        """
        listed = session.query("SHOW LAYERS").to_arrow()
        layers = {layer.name: layer for layer in session.layers}
        rows = (_facts(layers.get(row["layer"]), row) for row in _rows(listed))
        names = [row["layer"] for row in listed.to_pylist() if row["kind"] == "unreadable"]
        damaged = (_damaged(session, name) for name in names)
        return Snapshot(
            session.store, tuple(f for f in rows if f is not None), tuple(d for d in damaged if d is not None)
        )

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

    def read_view(self, name: str) -> View | None:
        """A view as a statement reads it, None if there is none."""
        return self._read_views.get(name.casefold())

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


def _damaged(session: AnySession, name: str) -> Damaged | None:
    try:
        session.layer(name)
    except CubeQLError as error:
        return Damaged(name, str(error).splitlines()[0])
    return None  # mended, or dropped, between the two questions


def _facts(layer: Layer | None, row: dict[str, Any]) -> LayerFacts | None:
    if layer is None:  # dropped between the two questions
        return None
    return LayerFacts(layer, row["first_time"], row["last_time"], row["tiles"] or row["rows"] or 0, row["bytes"])
