"""Folders of sources, and scenes whose bands are files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from cubeql.errors import IngestError
from cubeql.ingest import ingest
from cubeql.ingest.folders import sources_below
from cubeql.storage import Store
from tests.ingest.catalogs import CRS, grid
from tests.ingest.rasters import assert_same, patterned, picture_of, stored, write_tif
from tests.ingest.reference import regridded


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def below(folder: Path, pattern: str | None = None) -> list[str]:
    return [str(Path(p).relative_to(folder)) for p in sources_below(str(folder), pattern)]


def test_rasters_below_a_folder_are_found_in_order(tmp_path: Path) -> None:
    touched(tmp_path, "b/2.tif", "b/1.TIF", "a.jp2", "c/d/e/3.vrt", "README.txt", "a.tif.aux.xml", "b/.hidden.tif",
            ".git/x.tif", "meta.json")  # fmt: skip
    assert below(tmp_path) == ["a.jp2", "b/1.TIF", "b/2.tif", "c/d/e/3.vrt"]
    assert below(tmp_path, "b/*.tif") == ["b/.hidden.tif", "b/2.tif"]
    assert below(tmp_path, "**/[13].*") == ["b/1.TIF", "c/d/e/3.vrt"]


def test_zarr_stores_below_a_folder_are_one_source_each(tmp_path: Path) -> None:
    touched(tmp_path, "x/one.zarr/zarr.json", "x/one.zarr/v/c/0/0", "two/.zgroup", "two/v/0.0")
    assert below(tmp_path) == ["two", "x/one.zarr"]


@pytest.mark.parametrize(
    ("names", "pattern", "says"),
    [
        (["a.tif", "b.nc"], None, r"different kinds of sources: 1 NetCDF files, .*b\.nc the first; 1 rasters"),
        (["a.tif", "b.csv"], None, r"different kinds of sources: 1 files of rows, .*b\.csv the first; 1 rasters"),
        (["a.tif", "b.zarr/zarr.json"], None, "1 Zarr stores"),
        (["notes.txt"], None, "no source lies below it"),
        (["a.tif"], "*.jp2", r"no file matches '\*\.jp2' below it"),
        (["a.tif"], "/x/*.tif", "is no pattern below a folder"),
        (["catalog.json"], None, r"for its STAC catalog name .*/catalog\.json"),
    ],
)
def test_folders_that_are_refused(tmp_path: Path, store: Store, names: list[str], pattern: str, says: str) -> None:
    with pytest.raises(IngestError, match=says):
        ingest(store, touched(tmp_path / "in", *names), "a", glob=pattern)


def test_folder_is_ingested(tmp_path: Path, store: Store) -> None:
    (tmp_path / "in/deep").mkdir(parents=True)
    for day, place in ((1, "in"), (2, "in/deep")):
        write_tif(tmp_path / place / f"s_2024050{day}.tif", patterned(8, 9, seed=day))
    report = ingest(store, tmp_path / "in", "a", time_pattern="%Y%m%d")
    assert [Path(s).name for s in report.sources] == ["s_20240502.tif", "s_20240501.tif"]
    assert ingest(store, tmp_path / "in", "a", time_pattern="%Y%m%d").version is None


def test_folder_of_netcdf_files(tmp_path: Path, store: Store) -> None:
    (tmp_path / "in").mkdir()
    axes = {"lat": 48 - 0.1 * np.arange(9), "lon": 11 + 0.1 * np.arange(9)}
    for day in (1, 2):
        found = xr.Dataset({"t": (("time", "lat", "lon"), patterned(9, 9)[None])}, axes)
        found.assign_coords(time=[np.datetime64(f"2024-05-0{day}", "ns")]).to_netcdf(tmp_path / f"in/{day}.nc")
    assert len(ingest(store, tmp_path / "in", "a", resolution=5).sources) == 2


def test_glob_without_a_folder_is_refused(tmp_path: Path, store: Store) -> None:
    with pytest.raises(IngestError, match="glob: there is no folder to look in"):
        ingest(store, write_tif(tmp_path / "a.tif", patterned(3, 3)), "a", glob="*.tif")


# ------------------------------------------------------------------ scenes

SAFE = "S2A_MSIL2A_20240501T101031.SAFE/GRANULE/L2A_T32UPU/IMG_DATA"


def band(path: Path, metres: int, seed: int) -> Any:
    """A file of one band; its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 1200 // metres
    values = patterned(size, size, np.int16, seed)
    write_tif(path, values, grid(metres), CRS)
    return values


def sentinel(folder: Path, day: int) -> dict[str, Any]:
    """What a product of Sentinel-2 holds: bands in up to three resolutions, and files that are no bands."""
    found = {}
    name = f"T32UPU_2024050{day}T101031"
    place = folder / SAFE.replace("20240501", f"2024050{day}")
    for code, metres in (("B02", 10), ("B04", 10), ("B02", 20), ("B11", 20), ("B02", 60), ("B01", 60)):
        values = band(place / f"R{metres}m/{name}_{code}_{metres}m.jp2", metres, day * 100 + metres + len(found))
        found.setdefault(code, (values, metres))
    touched(place.parent, "QI_DATA/MSK_CLDPRB_20m.jp2", "QI_DATA/T32UPU_PVI.jp2")
    return found


