"""The file of preferences: what it may say, and how a mistake in it is told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from cubeql.cli.output.formats import FORMATS
from cubeql.errors import ConfigError
from cubeql.preferences import MODES, Preferences, Screen, Server, Shell, default_file, read, state_folder
from tests.docs.blocks import ROOT, blocks

PAGE = ROOT / "docs/reference/preferences.md"
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str) -> Path:
        file = tmp_path / "config.toml"
        file.write_text(text, "utf-8")
        return file

    return to_file


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert read(tmp_path / "none.toml") == Preferences()
    assert Preferences().shell == Shell() and Preferences().file is None


def test_the_example_of_the_page_says_what_it_says(write: Write) -> None:
    (example,) = (b for b in blocks("toml") if b.page == PAGE)
    file = write(example.text)
    found = read(file)
    assert found.shell == Shell(mode="vertical", timer=False, max_rows=100)
    assert found.screen.theme == "cubeql-light" and found.file == file
    assert found.servers == {"cubes.example.org:8815": Server(token_file=file.parent / "cubes.token")}
    assert found.screen.keys == {"everywhere.run": "f5, ctrl+r", "everywhere.refresh": "ctrl+y",
                                 "map.closer": "plus, z"}  # fmt: skip


def test_keys_may_stand_in_tables_of_their_places(write: Write) -> None:
    assert read(write('[screen.keys.map]\ncloser = "z"\n')).screen.keys == {"map.closer": "z"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[shell]\nmoed = 'csv'\n", r"config\.toml, line 2: \[shell\] has no setting 'moed'; did you mean 'mode'\?"),
        ("\n\n[shel]\n", r"line 3: there is no table \[shel\]; did you mean 'shell'\?"),
        ("shell = 3\n", r"line 1: shell is a table: write \[shell\]"),
        ("[shell]\n# why\nmode = 'cvs'\n", r"line 3: \[shell\] mode cannot be \"cvs\"; did you mean 'csv'\?"),
        ("[shell]\npager = 'x'\n", r"pager cannot be \"x\"; it is one of auto, on, off"),
        ("[shell]\ntimer = 'yes'\n", r"line 2: \[shell\] timer must be true or false, not \"yes\""),
        ("[shell]\ntimer = 1\n", r"must be true or false, not 1"),
        ("[shell]\nmax_rows = true\n", r"must be a whole number, not true"),
        ("[shell]\nmax_rows = -1\n", r"must not be negative, not -1"),
        ("shell.mode = 7\n", r"line 1: \[shell\] mode must be a text, not 7"),
        ("[screen]\nkeys = 'f5'\n", r"line 2: keys is a table: write \[screen\.keys\]"),
        ("[screen.keys]\nmap.fit = 5\n", r"line 2: \[screen\.keys\] map\.fit must be a text"),
        ("[shell]\nmode = \n", r"config\.toml: Invalid value \(at line 2, column 8\)"),
    ],
)
def test_a_mistake_is_told_with_its_place(write: Write, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(write(text))


def test_all_mistakes_are_told_together(write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        read(write("[shell]\nmoed = 'csv'\n[screen]\nmouse = 0\n"))
    assert [line.partition(": ")[0].rpartition(" ")[2] for line in str(caught.value).splitlines()] == ["2", "4"]


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, write: Write) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        read(tmp_path)
    file = write("")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"config\.toml.*utf-8"):
        read(file)


def test_the_files_lie_where_the_system_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert default_file() == tmp_path / "config/cubeql/config.toml"
    assert state_folder() == tmp_path / "state/cubeql"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert default_file() == Path.home() / ".config/cubeql/config.toml"


def test_modes_are_formats_that_a_terminal_can_show() -> None:
    assert set(MODES) == {f.name for f in FORMATS if f.name and not f.binary} - {"none"}


@pytest.mark.parametrize("table", [Shell, Screen, Server])
def test_the_page_has_every_setting_as_it_is(table: type[Shell | Screen | Server]) -> None:
    rows = {m[1]: (m[2], m[3]) for m in re.finditer(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", PAGE.read_text("utf-8"), re.M)}
    for setting in fields(table):
        default, about = rows[setting.name]
        assert about.startswith(setting.metadata["about"])
        assert all(f"`{value}`" in about for value in setting.metadata["one_of"])
        if setting.default not in (None, MISSING):
            assert default == f"`{json.dumps(setting.default)}`"


@pytest.mark.parametrize(("text", "state"), [("[shell]\n", "ok"), ("[shel]\n", "broken")])
def test_the_doctor_says_which_file_is_read(tmp_path: Path, text: str, state: str) -> None:
    (tmp_path / "cubeql").mkdir()
    file = tmp_path / "cubeql/config.toml"
    file.write_text(text, "utf-8")
    code = "from cubeql.cli.health import check_preferences as c; print(*c().as_dict().values())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
                         env={"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)})  # fmt: skip
    assert ran.stdout.startswith(f"{state} preferences") and str(file) in ran.stdout
