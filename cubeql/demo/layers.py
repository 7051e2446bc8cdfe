"""The demo's layers: which files make them, how they are brought to cells, and why that way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cubeql.demo.sources import DATA, data_sources


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Files of the demo that make a layer.

    Attributes:
        name: the layer's name.
        source: name of its row in ``sources.toml``.
        files: pattern of its files below the data folder.
    """

    name: str
    source: str
    files: str

    @property
    def title(self) -> str:
        """What it is, in words."""
        return data_sources()[self.source].title

    @property
    def paths(self) -> list[str]:
        """Paths of its files, in the order of their names."""
        return [str(path) for path in sorted(DATA.glob(self.files))]


@dataclass(frozen=True, slots=True)
class DemoLayer(DemoFiles):
    """A layer of the demo.

    Attributes:
        resolution: of its cells.
        method: of regridding; classes take ``nearest`` or ``mode`` only.
        reason: why this resolution and method.
        options: what else :func:`cubeql.ingest.ingest` must be told; bands, units, classes, times, title,
            licence and citation are in the files.
    """

    resolution: int
    method: str
    reason: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DemoRows(DemoFiles):
    """A layer of points or zones of the demo.

    Attributes:
        units: of attributes, by name.
    """

    units: Mapping[str, str] = field(default_factory=dict)

    @property
    def options(self) -> dict[str, Any]:
        """What :func:`cubeql.ingest.ingest` must be told: these files cannot say it."""
        source = data_sources()[self.source]
        units = {"units": dict(self.units)} if self.units else {}
        return {"title": source.title, "licence": source.licence, "citation": source.citation, **units}


LAYERS = (
    DemoLayer(
        "s2", "sentinel2_10m", "sentinel2_10m.nc", 13, "nearest",
        "a cell has 46 m², a pixel 100 m²: every pixel is in some cell, and values stay measured ones",
    ),
    DemoLayer(
        "s2_20m", "sentinel2_20m", "sentinel2_20m.nc", 12, "nearest",
        "a cell has 325 m², a pixel 400 m²; seven cells of s2 lie below each",
    ),
    DemoLayer(
        "trees", "tree_cover_2018", "tree_cover_2018.tif", 12, "nearest",
        "the pixels of s2_20m, so the same cells",
    ),
    DemoLayer(
        "landcover", "landcover_2019", "landcover_2019.tif", 6, "nearest",
        "a cell has 36 km², a pixel up to 31 km²; a sample at the centre keeps the areas of rare classes",
    ),
    DemoLayer(
        "dem", "elevation", "elevation.tif", 5, "mean",
        "a cell has 253 km², a pixel up to 86 km²: every cell holds a pixel",
    ),
    DemoLayer(
        "climate", "climate", "climate/era5_*.vrt", 4, "mean",
        "a cell has 1770 km², a step of the grid up to 770 km²: every cell of the earth holds a node",
        {"time_pattern": "%Y-%m", "stamp": "start", "step": "P1M"},
    ),
)  # fmt: skip
"""From fine to coarse; times are days, none, or the calendar months of a climate mean."""

ROWS = (
    DemoRows(
        "towers", "towers", "towers.geojson",
        {"elevation_m": "m", "temperature_degc": "degC", "precipitation_mm": "mm"},
    ),
    DemoRows("countries", "countries", "countries.geojson"),
)  # fmt: skip
"""Points and zones, as their files have them."""
