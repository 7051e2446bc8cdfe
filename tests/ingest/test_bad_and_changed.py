"""Long ingests whose sources are bad, or changed since they were read."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from cubeql.catalog import Layer
from cubeql.errors import IngestError, StoreError
from cubeql.ingest import IngestProgress, ingest
from cubeql.ingest.faults import refusal, shown
from cubeql.ingest.ledger import INGESTED_FACT, Mark, marks_of
from cubeql.storage import Store
from tests.ingest.rasters import patterned, stored, write_tif
from tests.ingest.scenes import DATED, WIDE, at_once, by_time, moved, scenes

# ------------------------------------------------------------------ bad sources


def damaged(path: str) -> str:
    """A raster that opens well and whose pixels cannot be read."""
    import rasterio

    with rasterio.open(path) as file:
        profile = file.profile
    with rasterio.open(path, "w", **{**profile, "compress": "deflate"}) as file:
        file.write(np.arange(1200, dtype=np.float32).reshape(1, 30, 40))
    data = bytearray(Path(path).read_bytes())
    half = len(data) // 2
    data[half:] = b"\xff" * (len(data) - half)
    Path(path).write_bytes(data)
    return path


@pytest.mark.parametrize("commit", ["portions", "whole"])
def test_bad_sources_are_left_out_and_told(tmp_path: Path, store: Store, commit: str) -> None:
    sources = scenes(tmp_path, 6)
    Path(sources[1]).write_bytes(Path(sources[1]).read_bytes()[:200])
    damaged(sources[2])
    write_tif(Path(sources[3]), patterned(30, 40), WIDE, None)
    write_tif(Path(sources[4]), np.stack([patterned(30, 40)] * 2), WIDE)
    report = ingest(store, sources, "a", skip_bad=True, commit=commit, **DATED)
    assert report.sources == (sources[0], sources[5])
    said = ("cannot be read", "reference system", "has the bands b1, b2")
    assert {source: next(w for w in said if w in why) for source, why in report.bad} == {
        sources[1]: said[0], sources[2]: said[0], sources[3]: said[1], sources[4]: said[2],
    }  # fmt: skip
    assert {o.source: o.what for o in report.outcomes if o.what == "bad"}.keys() == set(sources[1:5])
    assert report.render().count("left out ") == 4
    assert by_time(store) == at_once(tmp_path, [sources[0], sources[5]])


def test_bad_sources_are_tried_again_when_they_are_mended(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 2)
    good = Path(sources[1]).read_bytes()
    Path(sources[1]).write_bytes(good[:200])
    assert len(ingest(store, sources, "a", skip_bad=True, **DATED).bad) == 1
    Path(sources[1]).write_bytes(good)
    assert ingest(store, sources, "a", skip_bad=True, **DATED).sources == (sources[1],)


def test_nothing_but_bad_sources_writes_nothing(tmp_path: Path, store: Store) -> None:
    (tmp_path / "x_20240501.tif").write_bytes(b"no raster")
    report = ingest(store, str(tmp_path / "x_20240501.tif"), "a", skip_bad=True, **DATED)
    assert report.version is None and "nothing was written" in report.render() and store.layer("a") is None


def test_argument_at_fault_is_not_a_bad_source(tmp_path: Path, store: Store) -> None:
    with pytest.raises(IngestError, match="no method 'average'"):
        ingest(store, scenes(tmp_path, 2), "a", skip_bad=True, method="average", **DATED)


def test_scenes_without_a_valid_pixel_do_not_stop_a_run(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 4, nodata=-1)
    for i in (0, 2):
        write_tif(Path(sources[i]), np.full((30, 40), -1, np.float32), WIDE, nodata=-1)
    report = ingest(store, sources, "a", portion_sources=1, **DATED)
    assert [p.sources for p in report.portions] == [1, 1] and len(by_time(store)) == 2
    # Their marks travelled with the next commit.
    assert ingest(store, sources, "a", **DATED).version is None


def test_nothing_but_nodata_is_an_error(tmp_path: Path, store: Store) -> None:
    sources = [
        write_tif(tmp_path / f"s_2024050{i}.tif", np.full((30, 40), -1, np.float32), WIDE, nodata=-1) for i in (1, 2)
    ]
    with pytest.raises(IngestError, match="no cell gets a value"):
        ingest(store, sources, "a", portion_sources=1, **DATED)
    assert store.layer("a") is None


# ------------------------------------------------------------------ changed sources


def rewritten(path: str, seed: int) -> None:
    write_tif(Path(path), patterned(30, 40, seed=seed), WIDE)
    os.utime(path, (seed, seed))


def test_changed_source_is_told_and_replaced_only_when_asked(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 3)
    ingest(store, sources, "a", **DATED)
    before = by_time(store)
    rewritten(sources[1], 50)
    report = ingest(store, sources, "a", **DATED)
    assert report.version is None and by_time(store) == before
    assert dict(report.skipped)[sources[1]].startswith("it is in the layer, but has changed")
    report = ingest(store, sources, "a", replace_changed=True, **DATED)
    assert report.sources == (sources[1],)
    assert by_time(store) == at_once(tmp_path, sources) != before
    assert ingest(store, sources, "a", replace_changed=True, **DATED).version is None


def test_changed_piece_of_a_mosaic_is_replaced_with_the_others(tmp_path: Path, store: Store) -> None:
    values = patterned(30, 40, seed=1)
    left = write_tif(tmp_path / "left_20240501.tif", values[:, :20], WIDE)
    right = write_tif(tmp_path / "right_20240501.tif", values[:, 20:], moved(WIDE, 20, 0))
    later = write_tif(tmp_path / "later_20240502.tif", values, WIDE)
    ingest(store, [left, right, later], "a", **DATED)
    write_tif(tmp_path / "left_20240501.tif", values[:, :20] + 1, WIDE)
    os.utime(left, (9, 9))
    with pytest.raises(IngestError, match=r"left_20240501.*1 more sources, which would be lost; name those too"):
        ingest(store, [left, later], "a", replace_changed=True, **DATED)
    report = ingest(store, [left, right, later], "a", replace_changed=True, **DATED)
    assert set(report.sources) == {left, right}
    assert by_time(store) == at_once(tmp_path, [left, right, later])


def test_rows_that_a_changed_source_no_longer_makes_are_gone(tmp_path: Path, store: Store) -> None:
    """Another place, fewer valid pixels, no valid pixel at all: nothing of the old state stays."""
    sources = scenes(tmp_path, 3, nodata=-1)
    ingest(store, sources, "a", **DATED)
    write_tif(Path(sources[0]), patterned(30, 40, seed=70), moved(WIDE, 200, 0), nodata=-1)
    write_tif(Path(sources[1]), np.full((30, 40), -1, np.float32), WIDE, nodata=-1)
    report = ingest(store, sources, "a", replace_changed=True, **DATED)
    assert len(report.portions) == 1 and set(report.sources) == set(sources[:2])
    assert by_time(store) == at_once(tmp_path, [sources[0], sources[2]])
    write_tif(Path(sources[0]), np.full((30, 40), -1, np.float32), WIDE, nodata=-1)
    report = ingest(store, sources, "a", replace_changed=True, **DATED)
    assert report.rows == 0 and by_time(store) == at_once(tmp_path / "more", [sources[2]])
    assert ingest(store, sources, "a", **DATED).version is None


def test_changed_source_of_a_static_layer(tmp_path: Path, store: Store) -> None:
    path = write_tif(tmp_path / "s.tif", patterned(30, 40), WIDE)
    ingest(store, path, "a", resolution=7)
    write_tif(tmp_path / "s.tif", patterned(10, 10, seed=5), moved(WIDE, 100, 0))
    ingest(store, path, "a", replace_changed=True)
    ingest(store, path, "wanted", resolution=7)
    assert stored(store, "a") == stored(store, "wanted")


def test_changed_source_that_is_bad_keeps_its_rows(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 2)
    ingest(store, sources, "a", **DATED)
    before = by_time(store)
    Path(sources[0]).write_bytes(b"no raster")
    with pytest.raises(IngestError, match="no raster that can be read"):
        ingest(store, sources, "a", replace_changed=True, skip_bad=True, **DATED)
    assert by_time(store) == before


def test_new_sources_are_not_replaced_along_with_changed_ones(tmp_path: Path, store: Store) -> None:
    """A new source that meets rows of the layer is an error still."""
    sources = scenes(tmp_path, 2)
    ingest(store, sources, "a", **DATED)
    rewritten(sources[0], 60)
    other = write_tif(tmp_path / "other_20240502.tif", patterned(30, 40), WIDE)
    with pytest.raises(StoreError, match="2024-05-02"):
        ingest(store, [sources[0], other], "a", replace_changed=True, **DATED)


def test_marks_of_two_writers_at_once_stand_side_by_side(tmp_path: Path, store: Store) -> None:
    sources = scenes(tmp_path, 3)
    ingest(store, sources[0], "a", **DATED)
    base = store.layer("a")
    assert base is not None

    def and_the_other(_: IngestProgress) -> None:
        if len(marks_of(store.layer("a"))) == 1:
            ingest(Store.open(tmp_path / "store"), sources[1], "a", **DATED)

    ingest(store, sources[2], "a", progress=and_the_other, **DATED)
    assert len(marks_of(store.layer("a"))) == 3
    assert ingest(store, sources, "a", **DATED).version is None


@pytest.mark.parametrize("mark", [Mark("abc", "de"), Mark("abc", "de", 5, 5), Mark("abc", "de", -70, 1_700_000_000)])
def test_a_mark_survives_being_written(mark: Mark) -> None:
    layer = Layer("a", 5, (), extras=((INGESTED_FACT, mark.word),))
    assert marks_of(layer) == {"abc": mark}


def test_a_key_in_an_address_is_not_shown() -> None:
    assert shown("https://me:secret@host/a.tif?sig=secret") == "https://host/a.tif"
    assert shown("/data/what?.tif") == "/data/what?.tif"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("https://h/a.tif?sig=key", "https://h/a.tif"),
        ("'https://me:key@h/a.tif'", "'https://h/a.tif'"),
        ("https://h/b.tif and s3://b/a.tif?x=key", "https://h/b.tif and s3://b/a.tif"),
        ("what? is a@b", "what? is a@b"),
    ],
)
def test_no_error_shows_a_key(text: str, wanted: str) -> None:
    assert str(refusal(text, "cannot be read")) == f"{wanted}: cannot be read"


def test_address_with_a_key_that_cannot_be_read(store: Store) -> None:
    with pytest.raises(IngestError, match=r"http://127\.0\.0\.1:9/a\.tif: cannot be read") as caught:
        ingest(store, "http://127.0.0.1:9/a.tif?sig=key", "a")
    assert "key" not in str(caught.value)
