"""STAC catalogs of small scenes, written by pystac."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pystac
from affine import Affine

from tests.ingest.rasters import patterned, write_tif

WEST, NORTH = 600_000, 5_400_000
CRS = "EPSG:32632"


def grid(metres: int) -> Affine:
    return Affine(metres, 0, WEST, 0, -metres, NORTH)


def band_file(folder: Path, name: str, metres: int, seed: int, dtype: Any = np.uint16, **profile: Any) -> str:
    """A band of 1.2 km in pixels of so many metres."""
    size = 1200 // metres
    values = (patterned(size, size, np.int32, seed) * 100).astype(dtype)
    return write_tif(folder / f"{name}.tif", values, grid(metres), CRS, **profile)


def asset(href: str, **told: Any) -> pystac.Asset:
    roles = told.pop("roles", ["data"])
    media = told.pop("media_type", "image/tiff; application=geotiff; profile=cloud-optimized")
    return pystac.Asset(href, media_type=media, roles=roles, extra_fields=told)


def item(name: str, time: str | None = "2024-05-01T10:00:00Z", /, **properties: Any) -> pystac.Item:
    """An item over the scenes' box."""
    box = [10.36, 48.72, 10.40, 48.76]
    ring = [[10.36, 48.72], [10.40, 48.72], [10.40, 48.76], [10.36, 48.76], [10.36, 48.72]]
    when = None if time is None else datetime.fromisoformat(time.replace("Z", "+00:00"))
    if when is None:
        properties = {"start_datetime": None, "end_datetime": None, **properties}
        made = pystac.Item(name, {"type": "Polygon", "coordinates": [ring]}, box, datetime(2000, 1, 1), {})
        made.datetime = None
        made.properties = {"datetime": None, **{k: v for k, v in properties.items() if v is not None}}
        return made
    return pystac.Item(name, {"type": "Polygon", "coordinates": [ring]}, box, when, properties)


def sentinel(folder: Path, name: str, day: int, cloud: float = 5.0) -> pystac.Item:
    """Bands of 10, 20 and 60 m with what a catalog tells of them, a class band and a picture to look at."""
    folder = folder / name
    folder.mkdir(parents=True)
    made = item(name, f"2024-05-{day:02}T10:00:00Z", **{"eo:cloud_cover": cloud, "updated": "2024-06-01T00:00:00Z"})
    packed = {"scale": 0.0001, "offset": -0.1, "nodata": 0, "data_type": "uint16", "unit": "1"}
    for key, band, metres in (("red", "B04", 10), ("nir", "B08", 10), ("swir16", "B11", 20), ("coastal", "B01", 60)):
        path = band_file(folder, band, metres, day * 10 + metres)
        told = {"eo:bands": [{"name": band, "common_name": key}], "raster:bands": [packed]}
        made.add_asset(key, asset(path, **told))
    classes = [
        {"value": 0, "name": "no_data", "nodata": True, "color_hint": "000000"},
        {"value": 4, "name": "vegetation", "description": "Vegetation", "color_hint": "00a000"},
        {"value": 6, "name": "water", "color_hint": "0000FF"},
    ]
    codes = np.random.default_rng(day).choice(np.array([0, 4, 6], np.uint8), (60, 60))
    path = write_tif(folder / "SCL.tif", codes, grid(20), CRS)
    made.add_asset("scl", asset(path, **{"raster:bands": [{"classification:classes": classes}]}))
    made.add_asset("thumbnail", asset(str(folder / "none.jpg"), roles=["thumbnail"], media_type="image/jpeg"))
    made.add_asset("preview", asset(path, roles=["overview"]))
    return made


def collection(items: list[pystac.Item], name: str = "s2-l2a") -> pystac.Collection:
    extent = pystac.Extent(
        pystac.SpatialExtent([[10, 48, 11, 49]]), pystac.TemporalExtent([[datetime(2024, 1, 1), None]])
    )
    made = pystac.Collection(
        name, "Surface reflectance of test scenes.", extent, title="Test scenes", license="CC-BY-4.0",
        keywords=["optical", "tests"],
        providers=[pystac.Provider("ESA (test)", roles=["producer", "licensor"], url="https://esa.int")],
        extra_fields={"sci:doi": "10.5281/zenodo.1234567", "sci:citation": "Tests (2024)"},
    )  # fmt: skip
    made.add_items(items)
    return made


def saved(folder: Path, items: list[pystac.Item], relative: bool = True) -> Path:
    """A catalog with one collection of the items; where its ``catalog.json`` is."""
    root = pystac.Catalog("root", "Of tests")
    root.add_child(collection(items))
    root.normalize_hrefs(str(folder))
    if relative:
        root.make_all_asset_hrefs_relative()
    root.save(pystac.CatalogType.SELF_CONTAINED)
    return folder / "catalog.json"
