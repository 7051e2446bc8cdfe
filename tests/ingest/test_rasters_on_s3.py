"""Rasters on S3 are read with the keys of the environment, and give the layer that the same local file gives."""

from __future__ import annotations

import traceback
from pathlib import Path

import numpy as np
import pytest

from cubeql.errors import IngestError
from cubeql.ingest import ingest
from cubeql.storage import Store
from tests.ingest.rasters import patterned, stored, write_tif
from tests.support.s3 import READER, SECRETS, UNKNOWN, WRITER, WRONG_SECRET, Key, S3Place


@pytest.mark.parametrize("as_gdal_writes_it", [False, True])
def test_raster_on_s3_gives_the_layer_of_the_local_file(
    s3: S3Place, store: Store, tmp_path: Path, as_gdal_writes_it: bool
) -> None:
    values = patterned(300, 200, np.int16)
    local = write_tif(tmp_path / "a_20240503.tif", values, nodata=7, tiled=True, blockxsize=64, blockysize=64)
    far = s3.put("scenes/a_20240503.tif", Path(local).read_bytes())
    s3.use(READER)
    ingest(store, local, "near")
    named = far.replace("s3://", "/vsis3/") if as_gdal_writes_it else far
    report = ingest(store, named, "far")
    assert stored(store, "far") == stored(store, "near")
    assert len(stored(store, "far")) > 100
    assert report.sources == (named,)


def test_source_on_s3_is_known_again_and_seen_to_have_changed(s3: S3Place, store: Store, tmp_path: Path) -> None:
    first = write_tif(tmp_path / "one.tif", patterned(40, 30))
    other = write_tif(tmp_path / "other.tif", patterned(40, 30, seed=1))
    far = s3.put("scene.tif", Path(first).read_bytes())
    ingest(store, far, "a")
    assert "already" in ingest(store, far, "a").render()
    s3.put("scene.tif", Path(other).read_bytes())
    assert "changed" in ingest(store, far, "a").render()


def test_mask_in_a_file_beside_the_raster_is_found(s3: S3Place, store: Store, tmp_path: Path) -> None:
    import rasterio

    local = write_tif(tmp_path / "m.tif", patterned(40, 30))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(local, "r+") as file:
        file.write_mask(np.arange(40 * 30).reshape(40, 30) % 3 > 0)
    assert (tmp_path / "m.tif.msk").exists()
    for name in ("m.tif", "m.tif.msk"):
        far = s3.put(name, (tmp_path / name).read_bytes())
    ingest(store, local, "near")
    ingest(store, far.removesuffix(".msk"), "far")
    assert stored(store, "far") == stored(store, "near")


@pytest.mark.parametrize(("key", "reason"), [
    (WRONG_SECRET, f"the secret is not that of key {WRITER.id}"), (UNKNOWN, f"key {UNKNOWN.id} is not known there"),
    (None, "no key was found, and nobody may read it without one"),
])  # fmt: skip
def test_refused_source_says_why_and_no_secret(
    s3: S3Place, store: Store, tmp_path: Path, key: Key | None, reason: str
) -> None:
    far = s3.put("refused.tif", Path(write_tif(tmp_path / "a.tif", patterned(40, 30))).read_bytes())
    s3.use(key)
    with pytest.raises(IngestError, match=f"{far}: cannot be read: {reason}") as caught:
        ingest(store, far, "a")
    told = "".join(traceback.format_exception(caught.value))
    assert not any(secret in told for secret in SECRETS)
    assert store.layer_names() == ()


def test_missing_object_and_service_that_is_away_are_told(s3: S3Place, store: Store) -> None:
    with pytest.raises(IngestError, match="the object is gone"):
        ingest(store, s3.address("nowhere.tif"), "a")
    s3.use(endpoint="http://127.0.0.1:1")
    with pytest.raises(IngestError, match=r"http://127\.0\.0\.1:1 does not answer"):
        ingest(store, s3.address("elsewhere.tif"), "a")
