"""Several scenes of one time are one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine

from cubeql.errors import IngestError
from cubeql.ingest import ingest
from cubeql.storage import Store
from tests.ingest.rasters import assert_same, patterned, picture_of, stored, write_tif
from tests.ingest.reference import regridded

FINE = Affine(0.0025, 0, 11.0, 0, -0.0025, 48.3)


def cut(folder: Path, values: Any, transform: Affine, rows: list[int], columns: list[int]) -> list[str]:
    """The raster in pieces with the given inner borders."""
    paths = []
    edges = [[0, *rows, values.shape[0]], [0, *columns, values.shape[1]]]
    for r0, r1 in zip(edges[0][:-1], edges[0][1:], strict=True):
        for c0, c1 in zip(edges[1][:-1], edges[1][1:], strict=True):
            path = folder / f"piece_{r0}_{c0}.tif"
            paths.append(write_tif(path, values[r0:r1, c0:c1], transform @ Affine.translation(c0, r0)))
    return paths


@pytest.mark.parametrize("method", ["nearest", "mean", "min", "max", "sum", "mode", "median"])
def test_pieces_equal_the_whole(tmp_path: Path, store: Store, method: str) -> None:
    values = patterned(33, 40)
    values[10:14, 5:30] = np.nan
    ingest(store, write_tif(tmp_path / "whole.tif", values, FINE), "whole", method=method, resolution=7)
    pieces = cut(tmp_path, values, FINE, [11, 20], [17])
    ingest(store, pieces, "pieces", method=method, resolution=7)
    assert_same(stored(store, "pieces"), stored(store, "whole"), 1e-6)


@pytest.mark.parametrize("method", ["mean", "mode"])
def test_pieces_equal_the_whole_where_cells_are_hardly_larger_than_pixels(
    tmp_path: Path, store: Store, method: str
) -> None:
    transform = Affine(0.0045, 0, 11.0, 0, -0.0045, 48.3)
    values = patterned(20, 20)
    ingest(store, write_tif(tmp_path / "whole.tif", values, transform), "whole", method=method, resolution=8)
    ingest(store, cut(tmp_path, values, transform, [7, 8], [13]), "pieces", method=method, resolution=8)
    assert_same(stored(store, "pieces"), stored(store, "whole"), 1e-6)


def test_first_scene_wins_and_the_next_fills_its_gaps(tmp_path: Path, store: Store) -> None:
    one, two = patterned(8, 9, seed=1), patterned(8, 9, seed=2)
    one[:, :5] = np.nan
    paths = [write_tif(tmp_path / "one.tif", one), write_tif(tmp_path / "two.tif", two)]
    ingest(store, paths, "a", time="2024-05")
    together = np.where(np.isnan(one), two, one)
    assert_same(stored(store, "a"), regridded(picture_of(together), 8, "nearest"))


def test_scenes_of_different_systems_meet(tmp_path: Path, store: Store) -> None:
    west, east = patterned(20, 20, seed=1), patterned(20, 20, seed=2)
    left, right = Affine(1000, 0, 770000, 0, -1000, 5350000), Affine(1000, 0, 210000, 0, -1000, 5350000)
    paths = [
        write_tif(tmp_path / "west.tif", west, left, "EPSG:32632"),
        write_tif(tmp_path / "east.tif", east, right, "EPSG:32633"),
    ]
    ingest(store, paths, "a", resolution=7, method="nearest")
    wanted = regridded(picture_of(east, right, "EPSG:32633"), 7, "nearest")
    wanted |= regridded(picture_of(west, left, "EPSG:32632"), 7, "nearest")
    assert_same(stored(store, "a"), wanted)


def test_sum_of_overlapping_scenes_is_refused(tmp_path: Path, store: Store) -> None:
    values = patterned(40, 40)
    one = write_tif(tmp_path / "one.tif", values[:, :25], FINE)
    two = write_tif(tmp_path / "two.tif", values[:, 20:], FINE @ Affine.translation(20, 0))
    with pytest.raises(IngestError, match=r"overlaps .*one.tif at one time: sum would count pixels twice"):
        ingest(store, [one, two], "a", method="sum", resolution=7)
    ingest(store, [one, two], "a", method="sum", resolution=7, time=["2024-05", "2024-06"])


def test_different_times_stay_apart(tmp_path: Path, store: Store) -> None:
    paths, times = [], ["2024-05-01", "2024-05-02", "2023-01-01"]
    for i, _ in enumerate(times):
        paths.append(write_tif(tmp_path / f"{i}.tif", patterned(8, 9, seed=i)))
    ingest(store, paths, "a", time=times)
    for i, time in enumerate(times):
        wanted = regridded(picture_of(patterned(8, 9, seed=i)), 8, "nearest")
        assert_same(stored(store, "a", time=time), wanted)


def test_neighbouring_scenes_of_two_jobs_merge(tmp_path: Path, store: Store) -> None:
    values = patterned(16, 18)
    ingest(store, write_tif(tmp_path / "whole.tif", values), "whole", time="2024-05")
    for piece in cut(tmp_path, values, Affine(0.01, 0, 11.0, 0, -0.01, 48.3), [5], []):
        ingest(store, piece, "pieces", time="2024-05", on_conflict="merge")
    assert_same(stored(store, "pieces"), stored(store, "whole"))
