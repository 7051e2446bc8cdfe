"""Maps and plots as lines of a terminal, read back by a terminal and checked against the values."""

from __future__ import annotations

import h3.api.numpy_int as h3
import numpy as np
import pyarrow as pa
import pyte
import pytest

from cubeql.cli.output.map import _view, map_lines
from cubeql.cli.output.plot import plot_lines
from cubeql.drawing.ansi import Canvas, depth_of, nearest_256
from cubeql.drawing.mapped import mapped
from cubeql.errors import CubeQLError

DAY = 86_400_000_000
MIDDLE = h3.latlng_to_cell(-21.0, 22.0, 4)  # far from coasts and borders, whose dots would stand in the way
CELLS = np.sort(h3.grid_disk(MIDDLE, 8)).astype(np.uint64)
VALUES = np.random.default_rng(3).uniform(-5, 30, len(CELLS))
CLOCK = pa.timestamp("us", "UTC")


def _field(name: str, kind: pa.DataType, **facts: str) -> pa.Field:
    return pa.field(name, kind, metadata={k.replace("_", "."): v for k, v in facts.items()})


CELL = _field("cell", pa.uint64(), cubeql_type="cell")
T2M = _field("t2m", pa.float64(), cubeql_type="number", unit="degC")
TIME = _field("time", CLOCK, cubeql_type="timestamp")
KIND = _field("kind", pa.int16(), cubeql_type="integer", cubeql_classes="1=Water|2=Forest|7=Town")


def _table(columns: list[object], *fields: pa.Field) -> pa.Table:
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, fields)], schema=pa.schema(fields))


FIELD = _table([CELLS, VALUES], CELL, T2M)


def _screen(lines: list[str], width: int) -> pyte.Screen:
    screen = pyte.Screen(width, len(lines))
    pyte.Stream(screen).feed("\r\n".join(lines))
    return screen


def _hex(colour: tuple[int, int, int]) -> str:
    return "{:02x}{:02x}{:02x}".format(*colour)


def test_each_half_of_each_character_has_the_colour_of_the_cell_that_lies_there() -> None:
    canvas = Canvas(70, 24, "true")
    shown = mapped(FIELD)
    view = _view(shown, canvas)
    assert view.resolution(4) == 4, "cells must be large enough to be seen one by one"
    lines = map_lines(FIELD, None, canvas)
    screen = _screen(lines, canvas.width)
    by_cell = dict(zip(CELLS.tolist(), VALUES.tolist()))
    low, high = np.percentile(VALUES, [1, 99])
    compared, seen = 0, set()
    for row in range(1, len(lines) - 1):
        for x in range(view.width):
            drawn = screen.buffer[row][x]
            halves = {" ": (drawn.bg, drawn.bg), "▀": (drawn.fg, drawn.bg), "▄": (drawn.bg, drawn.fg)}
            if drawn.data not in halves:
                continue  # a border
            for half in (0, 1):
                lon, lat = view.place(x, 2 * (row - 1) + half)
                value = by_cell.get(int(h3.latlng_to_cell(lat, lon, 4)))
                shade = None if value is None else round(float(np.clip((value - low) / (high - low), 0, 1)) * 63)
                expected = "default" if shade is None else _hex(shown.scale.colours[shade])
                assert halves[drawn.data][half] == expected, (lon, lat, value)
                compared += 1
                seen.add(shade)
    assert compared > 1000 and None in seen and len(seen) > 20


def test_a_map_says_what_it_shows_and_what_its_ends_are() -> None:
    lines = map_lines(FIELD, "t2m", Canvas(70, 20, "none"))
    assert lines[0] == "t2m [degC]"
    low, high = np.percentile(VALUES, [1, 99])
    assert lines[-1].startswith(f"≤ {low:.4g} ░▒▓█ ≥ {high:.4g} degC") and lines[-1].endswith(f"{len(CELLS)} cells")
    assert len(lines) <= 20 and max(map(len, lines)) <= 70
    assert {"░", "▒", "▓", "█"} <= set("".join(lines[1:-1]))
    coarse = map_lines(FIELD, "t2m", Canvas(16, 10, "none", unicode=False))
    assert set("".join(coarse[1:-1])) <= set(" .:+#") and "at resolution" not in lines[0]


def test_cells_smaller_than_a_pixel_are_shown_as_means_and_that_is_said() -> None:
    cells = np.concatenate([h3.cell_to_children(c, 7) for c in CELLS[:40]]).astype(np.uint64)
    lines = map_lines(_table([cells, np.ones(len(cells))], CELL, T2M), None, Canvas(48, 12, "256"))
    assert "t2m [degC] · means at resolution" in lines[0]


def test_classes_have_their_colours_and_names_the_frequent_first_and_letters_without_colour() -> None:
    codes = np.where(np.arange(len(CELLS)) % 5 == 0, 2, 7)
    table = _table([CELLS, codes], CELL, KIND)
    colours = mapped(table).scale.colours
    lines = map_lines(table, None, Canvas(70, 20, "true"))
    assert lines[-1].index("Town") < lines[-1].index("Forest") and "Water" not in lines[-1]
    screen = _screen(lines, 70)
    assert screen.buffer[len(lines) - 1][0].fg == _hex(colours[2])
    plain = map_lines(table, None, Canvas(70, 20, "none"))
    assert plain[-1] == "C Town   B Forest"
    assert {"B", "C"} <= set("".join(plain[1:-1])) and "A" not in "".join(plain[1:-1])
    assert map_lines(table, None, Canvas(16, 20, "none"))[-1] == "and 2 more"


