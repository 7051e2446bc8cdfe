"""What runs, where it is said, and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["-c", "ROWS"], 0),
        (["-c", "WRONG thing"], 1),
        (["-c", "ROWS", "--nonsense"], 2),
        (["-c", "ROWS", "-o", "a.xyz"], 2),
        (["missing", "-c", "ROWS"], 3),
        (["-c", "LATE"], 4),
        (["-c", "BUG"], 70),
        (["--timeout", "0", "-c", "ROWS"], 2),
        (["-f", "/nowhere.cql"], 2),
        (["--param", "x", "-c", "ROWS"], 2),
        (["a", "--store", "b", "-c", "ROWS"], 2),
    ],
)
def test_exit_codes(run: Run, words: list[str], code: int) -> None:
    ran = run(*words)
    assert ran.code == code
    assert (ran.out == b"") == (code != 0)
    assert ran.err.startswith("error") if code else ran.err == ""


def test_help_and_version_leave_well(run: Run) -> None:
    assert "ingest" in run("--help").text
    assert run("--version").text.startswith("cubeql ")
    assert "--layer" in run("ingest", "--help").text


def test_the_first_fault_stops_and_the_next_statement_does_not_run(run: Run) -> None:
    ran = run("-c", "ROWS; WRONG thing; MANY 1")
    assert ran.code == 1
    assert ran.session and [text for text, *_ in ran.session.asked] == ["ROWS", "WRONG thing"]


def test_going_on_after_a_fault_still_tells_it_by_the_exit_code(run: Run) -> None:
    ran = run("-c", "LATE; WRONG thing; MANY 1", "--format", "csv", "--on-error", "continue")
    assert (ran.code, ran.text) == (4, "n\n0\n")
    assert ran.err.count("error[") == 2


def test_a_fault_is_placed_in_the_whole_file(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "q.cql"
    script.write_text("SAY;\n-- a note\nWRONG\n  thing;")
    ran = run("-f", str(script))
    assert f"in {script}:" in ran.err
    assert " --> line 4, column 3\n 4 |   thing;\n   |   ^^^^^" in ran.err


def test_a_warning_is_placed_in_the_whole_text_and_the_rows_still_come(run: Run) -> None:
    ran = run("-c", "SAY;\nWARN", "--format", "csv")
    assert "warning[unit_mix]: K meets degC\n --> line 2, column 1" in ran.err
    assert ran.text.startswith("cell,")


def test_texts_and_files_run_in_the_order_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "q.cql").write_text("MANY 1")
    ran = run("-c", "MANY 2", "-f", str(tmp_path / "q.cql"), "-c", "MANY 3", "--format", "none")
    assert ran.session and [text for text, *_ in ran.session.asked] == ["MANY 2", "MANY 1", "MANY 3"]


def test_parameters_and_the_time_limit_reach_the_session(run: Run) -> None:
    ran = run("-c", "ROWS", "--param", "x=5", "--timeout", "2.5")
    assert ran.session and ran.session.asked == [("ROWS", {"x": 5}, 2.5)]


def test_messages_go_to_stderr_and_quiet_drops_them_but_not_faults(run: Run) -> None:
    assert run("-c", "SAY").err == "layer made\n"
    ran = run("-q", "-c", "SAY; WARN; WRONG thing", "--format", "none")
    assert "layer made" not in ran.err and "unit_mix" not in ran.err and "unknown_layer" in ran.err


def test_stats_are_a_json_line_a_result(run: Run) -> None:
    lines = run("-q", "-c", "ROWS; MANY 7", "--stats", "--format", "none").err.splitlines()
    assert [json.loads(line)["rows"] for line in lines] == [3, 7]
    assert json.loads(lines[0])["tiles_all"] == 4


def test_a_bug_says_how_to_report_it_and_hides_its_trace(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    short = run("-c", "BUG").err
    assert "RuntimeError: something unforeseen" in short and "cubeql doctor" in short and "Traceback" not in short
    monkeypatch.setenv("CUBEQL_DEBUG", "1")
    assert "Traceback" in run("-c", "BUG").err


def test_control_characters_in_a_fault_are_shown_not_obeyed(run: Run) -> None:
    assert "\x1b" not in run("-c", "WRONG \x1b[2Jx").err


def test_colour_can_be_asked_for_and_is_off_in_a_pipe(run: Run) -> None:
    assert "\x1b[" in run("-c", "WRONG x", "--color", "always").err
    assert "\x1b[" not in run("-c", "WRONG x").err


def test_a_misspelt_command_is_named(run: Run) -> None:
    assert "`cubeql ingest`" in run("ingets", "a.tif", "--layer", "x").err


def test_a_file_appears_only_when_every_statement_ran(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run("-c", "MANY 2; WRONG thing", "-o", str(out)).code == 1
    assert list(tmp_path.iterdir()) == []
    out.write_text("before")
    assert run("-c", "MANY 2; HALF", "-o", str(out)).code == 1
    assert out.read_text() == "before"
    assert run("-c", "MANY 2", "-o", str(out)).code == 0
    assert out.read_text() == "n\n0\n1\n"
    assert list(tmp_path.iterdir()) == [out]


def test_half_a_result_is_taken_back_when_going_on(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run("-c", "MANY 1; HALF; MANY 2", "-o", str(out), "--on-error", "continue").code == 1
    assert out.read_text() == "n\n0\nn\n0\n1\n"


def test_a_new_file_has_ordinary_permissions(run: Run, tmp_path: Path) -> None:
    out, plain = tmp_path / "out.csv", tmp_path / "plain"
    plain.touch()
    run("-c", "MANY 1", "-o", str(out))
    assert out.stat().st_mode == plain.stat().st_mode


def test_a_format_of_one_result_refuses_a_second(run: Run, tmp_path: Path) -> None:
    ran = run("-c", "MANY 1; MANY 1", "-o", str(tmp_path / "a.parquet"))
    assert ran.code == 2 and "one result" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_a_usage_fault(run: Run) -> None:
    ran = run("-c", "MANY 1", "-o", "/nowhere/out.csv")
    assert ran.code == 2 and "/nowhere/out.csv" in ran.err


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_stdout_can_be_named(run: Run, name: str) -> None:
    assert run("-c", "MANY 1", "-o", name, "--format", "csv").text == "n\n0\n"


def test_a_pipe_is_written_and_stays_a_pipe(run: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert run("-c", "MANY 1", "-o", str(pipe), "--format", "csv").code == 0
    assert (os.read(reader, 100), pipe.is_fifo()) == (b"n\n0\n", True)
    os.close(reader)


def test_a_link_stays_a_link_and_its_target_is_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "target.csv").write_text("before")
    (tmp_path / "link.csv").symlink_to("target.csv")
    assert run("-c", "MANY 1", "-o", str(tmp_path / "link.csv")).code == 0
    assert ((tmp_path / "link.csv").is_symlink(), (tmp_path / "target.csv").read_text()) == (True, "n\n0\n")


def test_explain_prints_the_plan_or_only_the_sql(run: Run) -> None:
    assert run("explain", "FROM a").text == "plan of FROM a\n"
    assert run("explain", "-c", "FROM a", "--analyze").text == "plan of FROM a with figures\n"
    assert run("explain", "FROM a", "--sql").text == "SELECT 1\n"
    assert run("explain", "WRONG x").code == 1


def test_layers_and_describe_stand_for_their_statements(run: Run) -> None:
    asked = [
        run("layers", "/").session,
        run("describe", "era5.t2m", "--store", "/").session,
        run("describe", "my layer").session,
    ]
    assert [s.asked[0][0] for s in asked if s] == ["SHOW LAYERS", "DESCRIBE era5.t2m", 'DESCRIBE "my layer"']
    assert asked[0] and asked[0].store.address == "/"
