"""The commands of the prompt, in this process: what they do, and what they refuse."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from cubeql.cli.diagnostics import Diagnostics
from cubeql.cli.runner import Running
from cubeql.cli.shell.commands import COMMANDS, GROUPS
from cubeql.cli.shell.feeding import command_in, feed
from cubeql.cli.shell.of_prompt import help_text
from cubeql.cli.shell.opening import open_prompt
from cubeql.cli.shell.state import Known, Shell, Showing
from cubeql.history import History
from cubeql.preferences import Preferences
from cubeql.session import Session
from tests.cli.fake_session import FakeSession

Say = Callable[..., tuple[str, str]]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    """A prompt over a fake session, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    session = cast(Session, FakeSession("/"))
    diagnostics = Diagnostics(colour="never")
    return Shell(
        session, Running({}), Showing(diagnostics, mode="csv"), diagnostics, History(None), Known(session.store)
    )


@pytest.fixture
def say(shell: Shell, capfd: pytest.CaptureFixture[str]) -> Say:
    """Type lines; what came on stdout and stderr."""

    def call(*lines: str) -> tuple[str, str]:
        shell.diagnostics = shell.showing.diagnostics = Diagnostics(colour="never")
        for line in lines:
            feed(shell, line)
        sys.stderr.flush()
        caught = capfd.readouterr()
        return caught.out, caught.err

    return call


def test_an_unknown_command_says_the_nearest_ones(say: Say) -> None:
    assert "there is no command .lyers\n  hint: did you mean .layers" in say(".lyers")[1]
    assert "there is no command .zzzzzz\n  hint: .help lists them" in say(".zzzzzz")[1]


def test_every_command_can_be_found_by_all_its_names_and_says_what_it_does() -> None:
    names = [name for c in COMMANDS for name in (c.name, *c.aliases)]
    assert len(names) == len(set(names))
    text = help_text()
    assert all(name in text for name in names) and all(c.says in text for c in COMMANDS)
    wanted = ".layers .schema .describe .mode .output .once .timer .explain .plan .read .edit .history .watch .cancel "
    wanted += ".set .param .pager .help .quit \\d \\x \\timing \\e \\o \\i \\g \\q \\?"
    assert set(wanted.split()) <= set(names)


def test_the_reference_lists_the_commands_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/cli.md").read_text("utf-8")
    for group, commands in GROUPS.items():
        for command in commands:
            usage = f"{command.name} {command.takes}".rstrip().replace("|", "\\|")
            aliases = ", ".join(f"`{alias}`" for alias in command.aliases)
            assert f"| `{usage}` | {aliases} | {command.says} |" in page, (group, command.name)


def test_help_is_understood_as_newcomers_write_it(say: Say) -> None:
    for word in ("help", "help;", "?", ".help", "\\?"):
        assert ".layers [WORD]" in say(word)[0]
    assert say(".help mode") == (".mode [FORMAT]\n  how results are written\n", "")
    assert "there is no command moed\n  hint: did you mean .mode?" in say(".help moed")[1]


def test_results_go_where_they_are_sent(say: Say, tmp_path: Path) -> None:
    out, told = say("MANY 1;", ".once two.csv", "MANY 2;", "MANY 1;")
    assert out == "n\n0\nn\n0\n" and "2 rows written to two.csv" in told
    assert (tmp_path / "two.csv").read_text() == "n\n0\n1\n"
    out, _ = say(".output all.jsonl", "MANY 1;", "MANY 2;", "HALF;", ".output", "MANY 1;")
    assert out == "n\n0\n" and (tmp_path / "all.jsonl").read_text() == '{"n": 0}\n{"n": 0}\n{"n": 1}\n'
    assert say(".once |tr n m", "MANY 1;")[0] == "m\n0\n"
    assert "`exit 3` ended with code 3" in say(".once |exit 3", "MANY 1;")[1]
    say("\\g again.csv")
    assert (tmp_path / "again.csv").read_text() == "n\n0\n"


def test_a_file_of_one_result_takes_one(say: Say, tmp_path: Path) -> None:
    _, told = say(".output one.json", "MANY 1;", "MANY 2;", ".output")
    assert "one.json holds one result and has it" in told
    assert (tmp_path / "one.json").read_text() == '[\n{"n": 0}\n]\n'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (".mode tabel", "did you mean table?"),
        (".once", "name a file or a command"),
        (".once |", "a command is missing"),
        (".once x.docx", "cannot tell the format of x.docx"),
        (".output /nowhere/x.csv", "cannot write /nowhere/x.csv"),
        (".x perhaps", "write on or off"),
        (".pager never", ".pager takes on, off or auto"),
        (".last", "no result yet"),
        (".again", "no statement was run yet"),
        (".explain", "no statement was run yet"),
        (".read", "name a file"),
        (".read nowhere.sql", "cannot read nowhere.sql"),
        (".describe", "name a layer"),
        (".param 1a 2", "cannot be the name"),
        (".param x", "$x is not bound"),
        (".set threads", "write .set threads VALUE"),
        (".watch 0 MANY 1", "wait between"),
        (".watch 2 WRONG x", "no layer x"),
        (".schema aa", "did you mean a?"),
    ],
)
def test_what_cannot_be_done_is_said(say: Say, line: str, said: str) -> None:
    assert said in say(line)[1]


