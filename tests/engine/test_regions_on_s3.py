"""A region from a file on S3 is the region of the same local file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cubeql.errors import QueryError
from cubeql.storage import infiles
from tests.support.s3 import SECRETS, UNKNOWN, S3Place

POLYGON = '{"type": "Polygon", "coordinates": [[[9, 46], [14, 46], [14, 50], [9, 50], [9, 46]]]}'


def _asked(cube: Any, path: object) -> Any:
    return cube.query(f"SELECT count(*) AS n, max(red) AS r FROM fine FILTER cell WITHIN FILE '{path}'").to_arrow()


def test_region_of_a_file_on_s3(cube: Any, s3: S3Place, tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_text(POLYGON)
    near = _asked(cube, tmp_path / "a.geojson")
    assert near["n"][0].as_py() > 0
    assert _asked(cube, s3.put("a.geojson", POLYGON.encode())).equals(near)


@pytest.mark.parametrize(("path", "says"), [
    ("missing.geojson", "the object is gone"), ("damaged.geojson", "damaged.geojson"), ("a.shp", "several files"),
    ("large.geojson", "more than are fetched"),
])  # fmt: skip
def test_file_that_cannot_be_read_is_named_by_its_address(
    cube: Any, s3: S3Place, monkeypatch: pytest.MonkeyPatch, path: str, says: str
) -> None:
    monkeypatch.setattr(infiles, "MOST_BYTES", 1_000)
    s3.put("damaged.geojson", b"{")
    s3.put("large.geojson", b" " * 1_001)
    with pytest.raises(QueryError, match=says) as caught:
        _asked(cube, s3.address(path))
    assert s3.address(path) in str(caught.value)
    assert "/tmp" not in str(caught.value)


def test_key_that_is_refused_is_told_without_its_secret(cube: Any, s3: S3Place) -> None:
    place = s3.put("a.geojson", POLYGON.encode())
    s3.use(UNKNOWN)
    with pytest.raises(QueryError, match="is not known there") as caught:
        _asked(cube, place)
    assert not any(secret in str(caught.value) for secret in SECRETS)
