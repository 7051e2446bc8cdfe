"""What a GeoTIFF says of itself reaches the layer: names, units, packing, nodata, masks, classes, times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from cubeql.errors import IngestError
from cubeql.ingest import ingest
from cubeql.storage import Store
from tests.ingest.rasters import NORTH_UP, assert_same, patterned, picture_of, stored, write_tif
from tests.ingest.reference import Picture, regridded


def layer_of(store: Store, name: str = "a"):
    layer = store.layer(name)
    assert layer is not None
    return layer


def test_scale_offset_unit_and_names_travel(tmp_path: Path, store: Store) -> None:
    values = np.stack([patterned(8, 9, np.int16), patterned(8, 9, np.int16, 1)])
    path = write_tif(tmp_path / "a.tif", values)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets, file.units = (0.1, 1.0), (-5.0, 0.0), ("degC", "1")
        file.set_band_description(1, "t2m")
        file.set_band_description(2, "Snow cover (share)")
        file.update_tags(1, long_name="temperature at 2 m")
    ingest(store, path, "a")
    first, second = layer_of(store).bands
    assert (first.name, first.scale, first.offset, first.unit) == ("t2m", 0.1, -5.0, "degC")
    assert (first.storage, first.long_name) == ("int16", "temperature at 2 m")
    assert (second.name, second.scale, second.offset, second.unit) == ("Snow_cover_share", None, None, "1")
    assert_same(stored(store, "a", "t2m"), regridded(picture_of(values[0]), 8, "nearest"))
    assert_same(stored(store, "a", "Snow_cover_share"), regridded(picture_of(values[1]), 8, "nearest"))


def test_bands_are_chosen_by_number_and_name_and_renamed(tmp_path: Path, store: Store) -> None:
    values = np.stack([patterned(8, 9, np.int16, i) for i in range(3)])
    path = write_tif(tmp_path / "a.tif", values)
    with rasterio.open(path, "r+") as file:
        file.set_band_description(2, "green")
    ingest(store, path, "a", bands=[3, "green"])
    assert [b.name for b in layer_of(store).bands] == ["b3", "green"]
    ingest(store, path, "b", bands={"red": 1, "veg": "green"})
    assert [b.name for b in layer_of(store, "b").bands] == ["red", "veg"]
    assert_same(stored(store, "b", "veg"), regridded(picture_of(values[1]), 8, "nearest"))


@pytest.mark.parametrize(
    ("bands", "message"),
    [(["grn"], "no band 'grn'.*green"), ([4], "no band 4.*it has 3"), ({"cell": 1}, "cell.*reserved"),
     ({"a": 1, "A": 2}, "two bands would be named"), ({"no name": 1}, "not an identifier")],
)  # fmt: skip
def test_bands_that_cannot_be(tmp_path: Path, store: Store, bands: object, message: str) -> None:
    path = write_tif(tmp_path / "a.tif", np.stack([patterned(8, 9, np.int16, i) for i in range(3)]))
    with rasterio.open(path, "r+") as file:
        file.set_band_description(2, "green")
    with pytest.raises(IngestError, match=message):
        ingest(store, path, "a", bands=bands)


def test_nodata_of_each_band_is_its_own(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "a.vrt"
    one = write_tif(tmp_path / "one.tif", np.full((8, 9), 7, np.int16), nodata=7)
    two = write_tif(tmp_path / "two.tif", np.full((8, 9), 7, np.int16), nodata=8)
    bands = "".join(
        f'<VRTRasterBand dataType="Int16" band="{n}"><NoDataValue>{v}</NoDataValue><SimpleSource>'
        f"<SourceFilename>{f}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
        for n, v, f in ((1, 7, one), (2, 8, two))
    )
    path.write_text(
        f'<VRTDataset rasterXSize="9" rasterYSize="8"><SRS>EPSG:4326</SRS>'
        f"<GeoTransform>11,0.01,0,48.3,0,-0.01</GeoTransform>{bands}</VRTDataset>"
    )
    ingest(store, str(path), "a")
    assert stored(store, "a", "b1") == {}
    assert set(stored(store, "a", "b2").values()) == {7}


def test_nodata_given_replaces_the_declared_one(tmp_path: Path, store: Store) -> None:
    values = patterned(8, 9, np.int16)
    path = write_tif(tmp_path / "a.tif", values, nodata=int(values[0, 0]))
    ingest(store, path, "a", nodata=int(values[4, 4]))
    assert_same(stored(store, "a"), regridded(picture_of(values, nodata=values[4, 4]), 8, "nearest"))
    ingest(store, path, "b", nodata=None)
    assert_same(stored(store, "b"), regridded(picture_of(values), 8, "nearest"))


@pytest.mark.parametrize("nodata", [-9999, 256, 0.5, float("nan")])
def test_nodata_that_no_pixel_can_have_is_refused(tmp_path: Path, store: Store, nodata: float) -> None:
    path = write_tif(tmp_path / "a.tif", patterned(8, 9, np.uint8))
    with pytest.raises(IngestError, match=r"nodata value .* does not fit its type uint8"):
        ingest(store, path, "a", nodata=nodata)


def test_float64_nodata_meets_float32_pixels(tmp_path: Path, store: Store) -> None:
    values = patterned(8, 9)
    values[2:4] = np.float32(-3.4028234663852886e38)
    path = write_tif(tmp_path / "a.tif", values, nodata=-3.4028234663852886e38)
    ingest(store, path, "a")
    assert_same(stored(store, "a"), regridded(picture_of(values, nodata=values[2, 0]), 8, "nearest"))


@pytest.mark.parametrize("kind", ["mask", "alpha"])
def test_masked_pixels_are_no_data(tmp_path: Path, store: Store, kind: str) -> None:
    values = patterned(8, 9, np.uint8)
    valid = np.random.default_rng(3).random((8, 9)) > 0.4
    alpha = np.where(valid, 255, 0).astype(np.uint8)
    if kind == "mask":
        path = write_tif(tmp_path / "a.tif", values)
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as file:
            file.write_mask(alpha)
    else:
        path = write_tif(tmp_path / "a.tif", np.stack([values, alpha]))
        with rasterio.open(path, "r+") as file:
            file.colorinterp = (ColorInterp.gray, ColorInterp.alpha)
    ingest(store, path, "a")
    assert [b.name for b in layer_of(store).bands] == ["value"]
    assert_same(stored(store, "a"), regridded(Picture(values, valid, NORTH_UP, "EPSG:4326"), 8, "nearest"))


@pytest.mark.parametrize("where", ["tags", "flags", "category names", "argument"])
def test_classes_make_a_band_categorical(tmp_path: Path, store: Store, where: str) -> None:
    path = write_tif(tmp_path / "a.tif", patterned(8, 9, np.uint8) % 3)
    options = {}
    if where == "category names":
        names = "".join(f"<Category>{n}</Category>" for n in ("water", "forest", "town"))
        Path(f"{path}.aux.xml").write_text(
            f'<PAMDataset><PAMRasterBand band="1"><CategoryNames>{names}</CategoryNames></PAMRasterBand></PAMDataset>'
        )
    elif where == "argument":
        options["classes"] = {0: "water", 1: "forest", 2: "town"}
    else:
        tags = {"classes": "0=water|1=forest|2=town"}
        if where == "flags":
            tags = {"flag_values": "0, 1, 2", "flag_meanings": "water forest town"}
        with rasterio.open(path, "r+") as file:
            file.update_tags(1, **tags)
    ingest(store, path, "a", **options)
    (band,) = layer_of(store).bands
    assert (band.kind, band.classes) == ("categorical", ((0, "water"), (1, "forest"), (2, "town")))


@pytest.mark.parametrize("tag", ["time", "TIFFTAG_DATETIME"])
def test_time_of_a_tag_counts_only_when_asked(tmp_path: Path, store: Store, tag: str) -> None:
    path = write_tif(tmp_path / "a.tif", patterned(8, 9))
    with rasterio.open(path, "r+") as file:
        file.update_tags(**{tag: "2024:05:03 10:30:00" if tag.startswith("TIFF") else "2024-05-03T10:30:00Z"})
    ingest(store, path, "still")
    assert layer_of(store, "still").time is None
    ingest(store, path, "timed", time_tag=True)
    assert {b.time for b in store.read_blocks("timed")} == {np.datetime64("2024-05-03T10:30:00", "us")}


def test_single_band_files_become_bands_of_one_row(tmp_path: Path, store: Store) -> None:
    paths, pictures = [], {}
    for i, (name, step) in enumerate([("B02", 0.01), ("B11", 0.02)]):
        values = patterned(int(0.16 / step), int(0.2 / step), np.int16, i)
        transform = NORTH_UP @ rasterio.Affine.scale(step / 0.01)
        paths.append(write_tif(tmp_path / f"S2_20240503_{name}.tif", values, transform))
        pictures[name] = picture_of(values, transform)
    report = ingest(store, paths, "a", band_pattern=r"_(B\d\d)\.tif", time_pattern="%Y%m%d", resolution=8)
    assert [b.name for b in layer_of(store).bands] == ["B02", "B11"]
    assert report.rows == report.tiles
    for name, picture in pictures.items():
        assert_same(stored(store, "a", name), regridded(picture, 8, "nearest"))


def test_units_given_win(tmp_path: Path, store: Store) -> None:
    path = write_tif(tmp_path / "a.tif", patterned(8, 9))
    with rasterio.open(path, "r+") as file:
        file.units = ("K",)
    ingest(store, path, "a", units={"value": "degC"}, title="Air", licence="CC0", citation="A. N. Author")
    layer = layer_of(store)
    assert (layer.bands[0].unit, layer.title, layer.licence, layer.citation) == ("degC", "Air", "CC0", "A. N. Author")
