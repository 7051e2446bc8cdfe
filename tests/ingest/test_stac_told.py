"""What a STAC item tells of a band, and what its file says: scale, offset, nodata, unit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio

from cubeql.errors import IngestError
from cubeql.ingest import ingest
from cubeql.storage import Store
from tests.ingest.catalogs import CRS, asset, band_file, grid, item
from tests.ingest.rasters import assert_same, patterned, picture_of, stored, write_tif
from tests.ingest.reference import regridded
from tests.ingest.test_stac import RESOLUTION, layer_of, pixels


def one_band(folder: Path, told: dict[str, Any], **profile: Any) -> pystac.Item:
    made = item("a")
    made.add_asset("v", asset(band_file(folder, "v", 20, 1, np.int16, **profile), **told))
    return made


def with_scale(made: pystac.Item, scale: float) -> None:
    with rasterio.open(made.assets["v"].href, "r+") as file:
        file.scales = [scale]


@pytest.mark.parametrize(
    "told",
    [
        {"raster:bands": [{"scale": 0.5, "offset": 2, "nodata": 300, "unit": "K"}]},
        {"bands": [{"raster:scale": 0.5, "raster:offset": 2, "nodata": 300, "unit": "K"}]},
        {"raster:scale": 0.5, "raster:offset": 2, "nodata": 300, "unit": "K"},
    ],
)
def test_facts_of_a_band_in_every_version_of_stac(tmp_path: Path, store: Store, told: dict[str, Any]) -> None:
    made = one_band(tmp_path, told)
    ingest(store, made, "a", **RESOLUTION)
    band = layer_of(store, "a").bands[0]
    assert (band.name, band.scale, band.offset, band.unit) == ("v", 0.5, 2.0, "K")
    values = pixels(made.assets["v"].href)
    assert 300 in values
    assert_same(stored(store, "a", "v"), regridded(picture_of(values, grid(20), CRS, nodata=300), 12, "nearest"))


def test_item_and_file_that_contradict_are_refused_until_one_is_believed(tmp_path: Path, store: Store) -> None:
    made = one_band(tmp_path, {"raster:bands": [{"scale": 0.5, "nodata": 300}]}, nodata=-1)
    with_scale(made, 0.25)
    says = r"item a, asset v: its scale and offset is 0.5 and 0 in the item, but 0.25 and 0 in the file; say whom"
    with pytest.raises(IngestError, match=says):
        ingest(store, made, "a", **RESOLUTION)
    for believe, scale in (("item", 0.5), ("file", 0.25)):
        ingest(store, made, believe, believe=believe, **RESOLUTION)
        assert layer_of(store, believe).bands[0].scale == scale
        assert (300 in stored(store, believe, "v").values()) == (believe == "file")


def test_file_and_item_that_agree_need_no_word(tmp_path: Path, store: Store) -> None:
    made = one_band(tmp_path, {"raster:bands": [{"scale": 0.5, "nodata": -1}]}, nodata=-1)
    with_scale(made, 0.5)
    ingest(store, made, "a", **RESOLUTION)
    assert layer_of(store, "a").bands[0].scale == 0.5


def test_nodata_of_the_user_counts_before_all(tmp_path: Path, store: Store) -> None:
    ingest(store, one_band(tmp_path, {"raster:bands": [{"nodata": 300}]}, nodata=-1), "a", nodata=200, **RESOLUTION)
    found = set(stored(store, "a", "v").values())
    assert 300 in found and 200 not in found


def test_nodata_written_as_a_text(tmp_path: Path, store: Store) -> None:
    made = item("a")
    path = write_tif(tmp_path / "f.tif", patterned(30, 30), grid(20), CRS)
    made.add_asset("v", asset(path, **{"raster:bands": [{"nodata": "nan"}]}))
    assert ingest(store, made, "a", **RESOLUTION).cells > 0
