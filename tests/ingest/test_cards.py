"""What a file says of its data arrives on the card of the layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
import xarray as xr

from cubeql.catalog import Provider
from cubeql.ingest import ingest
from cubeql.storage import Store
from tests.ingest.rasters import patterned, write_tif
from tests.ingest.test_rasters import layer_of

COLOURS = {0: (0, 0, 0, 255), 1: (0, 128, 0, 255), 2: (10, 20, 30, 255), 3: (0, 0, 0, 255)}


def landcover(path: Path) -> str:
    values = np.array([[1, 2, 1], [2, 2, 1]], np.uint8)
    found = write_tif(path, values, photometric="palette")
    with rasterio.open(found, "r+") as file:
        file.write_colormap(1, COLOURS)
        file.update_tags(
            title="Land cover", TIFFTAG_COPYRIGHT="cc-by-4.0", TIFFTAG_ARTIST="Survey of X", keywords="land, cover",
            doi="https://doi.org/10.5281/zenodo.77", processing_level="L3", publisher_note="further",
        )  # fmt: skip
        file.update_tags(1, standard_name="land_cover_lccs", long_name="Cover", valid_min="1", valid_max="2")
    return found


def test_tags_and_colour_table_of_a_geotiff(tmp_path: Path, store: Store) -> None:
    ingest(store, landcover(tmp_path / "cover.tif"), "a", categorical=["value"], bands={"value": 1})
    layer = layer_of(store)
    assert (layer.title, layer.licence, layer.keywords, layer.doi) == (
        "Land cover", "CC-BY-4.0", ("land", "cover"), "10.5281/zenodo.77",
    )  # fmt: skip
    assert layer.providers == (Provider("Survey of X", ("producer",)),)
    assert layer.provenance.level == "L3"
    band = layer.bands[0]
    assert (band.standard_name, band.long_name, band.valid_range) == ("land_cover_lccs", "Cover", (1.0, 2.0))
    assert band.colours == ((1, "#008000"), (2, "#0a141e"))


def test_colours_are_of_the_classes_that_have_names(tmp_path: Path, store: Store) -> None:
    classes = {"value": {2: "plant", 7: "soil"}}
    ingest(store, landcover(tmp_path / "cover.tif"), "a", bands={"value": 1}, classes=classes)
    assert layer_of(store).bands[0].colours == ((2, "#0a141e"),)


def test_attributes_of_a_netcdf_file(tmp_path: Path, store: Store) -> None:
    values = np.array([[100, 200], [300, 400]], np.int16)
    flags = {"flag_values": np.array([1, 2], np.int8), "flag_meanings": "dry wet", "flag_colors": "#AA0000 #0000bb"}
    axes = {"lat": [47.1, 47.0], "lon": [11.0, 11.1]}
    dataset = xr.Dataset(
        {
            "t2m": (("lat", "lon"), values, {"standard_name": "air_temperature", "units": "K", "scale_factor": 0.1,
                                             "valid_range": np.array([0, 500], np.int16)}),
            "state": (("lat", "lon"), np.array([[1, 2], [2, 1]], np.int8), flags),
        },
        axes,
        {"title": "Air", "summary": "Air of X", "institution": "Weather Service", "publisher_name": "Archive",
         "license": "CC0-1.0", "history": "2020: made", "references": "somewhere", "source": "model 7"},
    )  # fmt: skip
    dataset.to_netcdf(tmp_path / "a.nc")
    ingest(store, str(tmp_path / "a.nc"), "a")
    layer = layer_of(store)
    assert (layer.description, layer.licence, layer.provenance.lineage) == ("Air of X", "CC0-1.0", "2020: made")
    assert layer.providers == (Provider("Weather Service", ("producer",)), Provider("Archive", ("host",)))
    assert dict(layer.extras)["references"] == "somewhere" and dict(layer.extras)["source_model"] == "model 7"
    air, state = layer.band("t2m"), layer.band("state")
    assert air is not None and state is not None
    assert (air.standard_name, air.long_name, air.valid_range) == ("air_temperature", "air_temperature", (0.0, 50.0))
    assert state.colours == ((1, "#aa0000"), (2, "#0000bb"))


def test_a_layer_knows_its_sources_method_and_maker(tmp_path: Path, store: Store) -> None:
    for day in (1, 2):
        path = write_tif(tmp_path / f"a_2024010{day}.tif", patterned(8, 9))
        ingest(store, path, "a", time_pattern="%Y%m%d", resolution=7, method="mean")
    made = layer_of(store).provenance
    assert (made.sources, made.source_count) == (("a_20240101.tif", "a_20240102.tif"), 2)
    assert made.methods == (("value", "mean"),) and dict(made.software)["cubeql"]
    assert made.time is not None and made.time.endswith("Z")


def test_rows_know_their_sources_too(tmp_path: Path, store: Store) -> None:
    (tmp_path / "towers.csv").write_text("lon,lat,height\n11,48,3\n")
    ingest(store, str(tmp_path / "towers.csv"), "towers")
    assert layer_of(store, "towers").provenance.sources == ("towers.csv",)


def test_a_licence_that_is_no_identifier_is_kept_as_it_is_written(tmp_path: Path, store: Store) -> None:
    path = write_tif(tmp_path / "a.tif", patterned(8, 9))
    with rasterio.open(path, "r+") as file:
        file.update_tags(license="as you like", doi="none", keywords=" , ")
    ingest(store, path, "a")
    layer = layer_of(store)
    assert (layer.licence, layer.doi, layer.keywords) == ("as you like", None, ())
