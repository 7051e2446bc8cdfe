"""DESCRIBE of a layer: its columns as a query sees them, what is told of it, and what lies in the store."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np

from cubeql.catalog import Attribute, Band, Layer
from cubeql.catalog.facts import provider_text
from cubeql.engine.extents import Extent, extent_of
from cubeql.storage import Snapshot, Store
from cubeql.storage.columns import overview_levels

Row = tuple[str, str, str | None, str | None]
_ALWAYS = ("title", "licence", "citation")


@dataclass(frozen=True, slots=True)
class Held:
    """What lies in the store of a layer.

    Attributes:
        extent: the box around its rows, None where it is not known.
        times: its first and last time, None of a static layer and of one without rows.
        rows: tile rows of a grid, else rows.
        files: how many files hold them.
        bytes: of these.
        versions: how many states can be read.
    """

    extent: Extent | None
    times: tuple[np.datetime64, np.datetime64] | None
    rows: int
    files: int
    bytes: int
    versions: int


def held_by(store: Store, snapshot: Snapshot, cursor: duckdb.DuckDBPyConnection) -> Held:
    """What lies in the store of a layer."""
    files = snapshot.files
    return Held(
        extent_of(snapshot, cursor), times_of(snapshot), int(np.sum(files["rows"].to_numpy())), files.num_rows,
        int(np.sum(files["bytes"].to_numpy())), len(store.commits(snapshot.layer.name)),
    )  # fmt: skip


def times_of(snapshot: Snapshot) -> tuple[np.datetime64, np.datetime64] | None:
    """The first and last time of a layer's rows."""
    ends = []
    for column in ("time_min", "time_max"):
        values = snapshot.files[column].drop_null()
        if not len(values):
            return None
        ends.append(values.to_numpy().astype("datetime64[us]"))
    return ends[0].min(), ends[1].max()


def layer_rows(snapshot: Snapshot, held: Held) -> list[Row]:
    """Rows (column, type, unit, note): the columns, then what is told (``layer``) and what lies there (``store``)."""
    layer = snapshot.layer
    return [*_columns(layer, held), *_told(layer), *_stored(layer, held)]


def raster_rows(layer: Layer) -> list[Row]:
    """The same of a raster that is read in place, of which nothing lies in the store."""
    return [*_columns(layer, None), *_told(layer)]


def _columns(layer: Layer, held: Held | None) -> list[Row]:
    own = ("zone", "integer", None, "number of the zone, from 1")
    cell = ("cell", "cell", None, f"resolution {layer.resolution}")
    rows: list[Row] = [own if layer.kind == "zones" else cell]
    if layer.time is not None:
        step = f"{layer.time.stamp} of {layer.time.step}" if layer.time.step else layer.time.stamp
        rows.append(("time", "timestamp", None, ", ".join([step, *_span(held)])))
    rows += [(d.name, d.type, d.unit, "dimension") for d in layer.dimensions]
    rows += [(b.name, "integer" if b.is_integer else "number", b.unit, column_note(b)) for b in layer.bands]
    if layer.kind == "points":
        rows += [("lon", "number", "degree", "longitude"), ("lat", "number", "degree", "latitude")]
    rows += [(a.name, a.type, a.unit, column_note(a) or "attribute") for a in layer.attributes]
    if layer.kind == "zones":
        rows.append(("geometry", "geometry", None, "outline, longitude first"))
    return rows


def _span(held: Held | None) -> list[str]:
    if held is None:
        return []
    return ["no rows" if held.times is None else f"{str(held.times[0])[:10]} to {str(held.times[1])[:10]}"]


def column_note(column: Band | Attribute) -> str | None:
    """What is told of a band or attribute beside its unit, in one line."""
    parts = [column.long_name]
    if column.standard_name not in (None, column.long_name):
        parts.append(column.standard_name)
    if isinstance(column, Band) and column.valid_range is not None:
        parts.append("valid {:g} to {:g}".format(*column.valid_range))
    colours = dict(column.colours) if isinstance(column, Band) else {}
    classes = [f"{code}={name}{f' {colours[code]}' if code in colours else ''}" for code, name in column.classes]
    return "; ".join(p for p in (*parts, ", ".join(classes)) if p) or None


def _told(layer: Layer) -> list[Row]:
    made = layer.provenance
    software = ", ".join(f"{name} {version}" for name, version in made.software)
    facts = [
        ("title", layer.title), ("description", layer.description), ("keywords", ", ".join(layer.keywords)),
        ("licence", layer.licence), ("citation", layer.citation), ("doi", layer.doi),
        ("providers", "; ".join(provider_text(p) for p in layer.providers)), ("lineage", made.lineage),
        ("level", made.level), ("facility", made.facility), ("expression", made.expression),
        ("methods", ", ".join(f"{band}: {method}" for band, method in made.methods)), ("sources", _sources(layer)),
        ("made", " by ".join(p for p in (made.time, software) if p)),
    ]  # fmt: skip
    return [(name, "layer", None, text or None) for name, text in facts if text or name in _ALWAYS]


def _sources(layer: Layer) -> str:
    made = layer.provenance
    named = ", ".join(made.sources[:3])
    more = made.source_count - len(made.sources[:3])
    return f"{named} and {more} more" if more > 0 else named


def _stored(layer: Layer, held: Held) -> list[Row]:
    levels = [f"resolution {layer.resolution - level}" for level in overview_levels(layer)]
    extent = "longitude {:g} to {:g}, latitude {:g} to {:g}".format(
        *(held.extent[n] for n in (0, 2, 1, 3))
    ) if held.extent is not None else None  # fmt: skip
    facts = [
        ("extent", extent), ("rows", f"{held.rows:,}{' of tiles' if layer.kind == 'grid' else ''}"),
        ("files", f"{held.files:,}"), ("bytes", f"{held.bytes:,}"), ("versions", f"{held.versions:,}"),
        ("overviews", ", ".join(["of each tile", *levels]) if layer.kind == "grid" else None),
    ]  # fmt: skip
    return [(name, "store", None, text) for name, text in facts if text is not None]