def test_of_several_times_the_last_is_shown_and_that_is_said() -> None:
    half = len(CELLS) // 2
    times = [0] * half + [DAY] * (len(CELLS) - half)
    shown = mapped(_table([CELLS, times, VALUES], CELL, TIME, T2M))
    assert shown.title == "t2m [degC] · 1970-01-02, the last of 2 times"
    assert shown.cells.tolist() == CELLS[half:].tolist() and shown.values.tolist() == VALUES[half:].tolist()


@pytest.mark.parametrize(
    ("table", "column", "said"),
    [
        (FIELD.drop_columns(["cell"]), None, "none among t2m: SELECT cell"),
        (FIELD.drop_columns(["t2m"]), None, "SELECT a band"),
        (FIELD, "tp", "column 'tp' is not there: a map can show t2m"),
        (FIELD, "cell", "column 'cell' is not a number: a map can show t2m"),
        (FIELD.slice(0, 0), None, "no rows with a cell"),
    ],
)
def test_what_cannot_be_mapped_is_refused_with_what_would_be_right(
    table: pa.Table, column: str | None, said: str
) -> None:
    with pytest.raises(CubeQLError, match=said):
        map_lines(table, column, Canvas())


@pytest.mark.parametrize(
    ("table", "column", "said"),
    [
        (FIELD.drop_columns(["t2m"]), None, "a plot needs a column of numbers or classes"),
        (FIELD.slice(0, 0), None, "no rows"),
        (FIELD, "nir", "can show t2m"),
        (_table([[None, None]], T2M), None, "NULL in all rows"),
        (_table([[0, DAY], [None, None]], TIME, T2M), None, "NULL at all times"),
    ],
)
def test_what_cannot_be_plotted_is_refused_with_what_would_be_right(
    table: pa.Table, column: str | None, said: str
) -> None:
    with pytest.raises(CubeQLError, match=said):
        plot_lines(table, column, Canvas())


def test_a_line_over_time_rises_where_values_rise_and_is_broken_where_one_is_missing() -> None:
    days = [DAY * n for n in range(21)]
    values = [float(n) if n != 10 else None for n in range(21)]
    lines = plot_lines(_table([days, values], TIME, T2M), None, Canvas(60, 16, "none"))
    assert lines[0] == "t2m [degC]" and len(lines) == 16
    assert "1970-01-11" in lines[-1]
    plot = [line[11:].ljust(49) for line in lines[1:-1]]
    highest = [next((y for y, row in enumerate(plot) if 0x2801 <= ord(row[x]) <= 0x28FF), None) for x in range(49)]
    drawn = [y for y in highest if y is not None]
    assert drawn == sorted(drawn, reverse=True) and drawn[0] >= 12 and drawn[-1] <= 1
    assert all(y is None for y in highest[23:26]) and None not in highest[:22] + highest[28:]


def test_several_lines_are_named_in_their_inks_and_those_left_out_are_counted() -> None:
    names = [f"station {n}" for n in range(9) for _ in range(3)]
    days = [DAY * n for n in range(3)] * 9
    name = _field("name", pa.string(), cubeql_type="text")
    table = _table([names, days, [float(n) for n in range(27)]], name, TIME, T2M)
    lines = plot_lines(table, "t2m", Canvas(60, 20, "256"))
    said = "".join(lines)
    assert "\x1b[36m━ station 0\x1b[0m" in said and "station 6" in said and "station 7" not in said
    assert "and 2 more" in said
    assert max(len(row.rstrip()) for row in _screen(lines, 60).display) <= 60


def test_values_without_a_time_are_counted_in_round_steps() -> None:
    lines = plot_lines(FIELD, None, Canvas(60, 12, "none"))
    counted = {tuple(map(float, line.split("█")[0].split("▏")[0].split(" to "))): line for line in lines[1:-1]}
    for (low, high), line in counted.items():
        expected = int(((low <= VALUES) & (high > VALUES)).sum())
        assert line.endswith(f" {expected}"), line
    assert sum(int(line.split()[-1]) for line in lines[1:-1]) == len(VALUES)
    assert f"{len(VALUES)} values" in lines[-1]


def test_classes_are_counted_by_name_in_their_colours() -> None:
    table = _table([[1, 2, 2, None, 9]], KIND)
    lines = plot_lines(table, None, Canvas(40, 12, "true"))
    assert [row.split()[0] for row in _screen(lines, 40).display[1:4]] == ["Forest", "Water", "9"]
    assert _screen(lines, 40).buffer[1][7].fg == _hex(mapped(_table([CELLS[:1], [2]], CELL, KIND)).scale.colours[1])
    bar = plot_lines(table, None, Canvas(40, 12, "none", unicode=False))[1]
    assert bar.count("#") == 40 - 6 - 1 - 2


def test_text_of_data_cannot_steer_the_terminal() -> None:
    evil = _field("a\x1b[2J", pa.float64(), cubeql_type="number", unit="\x1b[31mK")
    table = _table([CELLS, VALUES], CELL, evil)
    for lines in (map_lines(table, None, Canvas(60, 12)), plot_lines(table, None, Canvas(60, 12))):
        assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(("colour", "number"), [((255, 0, 0), 196), ((0, 0, 0), 16), ((128, 128, 128), 244)])
def test_the_nearest_of_256_colours(colour: tuple[int, int, int], number: int) -> None:
    assert nearest_256(colour) == number


def test_colours_are_as_many_as_the_terminal_says() -> None:
    assert depth_of(False, {"COLORTERM": "truecolor"}) == "none"
    assert depth_of(True, {"COLORTERM": "truecolor"}) == "true"
    assert depth_of(True, {}) == "256"
    assert "38;5;" in "".join(map_lines(FIELD, None, Canvas(60, 12, "256")))
