"""A map as a file: PNG, of pixels, and SVG, of shapes. In both each cell is its true hexagon."""

from __future__ import annotations

import base64
import io
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cubeql.drawing.colours import Rgb
from cubeql.drawing.lines import stretches_in
from cubeql.drawing.raster import ground_of, indexes_at
from cubeql.drawing.sheet import Picture, Sheet, sheet_of
from cubeql.drawing.view import Floats, View, latitude_of, mercator
from cubeql.errors import ConfigError
from cubeql.grid.cells import boundaries, cells_at, centers

if TYPE_CHECKING:
    from PIL import ImageFont

ENDINGS = (".png", ".svg")
_FINER = 3  # each pixel at an edge is looked at in so many places across, and down
_MOST_EDGES = 150_000  # pixels; with more edges than that cells are so small that their edges are not seen
_MOST_SHAPES = 20_000  # cells; more are embedded in an SVG as pixels
_COAST, _BORDER = 0.75, 0.4
_BORDERS_BELOW = 0.6  # degrees a pixel

Pixels = NDArray[np.uint8]


def save(picture: Picture, path: Path) -> None:
    """Write a picture to a file, whose ending says what it becomes.

    Raises:
        ConfigError: the ending is neither ``.png`` nor ``.svg``, or the file cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise ConfigError(f"a picture is written to .png or .svg, not to {path.name}")
    data = png(picture) if ending == ".png" else svg(picture).encode()
    try:
        path.write_bytes(data)
    except OSError as fault:
        raise ConfigError(f"cannot write {path}: {fault.strerror}") from fault


# ------------------------------------------------------------------ pixels


def png(picture: Picture) -> bytes:
    """A picture as PNG."""
    from PIL import Image, ImageDraw
    from PIL.PngImagePlugin import PngInfo

    sheet = sheet_of(picture)
    image = Image.new("RGB", (sheet.width, sheet.height), picture.theme.page)
    image.paste(Image.fromarray(map_pixels(picture)), (sheet.left, sheet.top))
    pen = ImageDraw.Draw(image)
    for block in sheet.blocks:
        box = (round(block.x), round(block.y), round(block.x + block.width) - 1, round(block.y + block.height) - 1)
        pen.rectangle((*box[:2], max(box[0], box[2]), max(box[1], box[3])), fill=block.colour)
    for words in sheet.words:
        at = (words.x, words.y)
        pen.text(at, words.text, fill=words.colour, font=_font(words.size), anchor="ms" if words.middle else "ls")
    facts = PngInfo()
    facts.add_itxt("Title", picture.title)
    facts.add_itxt("Description", "\n".join(picture.notes))
    target = io.BytesIO()
    image.save(target, "PNG", pnginfo=facts)
    return target.getvalue()


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def map_pixels(picture: Picture) -> Pixels:
    """The map alone: the colour of each pixel, shape (height, width, 3).

    Edges of cells are smooth; within a cell the colour is exactly that of its value.
    """
    view, hexes, scale = picture.view, picture.hexes, picture.scale
    colours = np.array([*scale.colours, picture.theme.nothing], np.float64)
    of_cells = scale.indexes(hexes.values)
    ground = ground_of(view, hexes.resolution)
    indexes = indexes_at(ground, hexes.cells, of_cells, scale.nothing)
    pixels = colours[indexes]
    edges = _edges(indexes)
    if 0 < len(edges[0]) <= _MOST_EDGES:
        pixels[edges] = _mixed(picture, edges, colours, of_cells)
    return _with_lines(np.round(pixels), view).astype(np.uint8)


def _edges(indexes: NDArray[np.int16]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the pixels beside which another colour begins."""
    found = np.zeros(indexes.shape, bool)
    down, across = indexes[1:] != indexes[:-1], indexes[:, 1:] != indexes[:, :-1]
    found[1:] |= down
    found[:-1] |= down
    found[:, 1:] |= across
    found[:, :-1] |= across
    rows, columns = np.nonzero(found)
    return rows, columns


def _mixed(
    picture: Picture,
    edges: tuple[NDArray[np.intp], NDArray[np.intp]],
    colours: Floats,
    of_cells: NDArray[np.int16],
) -> Floats:
    """The mean colour of the places within each of the pixels."""
    view, hexes = picture.view, picture.hexes
    shift = (np.arange(_FINER) + 0.5) / _FINER
    rows, columns = (part[:, None, None].astype(np.float64) for part in edges)
    right = np.broadcast_to((columns + shift[None, None, :] - view.width / 2) * view.scale, (len(rows), _FINER, _FINER))
    north = latitude_of(view.y - (rows + shift[None, :, None] - view.height / 2) * view.scale)
    cells = cells_at(view.lon + right, np.broadcast_to(north, right.shape), hexes.resolution)
    at = np.clip(np.searchsorted(hexes.cells, cells), 0, max(0, len(hexes.cells) - 1))
    own = (hexes.cells[at] == cells) & (np.abs(right) <= 180.0)
    indexes = np.where(own, of_cells[at], picture.scale.nothing)
    return np.asarray(colours[indexes].mean(axis=(1, 2)))


def _with_lines(pixels: Floats, view: View) -> Floats:
    """Coasts and borders over the colours: dark on light ones, light on dark ones."""
    coast, border = stretches_in(view)
    if view.scale > _BORDERS_BELOW:
        border = (border[0][:0], border[1][:0])
    share = np.maximum(_strokes(coast, view, 3) * _COAST, _strokes(border, view, 2) * _BORDER)[..., None]
    bright = (pixels @ np.array([0.299, 0.587, 0.114]) > 140)[..., None]
    return np.round(pixels + (np.where(bright, 12.0, 250.0) - pixels) * share)


