"""The prompt on a terminal of its own: what is seen, in which colours, and what keys do."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from cubeql.cli.shell.colours import SYNTAX
from tests.cli.typed import Typed, typed


def _colour(kind: str) -> str:
    return SYNTAX[kind].split("#")[1]


def _ready(terminal: Typed) -> Typed:
    terminal.until("cubeql>", ".help lists commands")
    return terminal


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_the_first_lines_say_where_one_is_and_words_are_coloured_and_offered_while_typing() -> None:
    with typed() as terminal:
        assert "/ · 2 layers" in _ready(terminal).text
        terminal.type("SELECT elev")
        terminal.until("elevation  ", "column")
        assert terminal.colour_of("SELECT") == _colour("keyword")
        assert terminal.colour_of("elev ") == "default"
        terminal.type("\t")
        terminal.until("SELECT elevation\n")
        terminal.type(" FROM ")
        offered = terminal.until("layer     res 9", "layer     res 5")
        assert "function" not in offered and "ORDER BY" not in offered
        terminal.type("\x03.mo")
        terminal.until(".mode [FORMAT]", "how results are written")
        terminal.type("de js")
        shown = terminal.until("json\n", "jsonl")
        assert "markdown" not in shown
        assert terminal.colour_of(".mode js") == _colour("function")


def test_no_colour_is_used_where_none_is_wanted() -> None:
    for words, wish in ((["--color", "never"], {}), ([], {"NO_COLOR": "1"})):
        with typed(words, **wish) as terminal:
            _ready(terminal).enter("SELECT 'x' AS y FROM nowhere")
            terminal.until("...>")
            assert terminal.colour_of("SELECT") == terminal.colour_of("'x'") == "default"


def test_a_statement_ends_with_a_semicolon_or_is_told_to_and_a_fault_shows_its_place() -> None:
    with typed() as terminal:
        _ready(terminal).enter("MANY")
        terminal.until("   ...>", "Enter run it")
        terminal.enter("2;")
        terminal.until("2 rows in", times=2)  # below the rows, and in the line at the bottom
        terminal.type("MANY 1\x1b\r")
        terminal.until("1 row in")
        terminal.enter("MANY 1; WRONG x; ROWS;")
        shown = terminal.until("no layer x", "^", "hint: SHOW LAYERS", "failed after")
        assert "8928308280fffff" not in shown
        lines = [line.strip() for line in shown.splitlines()]
        assert lines[lines.index("|               ^") - 1] == "1 | MANY 1; WRONG x; ROWS;"


def test_ctrl_c_clears_the_text_and_ctrl_d_leaves() -> None:
    with typed() as terminal:
        _ready(terminal).type("MANY 5")
        terminal.until("MANY 5")
        terminal.type("\x03MANY 1;\r")
        terminal.until("1 row in", times=2)
        assert "5 rows" not in terminal.text
        terminal.type("\x04")
        assert terminal.ended() == 0


def test_ctrl_c_cancels_what_runs_and_the_prompt_goes_on() -> None:
    with typed() as terminal:
        _ready(terminal).enter("SLOW 600;")
        terminal.until("query ███████████████░░░░░  75%  3 of 4 tiles  0:02 left  Ctrl-C cancels")
        terminal.type("\x03")
        shown = terminal.until("cancelled\n", "cancelled after")
        assert "tiles" not in shown
        terminal.enter("MANY 3;")
        terminal.until("3 rows in")


def test_the_history_is_there_at_the_next_start() -> None:
    with typed() as terminal:
        _ready(terminal).enter("MANY")
        terminal.until("...>")
        terminal.enter("4;")
        terminal.until("4 rows in")
        terminal.enter("WRONG thing;")
        terminal.until("failed after")
        terminal.enter(".quit")
        assert terminal.ended() == 0
    with typed() as terminal:
        _ready(terminal).type("\x1b[A")
        terminal.until("cubeql> WRONG thing;")
        terminal.type("\x1b[A\x1b[A")
        terminal.until("cubeql> MANY\n   ...> 4;")
        terminal.type("\x03\x12thi")
        terminal.until("cubeql> WRONG thing;", "I-search backward: thi")
        terminal.type("\x03")
        terminal.type(".history many\rMAN")
        assert "✗ WRONG" not in terminal.until("  MANY\n                   4").rpartition(".history")[2]
        terminal.until("cubeql> MANY", times=2)  # what was typed ahead stands behind the prompt
        assert terminal.colour_of("Y") == _colour("comment")


def test_a_pager_is_called_for_what_is_longer_than_the_screen_and_only_then(tmp_path: Path) -> None:
    with typed(PAGER=f"cat > {tmp_path}/paged; echo seen") as terminal:
        _ready(terminal).enter("MANY 5;")
        terminal.until("5 rows in")
        assert "seen" not in terminal.text
        terminal.enter("MANY 100;")
        terminal.until("seen", "100 rows in")
        lines = (tmp_path / "paged").read_text().splitlines()
        assert len(lines) == 104 and "99" in lines[-2]
        terminal.enter(".pager off")
        terminal.until("pager off")
        terminal.enter("MANY 200;")
        terminal.until("the first 40 of 200 rows in all (.pager on shows all)")
        terminal.enter(".mode csv")
        terminal.enter(".pager on")
        terminal.until("pager on\n")
        terminal.enter("MANY 2;")
        terminal.until("seen", "2 rows in", times=1)
        assert (tmp_path / "paged").read_text() == "n\n0\n1\n"


def test_a_pager_that_is_left_early_or_is_not_there_is_no_fault() -> None:
    with typed(PAGER="head -3") as terminal:
        _ready(terminal).enter("MANY 1000000;")
        terminal.until("the pager was left after", "there may be more", "rows in ")
        terminal.enter(".mode csv")
        terminal.enter("MANY 2;")
        terminal.until("n\n0\n1\n2 rows in")
    with typed(PAGER="/nowhere/pager") as terminal:
        _ready(terminal).enter("MANY 100;")
        terminal.until("`/nowhere/pager` ended with code 127")


def test_ctrl_c_in_a_pager_is_not_for_what_has_ended() -> None:
    with typed(PAGER="cat > /dev/null; kill -INT $PPID; echo left") as terminal:
        _ready(terminal).enter("MANY 100;")
        assert "cancelled" not in terminal.until("left", "100 rows in")
        terminal.enter("MANY 1;")
        assert "cancelled" not in terminal.until("1 row in")


def test_watching_draws_over_what_was_drawn_and_ends_with_ctrl_c() -> None:
    with typed() as terminal:
        _ready(terminal).enter(".watch 0.1 MANY 2")
        terminal.until("every 0.1 s, now ")
        terminal.until_written("every 0.1 s", times=4)
        terminal.type("\x03")
        shown = terminal.until("watched ", " times", ".help lists")
        assert shown.count("every 0.1 s") == shown.count("┌───┐") == 1
        terminal.enter("MANY 1;")
        terminal.until("1 row in")


def test_the_editor_gets_the_last_statement_and_what_it_saves_is_run(tmp_path: Path) -> None:
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\ncp "$1" "$0.seen"\necho "$CUBEQL_NEW" > "$1"\n')
    editor.chmod(0o755)
    with typed(EDITOR=str(editor), CUBEQL_NEW="MANY 3;") as terminal:
        _ready(terminal).enter("MANY 2;")
        terminal.until("2 rows in")
        terminal.enter("\\e")
        terminal.until("MANY 3;\n", "3 rows in")
        assert Path(f"{editor}.seen").read_text() == "MANY 2;\n"
        terminal.enter(".edit")
        terminal.until("nothing was changed")
    with typed(EDITOR=str(editor), CUBEQL_NEW="MANY 7") as terminal:
        _ready(terminal).enter(".edit")
        terminal.until("cubeql> MANY 7")
        terminal.enter(";")
        terminal.until("7 rows in")
    with typed(EDITOR="false") as terminal:
        _ready(terminal).enter(".edit")
        terminal.until("the editor `false` ended with code 1")


def test_data_that_goes_away_leaves_the_prompt_on_the_terminal_and_holds_no_escapes(tmp_path: Path) -> None:
    with typed(["--format", "csv"], away={1: tmp_path / "out.csv"}) as terminal:
        _ready(terminal).enter("MANY 2;")
        terminal.until("2 rows in")
        terminal.enter("ROWS;")
        terminal.until("3 rows in", times=2)
        terminal.type("\x04")
        assert terminal.ended() == 0
    data = (tmp_path / "out.csv").read_bytes()
    assert data.startswith(b"n\n0\n1\ncell,time,t2m,name\n8928308280fffff,") and b"cubeql" not in data
    assert b"\x1b" not in data.replace(b"\x1b[31m", b"")  # one that stands in the data


def test_a_fault_is_drawn_as_wide_as_the_terminal_is() -> None:
    with typed(columns=60) as terminal:
        _ready(terminal).enter(f"SELECT {'a + ' * 40} WRONG x;")
        shown = terminal.until("hint: SHOW LAYERS")
    lines = shown.splitlines()
    marked = next(number for number, line in enumerate(lines) if line.endswith(" ^"))
    assert lines[marked - 1].startswith(" 1 | …")
    assert lines[marked - 1][lines[marked].index("^")] == "x"


def test_asked_to_end_it_gives_the_terminal_back_as_it_was() -> None:
    with typed() as terminal:
        before = terminal.modes()
        _ready(terminal)
        assert terminal.modes() != before
        terminal.signal(signal.SIGTERM)
        assert terminal.ended() == 143
        assert terminal.modes() == before


def test_each_colour_can_be_read_on_black_and_on_white() -> None:
    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (0, 2, 4)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for kind in SYNTAX:
        shown = light(_colour(kind))
        assert min((shown + 0.05) / 0.05, 1.05 / (shown + 0.05)) > 3, kind


def test_few_rows_of_long_texts_are_paged_as_they_are_drawn_and_never_cut(tmp_path: Path) -> None:
    with typed(["--color", "never"], rows=12, columns=60, PAGER=f"cat > {tmp_path}/paged; echo seen") as terminal:
        _ready(terminal).enter("LONG 3;")
        terminal.until("seen", "3 rows in")
        lines = (tmp_path / "paged").read_text().splitlines()
        assert len(lines) > 12 and max(map(len, lines)) <= 60
        assert " ".join((tmp_path / "paged").read_text().split()).count("word") == 3 * 60


def test_what_a_person_prefers_holds_at_the_prompt_and_arguments_go_before_it(tmp_path: Path) -> None:
    file = tmp_path / "config" / "cubeql" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[shell]\nmode = "jsonl"\ntimer = false\npager = "off"\nediting = "vi"\n')
    with typed() as terminal:
        terminal.until("cubeql>", "jsonl · timer off · pager off")
        terminal.enter("MANY 1;")
        assert " in 0." not in terminal.until('{"n": 0}', "1 row in").rpartition("cubeql>")[0]
        terminal.type("MANY 2;\x1b^xiM\r")  # Escape, to the first letter, take it away, put it back
        terminal.until('{"n": 1}')
    with typed(["--format", "csv"]) as terminal:
        terminal.until("cubeql>", "· csv ·")
    file.write_text("[shell]\nmode = 5\n")
    with typed() as terminal:
        assert terminal.ended() == 2
        assert "config.toml, line 2: [shell] mode must be a text, not 5" in terminal.text.replace("\n", "")
