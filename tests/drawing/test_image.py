"""Maps as PNG and SVG, decoded and checked against the values of the cells."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import h3.api.numpy_int as h3
import numpy as np
import pyarrow as pa
import pytest
import shapely
from PIL import Image

from cubeql.drawing import image
from cubeql.drawing.image import map_pixels, png, save, svg
from cubeql.drawing.mapped import Mapped, mapped
from cubeql.drawing.sheet import DARK, Picture, picture_of, scaled, sheet_of
from cubeql.drawing.view import View
from cubeql.errors import ConfigError
from tests.drawing.test_terminal import CELL, CELLS, FIELD, KIND, VALUES, _hex, _table

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def picture() -> Picture:
    return picture_of(mapped(FIELD), 700, 500, ("Somebody (2024)",))


def _pixel_of(cell: int, view: View) -> tuple[int, int]:
    lat, lon = h3.cell_to_latlng(cell)
    x = (lon - view.lon) / view.scale + view.width / 2
    y = (view.y - np.degrees(np.arctanh(np.sin(np.radians(lat))))) / view.scale + view.height / 2
    return int(x), int(y)


def _shade(value: float) -> int:
    low, high = np.percentile(VALUES, [1, 99])
    return round(float(np.clip((value - low) / (high - low), 0, 1)) * 63)


def test_the_middle_of_each_cell_has_exactly_the_colour_of_its_value(picture: Picture) -> None:
    found = np.asarray(Image.open(io.BytesIO(png(picture))))
    sheet = sheet_of(picture)
    assert found.shape == (sheet.height, sheet.width, 3)
    compared = 0
    for cell, value in zip(CELLS.tolist(), VALUES.tolist()):
        x, y = _pixel_of(cell, picture.view)
        colour = tuple(found[sheet.top + y, sheet.left + x].tolist())
        if colour == picture.scale.colours[_shade(value)]:
            compared += 1
    assert compared >= 0.97 * len(CELLS), "only a border may lie on the middle of a cell"


def test_a_pixel_between_two_cells_mixes_their_colours_and_none_else(picture: Picture) -> None:
    pixels, view = map_pixels(picture), picture.view
    by_cell = dict(zip(CELLS.tolist(), VALUES.tolist()))
    mixed = 0
    for y in range(200, 220):
        for x in range(200, 280):
            places = [(x + dx, y + dy) for dx in (0.01, 0.5, 0.99) for dy in (0.01, 0.5, 0.99)]
            lonlat = [(view.lon + (a - view.width / 2) * view.scale, _latitude(b, view)) for a, b in places]
            shades = {_shade(by_cell[int(h3.latlng_to_cell(lat, lon, 4))]) for lon, lat in lonlat}
            colours = np.array([picture.scale.colours[s] for s in shades])
            assert (pixels[y, x] >= colours.min(axis=0) - 1).all() and (pixels[y, x] <= colours.max(axis=0) + 1).all()
            mixed += len(shades) > 1
    assert mixed > 80


def _latitude(y: float, view: View) -> float:
    return float(np.degrees(np.arcsin(np.tanh(np.radians(view.y - (y - view.height / 2) * view.scale)))))


def test_each_shape_of_an_svg_lies_on_its_cell_in_the_colour_of_its_value(picture: Picture) -> None:
    root = ElementTree.fromstring(svg(picture))
    inner = root.find(f"{_SVG}svg")
    assert inner is not None
    shapes = {}
    for path in inner.findall(f"{_SVG}path"):
        for ring in re.findall(r"M([^MZ]+)Z", path.get("d") or ""):
            shapes[shapely.Polygon([tuple(map(float, p.split(","))) for p in ring.split()])] = path.get("fill")
    assert len(shapes) == len(CELLS)
    tree = shapely.STRtree(list(shapes))
    outlines = list(shapes)
    for cell, value in zip(CELLS.tolist(), VALUES.tolist()):
        x, y = _pixel_of(cell, picture.view)
        (found,) = tree.query(shapely.Point(x + 0.5, y + 0.5), "within")
        assert shapes[outlines[found]] == "#" + _hex(picture.scale.colours[_shade(value)])
        assert len(outlines[found].exterior.coords) == 7


def test_a_picture_says_what_it_shows_the_unit_round_numbers_and_the_source(picture: Picture) -> None:
    words = [element.text for element in ElementTree.fromstring(svg(picture)).iter(f"{_SVG}text")]
    assert words[0] == "t2m [degC]" and words[-1] == "Somebody (2024)"
    assert any(w and w.startswith("degC") for w in words)
    ticks = [float(w or "") for w in words if re.fullmatch(r"-?\d+", w or "")]
    low, high = np.percentile(VALUES, [1, 99])
    assert ticks == [t for t in range(-10, 40, 5) if low <= t <= high]
    facts = Image.open(io.BytesIO(png(picture))).text  # type: ignore[attr-defined]
    assert (facts["Title"], facts["Description"]) == ("t2m [degC]", "Somebody (2024)")


def test_classes_that_are_there_have_chips_and_names_that_cannot_break_the_page() -> None:
    field = pa.field(
        "kind", pa.int16(), metadata={b"cubeql.type": b"integer", b"cubeql.classes": b"1=Water|2=A<b>&\x1b"}
    )
    picture = picture_of(mapped(_table([CELLS, [2] * len(CELLS)], CELL, field)), theme=DARK)
    text = svg(picture)
    assert "Water" not in text and "A&lt;b&gt;&amp;\\x1b" in text
    sheet = sheet_of(picture)
    assert [block.colour for block in sheet.blocks] == [picture.scale.colours[1]]
    block = sheet.blocks[0]
    found = Image.open(io.BytesIO(png(picture)))
    assert found.getpixel((round(block.x) + 2, round(block.y) + 2)) == picture.scale.colours[1]
    assert found.getpixel((1, 1)) == DARK.page


def test_very_many_cells_are_embedded_as_pixels(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "_MOST_SHAPES", 10)
    (embedded,) = ElementTree.fromstring(svg(picture)).iter(f"{_SVG}image")
    data = base64.b64decode((embedded.get("href") or "").split(",")[1])
    assert (np.asarray(Image.open(io.BytesIO(data))) == map_pixels(picture)).all()


def test_cells_beside_the_date_line_are_drawn_side_by_side() -> None:
    cells = np.sort(h3.grid_disk(h3.latlng_to_cell(-17.0, 180.0, 4), 4)).astype(np.uint64)
    shown = mapped(_table([cells, [2] * len(cells)], CELL, KIND))
    assert shown.extent.width < 10
    picture = picture_of(shown, 400, 400)
    share = (map_pixels(picture) == picture.scale.colours[1]).all(axis=2).mean()
    assert 0.4 < share < 0.9
    ring = re.findall(r"M([^MZ]+)Z", svg(picture))
    across = [float(place.split(",")[0]) for part in ring for place in part.split()]
    assert min(across) > -50 and max(across) < 450


def test_what_the_plane_cannot_show_is_said() -> None:
    cells = np.sort(np.array([c for c in h3.get_res0_cells() for c in [h3.cell_to_center_child(c, 1)]])).astype(
        np.uint64
    )
    shown: Mapped = mapped(_table([cells, [1] * len(cells)], CELL, KIND))
    picture = picture_of(shown)
    box = picture.view.box()
    assert picture.notes == (f"shown from {-box.south:.0f}° S to {box.north:.0f}° N",)


def test_a_window_of_a_screen_becomes_one_of_a_picture() -> None:
    view = View(10.0, 40.0, 0.5, 80, 40)
    larger = scaled(view, 832)
    assert (larger.width, larger.height, larger.scale) == (800, 400, 0.05)
    assert larger.box() == pytest.approx(view.box())


def test_files_are_written_by_their_endings_and_others_refused(picture: Picture, tmp_path: Path) -> None:
    save(picture, tmp_path / "a.png")
    save(picture, tmp_path / "a.SVG")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "a.SVG").read_text().startswith("<svg")
    with pytest.raises(ConfigError, match=r"to \.png or \.svg, not to a\.jpg"):
        save(picture, tmp_path / "a.jpg")
    with pytest.raises(ConfigError, match="cannot write"):
        save(picture, tmp_path / "none" / "a.png")