def test_parameters_are_bound_listed_and_freed(say: Say, shell: Shell) -> None:
    listed, told = say(".param limit 0.4", ".param $name Alps", ".param", "MANY 1;", ".param limit")
    assert listed.startswith('$limit = 0.4\n$name = "Alps"\n') and "$limit is bound no more" in told
    assert cast(FakeSession, shell.session).asked[-1][1] == {"name": "Alps"}


def test_the_look_of_results_is_changed_and_changed_back(say: Say, shell: Shell) -> None:
    assert say(".mode jsonl", "MANY 1;")[0] == '{"n": 0}\n'
    assert say("\\x", "MANY 1;")[0] == "--- row 1 ---\nn  0\n"
    assert say(".x off", ".last")[0] == '{"n": 0}\n'
    assert "timer off" in say("\\timing")[1] and not shell.running.timer


def test_the_last_result_is_shown_again_and_run_again_where_it_was_not_read(say: Say, shell: Shell) -> None:
    session = cast(FakeSession, shell.session)
    say("MANY 3;")
    assert say(".last")[0] == "n\n0\n1\n2\n" and len(session.asked) == 1
    assert shell.showing.kept is not None
    shell.showing.kept.most, shell.showing.kept.overflown = 2, True
    out, told = say(".last")
    assert out == "n\n0\n1\n2\n" and "the statement is run again" in told and len(session.asked) == 2


def test_a_file_may_hold_commands_comments_and_statements(say: Say, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("-- first\n.mode jsonl\nMANY\n1; MANY 2; -- two\n\n\\x on\nMANY 1;\n")
    assert say(".read a.sql")[0] == '{"n": 0}\n{"n": 0}\n{"n": 1}\n--- row 1 ---\nn  0\n'
    (tmp_path / "b.sql").write_text("MANY 1;\nWRONG x;\nMANY 1;")
    out, told = say(".mode csv", ".read b.sql")
    assert out == "n\n0\n" and "in b.sql:" in told and "line 2, column 7" in told
    (tmp_path / "c.sql").write_text(".read c.sql\n")
    assert "8 deep" in say("\\i c.sql")[1]


def test_a_number_that_begins_with_a_point_is_no_command() -> None:
    assert command_in(".") == "."
    assert command_in(".5") is None and command_in("SELECT a\n.b") is None and command_in("-- x\n.b c") == ".b c"


def test_settings_go_to_the_session(say: Say, shell: Shell) -> None:
    given: list[tuple[str, object]] = []
    shell.session.set = lambda name, value: given.append((name, value))  # type: ignore[method-assign]
    _, told = say(".set threads 2", ".set timeout_s = 1.5", ".set memory_limit '2GB'", ".set threads default")
    assert given == [("threads", 2), ("timeout_s", 1.5), ("memory_limit", "2GB"), ("threads", None)]
    assert "threads is 2" in told


def test_the_history_keeps_statements_with_what_became_of_them(say: Say, shell: Shell) -> None:
    say("MANY 3;", ".mode csv", "WRONG x;", "SAY;")
    assert [(a.text, a.state, a.rows, a.store) for a in shell.history.asked] == [
        ("MANY 3", "done", 3, "/"), ("WRONG x", "failed", 0, "/"), ("SAY", "done", 0, "/")
    ]  # fmt: skip
    listed = [line.split()[2:] for line in say(".history")[0].splitlines()]
    assert listed == [["MANY", "3"], ["✗", "WRONG", "x"], ["SAY"]]
    assert "no statement has nothing in it" in say(".history nothing")[1]


def test_ctrl_c_during_a_statement_leaves_the_prompt_alive(say: Say, shell: Shell) -> None:
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    assert "cancelled" in say("SLOW 600;")[1]
    cast(FakeSession, shell.session).cancelled.clear()
    assert [asked.state for asked in shell.history.asked] == ["cancelled"] and "n\n0\n" in say("MANY 1;")[0]


def test_a_store_without_layers_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import io

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    session = cast(Session, FakeSession("/"))
    monkeypatch.setattr(session.store, "layer_names", lambda: ())
    options = argparse.Namespace(
        color="auto", quiet=False, no_progress=False, format=None, max_rows=None, output=None
    )
    assert open_prompt(session, Running({}), options, Preferences()) == 0
    assert "cubeql ingest FILE --layer NAME" in capfd.readouterr().err