def test_sentinel_2_products_are_scenes_with_the_finest_file_of_each_band(tmp_path: Path, store: Store) -> None:
    pixels = {day: sentinel(tmp_path / "in", day) for day in (1, 4)}
    report = ingest(store, tmp_path / "in", "s2", file_pattern="sentinel-2", resolution=12, method="nearest")
    assert len(report.sources) == 2 and len(report.skipped) == 4 and "not of the form" in report.skipped[0][1]
    layer = store.layer("s2")
    assert layer is not None and sorted(b.name for b in layer.bands) == ["B01", "B02", "B04", "B11"]
    for day, own in pixels.items():
        for code, (values, metres) in own.items():
            wanted = regridded(picture_of(values, grid(metres), CRS), 12, "nearest")
            assert_same(stored(store, "s2", code, f"2024-05-0{day}T10:10:31"), wanted)
    assert ingest(store, tmp_path / "in", "s2", file_pattern="sentinel-2", method="nearest").version is None


def test_landsat_scenes_and_bands_by_name(tmp_path: Path, store: Store) -> None:
    for day in (1, 2):
        for code in ("SR_B4", "SR_B5", "QA_PIXEL"):
            name = f"LC08_L2SP_19202{day}_2024050{day}_20240510_02_T1_{code}.TIF"
            band(tmp_path / "in" / name, 30, day)
    touched(tmp_path / "in", "LC08_L2SP_192021_20240501_20240510_02_T1_MTL.txt")
    bands = {"red": "SR_B4", "nir": "sr_b5"}
    report = ingest(store, tmp_path / "in", "ls", file_pattern="landsat", bands=bands, resolution=11)
    assert len(report.sources) == 2 and report.sources[0].endswith("_20240501_20240510_02_T1_*.TIF")
    layer = store.layer("ls")
    assert layer is not None and [b.name for b in layer.bands] == ["red", "nir"]
    assert {str(b.time)[:10] for b in store.read_blocks("ls")} == {"2024-05-01", "2024-05-02"}


def test_scene_is_left_out_as_a_whole(tmp_path: Path, store: Store) -> None:
    for day in (1, 2, 3):
        for code in ("red", "nir"):
            band(tmp_path / f"in/x_2024050{day}_{code}.tif", 30, day)
    (tmp_path / "in/x_20240502_nir.tif").unlink()
    (tmp_path / "in/x_20240503_nir.tif").write_bytes(b"no raster")
    options = {"file_pattern": "x_{time:%Y%m%d}_{band}.tif", "bands": ["red", "nir"], "resolution": 11}
    with pytest.raises(IngestError, match=r"x_20240502_\*\.tif: has no file of the band 'nir'; it has red"):
        ingest(store, tmp_path / "in", "a", **options)
    report = ingest(store, tmp_path / "in", "a", skip_bad=True, **options)
    assert len(report.sources) == 1 and len(report.bad) == 2
    assert {str(b.time)[:10] for b in store.read_blocks("a")} == {"2024-05-01"}


def test_scenes_without_a_time_are_told_apart_by_other_fields(tmp_path: Path, store: Store) -> None:
    for tile in ("A", "B"):
        for code in ("red", "nir"):
            band(tmp_path / f"in/{tile}/{tile}_{code}.tif", 30, 1)
    report = ingest(store, tmp_path / "in", "a", file_pattern="{tile}_{band}.tif", time="2024-05", resolution=11)
    assert len(report.sources) == 2 and len({str(b.time) for b in store.read_blocks("a")}) == 1


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("{tile}_{time}.tif", "does not say where the band is"),
        ("{band}_{band}.tif", "cannot be used"),
        ("{band:%Y}.tif", "has a form, which only the time has"),
        ("{a b}_{band}.tif", "is no field"),
        ("{time:%Q}_{band}.tif", "unknown part '%Q'"),
        ("y_{band}.tif", "is not of the form 'y_{band}.tif', nor is any other"),
    ],
)
def test_patterns_at_fault(tmp_path: Path, store: Store, pattern: str, says: str) -> None:
    band(tmp_path / "in/x_red.tif", 30, 1)
    with pytest.raises(IngestError, match=says):
        ingest(store, tmp_path / "in", "a", file_pattern=pattern)


def test_two_files_of_one_band_and_a_file_of_several_bands_are_refused(tmp_path: Path, store: Store) -> None:
    for version in ("v1", "v2"):
        band(tmp_path / f"in/{version}/x_20240501_red.tif", 30, 1)
    with pytest.raises(IngestError, match="has two files of the band red"):
        ingest(store, tmp_path / "in", "a", file_pattern="x_{time:%Y%m%d}_{band}.tif")
    write_tif(tmp_path / "y_red.tif", np.stack([patterned(4, 4)] * 2))
    with pytest.raises(IngestError, match=r"y_red\.tif: has 2 bands; a file of one is needed"):
        ingest(store, tmp_path / "y_red.tif", "a", file_pattern="y_{band}.tif")
