"""Lines over time and bars of counts as SVG: what a notebook and a page show."""

from __future__ import annotations

from html import escape

import numpy as np

from cubeql.drawing.colours import Rgb
from cubeql.drawing.counting import Counted, class_counts
from cubeql.drawing.escape import visible
from cubeql.drawing.plotting import date_ticks, number_ticks
from cubeql.drawing.series import Line, Series

INKS = ("#1f77b4", "#d97706", "#2f9e6e", "#9b4fc0", "#d1495b", "#8a8f1c", "#64748b")
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 42, 26
_ROW, _NAME, _MOST_CLASSES, _BINS = 20, 220, 30, 40
_QUIET, _INK, _GRID = "#68707c", "#212730", "#dfe3e8"


def svg_of_series(series: Series, width: int = 900, height: int = 320) -> str:
    """Lines over time: broken where a value is missing, named where there are several."""
    low, high = series.range()
    margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    low, high = low - margin, high + margin
    first, last = series.times[0], series.times[-1]
    span = max(1, int((last - first).astype(np.int64)))
    names = _names(series, width)
    right, top = width - _RIGHT, _TOP + 14 * max((row for _, row, _, _ in names), default=0)
    bottom = height - _BOTTOM

    def across(times: np.ndarray[tuple[int], np.dtype[np.datetime64]]) -> list[float]:
        return [float(v) for v in _LEFT + (times - first).astype(np.int64) / span * (right - _LEFT)]

    def down(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
        return [float(v) for v in bottom - (values - low) / (high - low) * (bottom - top)]

    parts = [_text(_LEFT, 18, _title(series.title, series.unit), 14)]
    for tick in number_ticks(low, high, 6):
        (y,) = down(np.array([tick]))
        parts.append(f'<path d="M{_LEFT},{y:.1f}H{right}" stroke="{_GRID}"/>')
        parts.append(_text(_LEFT - 8, y + 4, f"{tick:.6g}", 11, _QUIET, "end"))
    for time, words in date_ticks(first, last, max(1, (right - _LEFT) // 90)):
        (x,) = across(np.array([time]))
        parts.append(f'<path d="M{x:.1f},{bottom}v4" stroke="{_QUIET}"/>')
        parts.append(_text(min(max(x, _LEFT), right - 20), bottom + 18, words, 11, _QUIET, "middle"))
    for line, ink in zip(series.lines, INKS):
        parts.append(_line(across(line.times), down(line.values), line, ink))
    parts += [_text(x, 33 + 14 * row, name, 11, ink) for x, row, name, ink in names]
    return _page(parts, width, height)


def _line(x: list[float], y: list[float], line: Line, ink: str) -> str:
    known = np.isfinite(line.values)
    path, dots = "", ""
    for at, is_known in enumerate(known.tolist()):
        if not is_known:
            continue
        before = at > 0 and bool(known[at - 1])
        path += f"{'L' if before else 'M'}{x[at]:.1f},{y[at]:.1f}"
        if not before and not (at + 1 < len(known) and known[at + 1]):
            dots += f'<circle cx="{x[at]:.1f}" cy="{y[at]:.1f}" r="2" fill="{ink}"/>'
    return f'<path d="{path}" fill="none" stroke="{ink}" stroke-width="1.5"/>{dots}'


def _names(series: Series, width: int) -> list[tuple[float, int, str, str]]:
    """The names of the lines: where each stands, in which row, the name and its ink."""
    named = [(_cut(line.name, 40), ink) for line, ink in zip(series.lines, INKS) if line.name]
    if series.left_out:
        named.append((f"and {series.left_out:,} more", _QUIET))
    room = 7 * max((len(name) for name, _ in named), default=1) + 14
    across = max(1, (width - _LEFT - _RIGHT) // room)
    return [(_LEFT + n % across * room, n // across, name, ink) for n, (name, ink) in enumerate(named)]


def svg_of_counts(counted: Counted, width: int = 900, height: int = 260) -> str:
    """A histogram of numbers in the colours of the map, or a bar a class."""
    if counted.classes is not None:
        return _class_bars(counted, counted.classes, width)
    values = counted.known
    counts, edges = np.histogram(values, _BINS)
    bottom, top = height - _BOTTOM - 16, _TOP
    low, high = float(edges[0]), float(edges[-1])
    right = width - _RIGHT
    parts = [_text(_LEFT, 18, _title(counted.title, counted.unit), 14)]
    shades = counted.scale.indexes((edges[:-1] + edges[1:]) / 2).tolist()
    step = (right - _LEFT) / len(counts)
    for number, (count, shade) in enumerate(zip(counts.tolist(), shades, strict=True)):
        tall = count / counts.max() * (bottom - top)
        box = f'x="{_LEFT + number * step:.1f}" y="{bottom - tall:.1f}" width="{step:.1f}" height="{tall:.1f}"'
        parts.append(f'<rect {box} fill="{_hex(counted.scale.colours[shade])}" stroke="#c4cad2" stroke-width="0.5"/>')
    for tick in number_ticks(low, high, 10):
        x = _LEFT + (tick - low) / (high - low) * (right - _LEFT)
        parts.append(f'<path d="M{x:.1f},{bottom}v4" stroke="{_QUIET}"/>')
        parts.append(_text(x, bottom + 17, f"{tick:.6g}", 11, _QUIET, "middle"))
    parts.append(_text(_LEFT - 8, top + 4, f"{counts.max():,}", 11, _QUIET, "end"))
    parts.append(_text(_LEFT, height - 6, counted.summary(), 11, _QUIET))
    return _page(parts, width, height)


def _class_bars(counted: Counted, classes: dict[int, str], width: int) -> str:
    found = class_counts(counted.known)
    codes = counted.scale.codes or ()
    parts = [_text(12, 18, _title(counted.title, counted.unit), 14)]
    for number, (code, count) in enumerate(found[:_MOST_CLASSES]):
        y = _TOP + number * _ROW
        long = count / found[0][1] * (width - _NAME - 110)
        colour = _hex(counted.scale.colours[codes.index(code)]) if code in codes else _QUIET
        parts.append(_text(_NAME - 8, y + 12, _cut(classes.get(code, str(code)), 30), 12, _INK, "end"))
        parts.append(f'<rect x="{_NAME}" y="{y}" width="{max(1.0, long):.1f}" height="{_ROW - 5}" fill="{colour}"/>')
        parts.append(_text(_NAME + long + 8, y + 12, f"{count:,}", 11, _QUIET))
    rest = len(found) - _MOST_CLASSES
    said = (f"and {rest} more classes; " if rest > 0 else "") + counted.summary()
    below = _TOP + min(len(found), _MOST_CLASSES) * _ROW + 16
    return _page([*parts, _text(12, below, said, 11, _QUIET)], width, below + 12)


def _page(parts: list[str], width: int, height: int) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="system-ui, Helvetica, Arial, sans-serif">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="#ffffff"/>', *parts, "</svg>"]) + "\n"


def _title(title: str, unit: str | None) -> str:
    return f"{title} [{unit}]" if unit not in (None, "", "1") else title


def _text(x: float, y: float, text: str, size: int, colour: str = _INK, anchor: str = "start") -> str:
    said = escape(visible(text))
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">{said}</text>'


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(1, most - 1)] + "…"


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
