"""Points and zones are offered and explained by their attributes."""

from __future__ import annotations

from cubeql.catalog import Attribute, Band, Layer, MemoryCatalog, TimeAxis
from cubeql.service import complete, hover

SOIL = Attribute("soil", "integer", classes=((1, "sand"), (2, "clay")))
CATALOG = MemoryCatalog(
    (
        Layer("stations", 15, (), TimeAxis(), kind="points", attributes=(Attribute("reading", "number", "mm"), SOIL)),
        Layer("parks", 0, (), kind="zones", attributes=(Attribute("park", "text"),)),
        Layer("fine", 7, (Band("red", "int16"),), TimeAxis()),
    )
)


def offered(text: str) -> list[str]:
    at = text.index("|")
    return [c.text for c in complete(text.replace("|", ""), at, CATALOG)]


def test_columns_of_points_and_zones_are_offered() -> None:
    assert offered("FROM stations JOIN fine SELECT stations.|") == ["cell", "time", "lon", "lat", "reading", "soil"]
    assert offered("FROM stations SELECT rea|")[0] == "reading"
    assert offered("FROM parks SELECT |")[:3] == ["zone", "park", "geometry"]


def test_names_of_classes_are_offered() -> None:
    assert offered("FROM stations FILTER soil = |")[:2] == ["'sand'", "'clay'"]


def test_layers_and_attributes_are_explained() -> None:
    text = "FROM stations SELECT soil, reading"
    layer, soil, reading = (hover(text, text.index(word) + 1, CATALOG) for word in ("stations", "soil", "reading"))
    assert layer is not None and "points, time: instant\nattributes: reading mm, soil integer" in layer.body
    assert soil is not None and "classes: 1 sand, 2 clay" in soil.body
    assert reading is not None and reading.title == "reading: number in mm"
