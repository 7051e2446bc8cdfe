"""COPY TO, -o and to_raster on S3: what arrives is what a local file holds; refused or cut off, nothing arrives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import rasterio

from cubeql.engine.copying import WRITERS
from cubeql.errors import QueryError, StoreError
from tests.support.s3 import READER, SECRETS, UNKNOWN, WRONG_SECRET, Key, S3Place
from tests.support.tollgate import Tollgate

ROWS = "SELECT cell, red FROM fine FILTER time IN '2024-05-03' ORDER BY cell"


@pytest.mark.parametrize("ending", WRITERS)
def test_every_format_arrives_as_it_is_written_locally(cube: Any, s3: S3Place, tmp_path: Path, ending: str) -> None:
    place = s3.address(f"out/result{ending}")
    done = cube.query(f"COPY ({ROWS}) TO '{place}'")
    assert done.message.startswith(place)
    cube.query(f"COPY ({ROWS}) TO '{tmp_path}/result{ending}'")
    assert s3.keys("out") == [f"out/result{ending}"]
    local, far = (tmp_path / f"result{ending}").read_bytes(), s3.get(f"out/result{ending}")
    if ending in (".csv", ".tsv", ".json", ".jsonl", ".geojson"):
        assert far == local
    elif ending == ".tif":
        (tmp_path / "far.tif").write_bytes(far)
        with rasterio.open(tmp_path / "result.tif") as one, rasterio.open(tmp_path / "far.tif") as other:
            assert str(one.profile) == str(other.profile)
            assert (one.read(masked=True).filled(-1) == other.read(masked=True).filled(-1)).all()
    elif ending == ".nc":
        assert _dataset(far, tmp_path).equals(_dataset(local, tmp_path))
    else:
        assert _table(ending, far, tmp_path).equals(_table(ending, local, tmp_path))


def _dataset(content: bytes, folder: Path) -> Any:
    import xarray

    (folder / "of.nc").write_bytes(content)
    return xarray.load_dataset(folder / "of.nc")


def _table(ending: str, content: bytes, folder: Path) -> Any:
    import pyarrow.feather as feather
    import pyarrow.parquet as pq

    file = folder / f"of{ending}"
    file.write_bytes(content)
    return (pq.read_table if ending == ".parquet" else feather.read_table)(file)


def test_a_file_that_is_there_is_replaced_whole(cube: Any, s3: S3Place) -> None:
    s3.put("out.csv", b"before")
    cube.query(f"COPY ({ROWS} LIMIT 1) TO '{s3.address('out.csv')}'")
    assert s3.get("out.csv").startswith(b"cell,red\n")


def test_large_files_travel_in_parts(cube: Any, s3: S3Place, tmp_path: Path) -> None:
    from cubeql.storage.outfiles import place_of, upload

    content = bytes(range(256)) * 50_000
    (tmp_path / "large").write_bytes(content)
    upload(tmp_path / "large", place_of(s3.address("large.bin")))
    assert s3.get("large.bin") == content
    head = s3.server.client().head_object(Bucket="cube", Key=f"{s3.prefix}/large.bin")
    assert "-" in head["ETag"]  # as S3 names what came in parts


@pytest.mark.parametrize(("key", "reason"), [
    (READER, f"key {READER.id} may not write it"), (WRONG_SECRET, "the secret is not that of"),
    (UNKNOWN, "is not known there"), (None, "no key was found, and nobody may write it without one"),
])  # fmt: skip
def test_refused_write_is_a_store_error_without_secrets(cube: Any, s3: S3Place, key: Key | None, reason: str) -> None:
    s3.use(key)
    with pytest.raises(StoreError, match=reason) as caught:
        cube.query(f"COPY ({ROWS}) TO '{s3.address('out.csv')}'")
    assert s3.address("out.csv") in str(caught.value)
    assert not any(secret in repr(caught.value) for secret in SECRETS)
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert s3.keys() == []


def test_missing_bucket_is_named(cube: Any, s3: S3Place) -> None:
    with pytest.raises(StoreError, match=r"s3://nobucket/out\.csv cannot be written: there is no such bucket"):
        cube.query(f"COPY ({ROWS}) TO 's3://nobucket/out.csv'")


def test_query_that_fails_leaves_nothing(cube: Any, s3: S3Place) -> None:
    intervals = "SELECT cell, max(time) - min(time) AS d FROM fine GROUP BY cell"
    with pytest.raises(QueryError, match="'d'"):
        cube.query(f"COPY ({intervals}) TO '{s3.address('x.parquet')}'")
    assert s3.keys() == []


def test_unknown_ending_and_address_without_object_are_refused_before_anything_is_asked(cube: Any, s3: S3Place) -> None:
    s3.use(None, "http://127.0.0.1:1")
    with pytest.raises(QueryError, match=r"parquet"):
        cube.query(f"COPY ({ROWS}) TO 's3://cube/out.xyz'")
    with pytest.raises(StoreError, match="names no object"):
        cube.query(f"COPY ({ROWS}) TO 's3://cube.csv'")
    with pytest.raises(StoreError, match="names no object"):
        cube.query(f"COPY ({ROWS}) TO 's3://cube/folder.csv/'")


def test_connection_cut_in_mid_write_leaves_what_was_there(cube: Any, s3: S3Place, tmp_path: Path) -> None:
    from cubeql.storage.outfiles import place_of, upload

    s3.put("large.bin", b"before")
    (tmp_path / "large").write_bytes(bytes(30_000_000))
    with Tollgate(s3.server.ports["s3"]) as gate:
        s3.use(endpoint=gate.endpoint)
        gate.close()
        with pytest.raises(StoreError, match="does not answer"):
            upload(tmp_path / "large", place_of(s3.address("large.bin")))
    s3.use()
    assert s3.get("large.bin") == b"before"


def test_raster_of_a_result(cube: Any, s3: S3Place, tmp_path: Path) -> None:
    place = s3.address("red.tif")
    assert cube.query(ROWS).to_raster(place) == place
    (tmp_path / "far.tif").write_bytes(s3.get("red.tif"))
    local = cube.query(ROWS).to_raster(tmp_path / "near.tif")
    with rasterio.open(local) as one, rasterio.open(tmp_path / "far.tif") as other:
        assert (one.read(masked=True).filled(-1) == other.read(masked=True).filled(-1)).all()


def _cli(s3: S3Place, store: Path, *arguments: str, key: Key | None = None) -> subprocess.CompletedProcess[str]:
    import os

    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environment |= s3.environment(*([key] if key else []))
    command = [sys.executable, "-m", "cubeql", "--store", str(store), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_command_line_writes_to_s3(s3: S3Place, cube_store: Path) -> None:
    done = _cli(s3, cube_store, "-o", s3.address("out.csv"), "-c", f"{ROWS} LIMIT 2")
    assert (done.returncode, done.stdout) == (0, "")
    assert s3.get("out.csv").decode().count("\n") == 3
    refused = _cli(s3, cube_store, "-o", s3.address("other.csv"), "-c", f"{ROWS} LIMIT 2", key=READER)
    assert refused.returncode == 3
    assert f"key {READER.id} may not write it" in refused.stderr
    assert not any(secret in refused.stderr + refused.stdout for secret in SECRETS)
    assert s3.keys() == ["out.csv"]
