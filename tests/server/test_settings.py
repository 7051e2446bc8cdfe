"""What a server may be told, and how a mistake in it is told."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from cubeql.errors import ConfigError
from cubeql.server.settings import TABLES, ServerSettings, host_and_port, read_settings
from tests.docs.blocks import ROOT, blocks
from tests.server.conftest import Served

PAGE = ROOT / "docs/reference/server-settings.md"


def _file(folder: Path, text: str) -> Path:
    file = folder / "server.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    tables = '[limits]\nrun_s = 5\n[folders]\nfiles = ["aoi", "/data", "s3://b/p"]\n[tls]\ncert = "cert.pem"\n'
    file = _file(tmp_path, tables)
    found = read_settings(file)
    assert found.limits.run_s == 5 and found.limits.bind_s == ServerSettings().limits.bind_s
    assert found.folders.files == (str(tmp_path / "aoi"), "/data", "s3://b/p")
    assert found.tls.cert == tmp_path / "cert.pem"
    assert found.access == ServerSettings().access and not found.access.anonymous


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[limits]\nruns = 5\n", r"server\.toml, line 2: \[limits\] has no setting 'runs'; did you mean 'run_s'\?"),
        ("[limit]\n", r"line 1: there is no table \[limit\]; did you mean 'limits'\?"),
        ("[limits]\nrun_s = '5'\n", r"line 2: \[limits\] run_s must be a number, not \"5\""),
        ("[limits]\nrun_s = 0\n", r"run_s must be at least 0\.1, not 0"),
        ("[limits]\nrun_s = nan\n", r"run_s must be finite, not nan"),
        ("[limits]\nstall_s = inf\n", r"stall_s must be finite, not inf"),
        ("[limits]\nrunning = 2.5\n", r"running must be a whole number, not 2\.5"),
        ("[limits]\nmost_rows = -1\n", r"most_rows must not be negative, not -1"),
        ("[access]\nanonymous = 'no'\n", r"anonymous must be true or false, not \"no\""),
        ("[folders]\nfiles = '/data'\n", r"files must be a list of texts, not \"/data\""),
        ("[folders]\nfiles = [1]\n", r"files must be a list of texts, not \[1\]"),
        ("[flight]\naddress = 'here'\n", r"line 2: \[flight\] address must be HOST:PORT, not \"here\""),
        ("[metrics]\naddress = 'h:99999'\n", r"\[metrics\] address must be HOST:PORT"),
        ("[limits\n", r"server\.toml: .*line 1"),
    ],
)
def test_a_mistake_is_told_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_settings(_file(tmp_path, text))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: there is no such file"):
        read_settings(tmp_path / "none.toml")


def test_settings_given_by_name_are_checked_alike() -> None:
    assert ServerSettings.of(limits={"run_s": 2.0}).limits.run_s == 2
    with pytest.raises(ConfigError, match=r"\[limits\] has no setting 'runs'"):
        ServerSettings.of(limits={"runs": 2.0})


@pytest.mark.parametrize(
    ("written", "parts"),
    [("localhost:8815", ("localhost", 8815)), ("[::1]:0", ("::1", 0)), ("0.0.0.0:1", ("0.0.0.0", 1))],
)
def test_an_address_is_a_host_and_a_port(written: str, parts: tuple[str, int]) -> None:
    assert host_and_port(written) == parts


@pytest.mark.parametrize("written", ["", "8815", ":8815", "h:", "h:-1", "h:65536", "h:٣", "::1:8815"])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(ConfigError, match="is not HOST:PORT"):
        host_and_port(written)


def test_the_served_store_answers_as_the_store_itself(served: Served) -> None:
    text = "SELECT cell, time, red FROM fine ORDER BY cell, time"
    with served.connect().query(text) as got:
        found = got.to_arrow()
    assert found.num_rows > 0
    assert found.equals(served.house.query(text).to_arrow())


@pytest.mark.parametrize("table", TABLES.plain)
def test_the_page_has_every_setting_as_it_is(table: str) -> None:
    """What the page says of a table, row by row, in the order of its fields."""
    page = PAGE.read_text("utf-8")
    part = page.partition(f"\n## [{table}]\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", part, re.M)
    assert rows == [(f.name, _default(f.default), f.metadata["about"]) for f in fields(TABLES.plain[table])]


def _default(value: object) -> str:
    if value is None or value == ():
        return ""
    return f"`{json.dumps(value)}`"


def test_the_example_of_the_page_is_one(tmp_path: Path) -> None:
    (example,) = (b for b in blocks("toml") if b.page == PAGE)
    found = read_settings(_file(tmp_path, example.text))
    assert found.flight.address == "0.0.0.0:8815" and found.tls.cert == tmp_path / "tls/cert.pem"
    assert found.limits.running == 16 and found.audit.folder == Path("/var/log/cubeql")
