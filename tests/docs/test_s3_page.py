"""The page about stores on S3: its commands, one after the other, on a real server."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import rasterio
from rasterio.windows import from_bounds

from cubeql.demo.sources import DATA
from tests.docs.blocks import ROOT, blocks
from tests.docs.test_blocks import programs
from tests.support.s3 import BUCKET, SECRETS, WRITER, S3Place

PAGE = ROOT / "docs" / "how-to" / "store-on-s3.md"
__all__ = ["programs"]


def _write_highlands(path: Path) -> None:
    """The demo's elevation, from the Himalayas to Tibet alone: the whole earth shows no more of S3."""
    with rasterio.open(DATA / "elevation.tif") as earth:
        window = from_bounds(78, 28, 98, 38, earth.transform).round_offsets().round_lengths()
        profile = {**earth.profile, "width": window.width, "height": window.height,
                   "transform": earth.window_transform(window)}  # fmt: skip
        with rasterio.open(path, "w", **profile) as part:
            part.write(earth.read(window=window))
            part.update_tags(**earth.tags())
            part.update_tags(1, **earth.tags(1))
            part.descriptions, part.scales, part.offsets = earth.descriptions, earth.scales, earth.offsets
            part.units = earth.units


@pytest.mark.slow
def test_the_commands_do_what_the_page_says(s3: S3Place, tmp_path: Path, programs: dict[str, str]) -> None:
    text = "\n".join(block.text for block in blocks("sh") if block.page == PAGE)
    _write_highlands(tmp_path / "elevation.tif")
    for written, here in (
        ("$data/elevation.tif", str(tmp_path / "elevation.tif")),
        ("http://127.0.0.1:8333", s3.server.endpoint), (f"s3://{BUCKET}/", s3.address("")),
        ("=mykey", f"={WRITER.id}"), ("=mysecret", '="$WRITERS_SECRET"'),
    ):  # fmt: skip
        assert written in text
        text = text.replace(written, here)
    ran = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{text}"], cwd=tmp_path, capture_output=True, text=True,
        env={**programs, "WRITERS_SECRET": WRITER.secret, "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert not any(secret in ran.stdout + ran.stderr for secret in SECRETS)
    assert "again" in ran.stdout
    assert "requests" in ran.stdout
    assert s3.get("out/highest.csv").decode().splitlines()[0] == "highest"
    assert int(float(s3.get("out/highest.csv").decode().splitlines()[1])) > 4000
