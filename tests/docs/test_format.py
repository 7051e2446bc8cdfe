"""The page on the format is enough to read a layer: its code, and nothing else, gives what CubeQL gives."""

from __future__ import annotations

import datetime
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from cubeql.catalog import Attribute, Band, Dimension, Layer, Provenance, Provider, TimeAxis
from cubeql.storage.marker import FORMAT
from tests.docs.blocks import ROOT, blocks

PAGE = ROOT / "docs/reference/format.md"
CODE = "\n".join(b.text for b in blocks("python") if b.page == PAGE)
GRIDS = [
    ("fine", None), ("twin", "v"), ("coarse", "t2m"), ("far", "relief"), ("classes", "class"),
    ("cover", None), ("finer", "elevation"), ("pent", "p"), ("pentfine", "w"), ("dateline", "sst"), ("pole", "ice"),
    ("forecast", "t"), ("nothing", "n"),
]  # fmt: skip


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """What the program of the page defines."""
    assert "cubeql" not in set(re.findall(r"(?:import|from)\s+(\w+)", CODE))
    names: dict[str, Any] = {}
    exec(compile(CODE, str(PAGE), "exec"), names)
    return names


def bands_of(cube: Any, layer: str, band: str | None) -> list[str]:
    return [band] if band is not None else [b.name for b in cube.layer(layer).bands]


def answered(cube: Any, layer: str, band: str, version: str = "") -> dict[tuple[Any, ...], Any]:
    record = cube.layer(layer)
    keys = ["cell", *(["time"] if record.time else []), *(d.name for d in record.dimensions)]
    text = f"SELECT {', '.join(keys)}, {band} FROM {layer} {version} FILTER {band} IS NOT NULL"
    columns = cube.query(text).to_arrow().to_pydict()
    *found, values = columns.values()
    return {key: value for *key, value in zip(*found, values, strict=True) for key in [tuple(key)]}


def same(found: dict[Any, Any], wanted: dict[Any, Any]) -> bool:
    return found.keys() == wanted.keys() and all(found[k] == pytest.approx(wanted[k], rel=1e-12) for k in wanted)


@pytest.mark.parametrize("layer,band", GRIDS, ids=lambda x: str(x))
@pytest.mark.parametrize("reader", ["pyarrow", "duckdb", "polars"])
def test_a_grid_is_read_from_the_page_alone(
    cube: Any, cube_store: Path, page: dict[str, Any], reader: str, layer: str, band: str | None
) -> None:
    for name in bands_of(cube, layer, band):
        found = page[f"read_with_{reader}"](cube_store, layer, name)
        assert same(found, answered(cube, layer, name)) and (found or layer == "nothing")


def test_an_earlier_version_is_read_from_the_page_alone(cube: Any, cube_store: Path, page: dict[str, Any]) -> None:
    found = page["read_with_pyarrow"](cube_store, "fine", "red", 0)
    assert same(found, answered(cube, "fine", "red", "VERSION 0"))
    assert found != page["read_with_pyarrow"](cube_store, "fine", "red")


@pytest.mark.parametrize("layer", ["fine", "twin", "classes", "towers", "parks"])
def test_the_log_says_the_files_that_deltalake_says(cube_store: Path, page: dict[str, Any], layer: str) -> None:
    table = page["table_of"](cube_store, layer)
    _, files = page["state_of"](table)
    assert sorted(files) == sorted(page["files_by_deltalake"](table))


@pytest.mark.parametrize("level", [2, 4])
def test_overviews_are_sums_of_what_lies_below(cube: Any, cube_store: Path, page: dict[str, Any], level: int) -> None:
    found = page["sums_of_overview"](cube_store, "twin", "v", level)
    text = f"SELECT CELL({7 - level}) AS c, time, count(v) AS n, sum(v) AS s FROM twin GROUP BY CELL({7 - level}), time"
    rows = cube.query(text).to_arrow().to_pylist()
    wanted = {(r["c"], r["time"]): (r["n"], r["s"]) for r in rows if r["n"]}
    assert found.keys() == wanted.keys()
    assert all(found[k] == pytest.approx(wanted[k], rel=1e-9) for k in wanted)


def test_points_and_zones_are_read_from_the_page_alone(cube: Any, cube_store: Path, page: dict[str, Any]) -> None:
    for layer in ("towers", "parks"):
        found, answer = page["read_rows"](cube_store, layer), cube.query(f"SELECT * FROM {layer}").to_arrow()
        names = [n for n in answer.column_names if n in found[0] and n != "geometry"]
        assert len(names) > 2

        assert sorted(_key(r, names) for r in found) == sorted(_key(r, names) for r in answer.to_pylist())


def _key(row: dict[str, Any], names: list[str]) -> str:
    values = [row[name] for name in names]
    return repr([v.replace(tzinfo=None) if isinstance(v, datetime.datetime) else v for v in values])


def test_the_worked_example_is_right(page: dict[str, Any]) -> None:
    import h3

    cell = "871f8d7a4ffffff"
    tile = h3.str_to_int(h3.cell_to_parent(cell, 2))
    assert h3.int_to_str(page["cells_of"](tile, 7).tolist()[13360]) == cell and cell in PAGE.read_text("utf-8")


def test_every_key_of_a_record_is_on_the_page() -> None:
    prose = re.sub(r"```.*?```", "", PAGE.read_text("utf-8"), flags=re.DOTALL)
    words = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]+)`", prose))))
    kinds = (Layer, Band, Attribute, Dimension, TimeAxis, Provider, Provenance)
    assert {f.name for kind in kinds for f in fields(kind)} - words <= {"beyond", "version"}
    assert f"Store format **{FORMAT}**" in PAGE.read_text("utf-8")