def _strokes(stretches: tuple[Floats, Floats], view: View, width: int) -> Floats:
    """How much of each pixel lines cover, 0 to 1."""
    from PIL import Image, ImageDraw

    large = Image.new("L", (_FINER * view.width, _FINER * view.height))
    pen = ImageDraw.Draw(large)
    for x, y in zip(*(np.round(_FINER * part, 1).tolist() for part in stretches), strict=True):
        pen.line((x[0], y[0], x[1], y[1]), fill=255, width=width)
    return np.asarray(large.reduce(_FINER), np.float64) / 255.0


# ------------------------------------------------------------------ shapes


def svg(picture: Picture) -> str:
    """A picture as SVG; the map is of shapes, one a cell, or of pixels where there are very many cells."""
    sheet, theme, view = sheet_of(picture), picture.theme, picture.view
    size = f'width="{sheet.width}" height="{sheet.height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {sheet.width} {sheet.height}" '
        'font-family="system-ui, Helvetica, Arial, sans-serif">',
        f"<title>{escape(picture.title)}</title>",
        f'<rect {size} fill="{_hex(theme.page)}"/>',
        f'<svg x="{sheet.left}" y="{sheet.top}" width="{view.width}" height="{view.height}">',
        f'<rect width="{view.width}" height="{view.height}" fill="{_hex(theme.nothing)}"/>',
        *_cells(picture),
        *_lines(view, theme.page),
        "</svg>",
        *_around(sheet),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _around(sheet: Sheet) -> list[str]:
    blocks = [
        f'<rect x="{b.x:.1f}" y="{b.y:.1f}" width="{b.width:.1f}" height="{b.height:.1f}" fill="{_hex(b.colour)}"/>'
        for b in sheet.blocks
    ]
    words = [
        f'<text x="{w.x:.1f}" y="{w.y:.1f}" font-size="{w.size}" fill="{_hex(w.colour)}" '
        f'text-anchor="{"middle" if w.middle else "start"}">{escape(w.text)}</text>'
        for w in sheet.words
    ]
    return blocks + words


def _cells(picture: Picture) -> list[str]:
    """The cells that are seen, a path a colour."""
    near = _near(picture)
    if len(near) > _MOST_SHAPES:
        embedded = base64.b64encode(_png_of(map_pixels(picture))).decode()
        size = f'width="{picture.view.width}" height="{picture.view.height}"'
        return [f'<image {size} href="data:image/png;base64,{embedded}"/>']
    indexes = picture.scale.indexes(picture.hexes.values[near])
    shapes = np.array(_outlines(picture.hexes.cells[near], picture.view), dtype=object)
    found = []
    for index in np.unique(indexes[indexes < picture.scale.nothing]).tolist():
        colour = _hex(picture.scale.colours[index])
        path = "".join(shapes[indexes == index])
        found.append(f'<path fill="{colour}" stroke="{colour}" stroke-width="0.4" d="{path}"/>')
    return found


def _near(picture: Picture) -> NDArray[np.intp]:
    """Which cells lie in the window or touch it, by their middles."""
    view = picture.view
    if not len(picture.hexes.cells):
        return np.array([], np.intp)
    lon, lat = centers(picture.hexes.cells)
    x = ((lon - view.lon + 180.0) % 360.0 - 180.0) / view.scale
    y = (mercator(lat) - view.y) / view.scale
    margin = 30.0 / 7 ** (picture.hexes.resolution / 2) / view.scale + 2  # wider than any cell, even far north
    inside = (np.abs(x) <= view.width / 2 + margin) & (np.abs(y) <= view.height / 2 + 3 * margin)
    return np.flatnonzero(inside)


def _outlines(cells: NDArray[np.int64], view: View) -> list[str]:
    """The outline of each cell as the words of a path."""
    import shapely

    found = [""] * len(cells)
    parts, owners = shapely.get_parts(boundaries(cells), return_index=True)
    corners, ring = shapely.get_coordinates(shapely.get_exterior_ring(parts), return_index=True)
    starts = np.flatnonzero(np.diff(ring, prepend=-1))
    first = corners[starts, 0][ring]
    turned = (first - view.lon + 180.0) % 360.0 - 180.0 + corners[:, 0] - first
    x = turned / view.scale + view.width / 2
    y = (view.y - mercator(corners[:, 1])) / view.scale + view.height / 2
    ends = np.append(starts[1:], len(ring))
    for owner, start, end in zip(owners.tolist(), starts.tolist(), ends.tolist(), strict=True):
        places = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x[start : end - 1].tolist(), y[start : end - 1].tolist()))
        found[owner] += f"M{places}Z"
    return found


def _lines(view: View, page: Rgb) -> list[str]:
    coast, border = stretches_in(view)
    drawn = [(coast, 1.0, _COAST)] if view.scale > _BORDERS_BELOW else [(coast, 1.0, _COAST), (border, 0.7, _BORDER)]
    colour = "#14181d" if sum(page) > 384 else "#e8ecf0"
    found = []
    for (x, y), width, opacity in drawn:
        path = "".join(
            f"M{a:.1f},{b:.1f}L{c:.1f},{d:.1f}" for (a, c), (b, d) in zip(x.tolist(), y.tolist(), strict=True)
        )
        if path:
            found.append(f'<path fill="none" stroke="{colour}" stroke-width="{width}" opacity="{opacity}" d="{path}"/>')
    return found


def _png_of(pixels: Pixels) -> bytes:
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
