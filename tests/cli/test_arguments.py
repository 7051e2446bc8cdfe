"""The arguments: what ingest understands of them, and that the reference page names them all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cubeql.cli.arguments import Parser, UsageError
from cubeql.cli.commands import COMMANDS, QUERY, Command, ingest

PAGE = (Path(__file__).parents[2] / "docs/reference/cli.md").read_text("utf-8")
ALL = [QUERY, *COMMANDS.values()]


def _parser(command: Command) -> Parser:
    parser = Parser(prog=f"cubeql {command.name}".strip())
    command.arguments(parser)
    return parser


def _options(command: Command) -> set[str]:
    return {o for action in _parser(command)._actions for o in action.option_strings}


@pytest.mark.parametrize("command", ALL, ids=lambda c: c.name or "query")
def test_every_option_is_on_the_reference_page(command: Command) -> None:
    assert {o for o in _options(command) if f"`{o}" not in PAGE} == set()


@pytest.mark.parametrize("command", ALL, ids=lambda c: c.name or "query")
def test_every_command_is_on_the_reference_page(command: Command) -> None:
    assert re.search(rf"^## cubeql ?{command.name}\b", PAGE, re.MULTILINE)


def test_the_reference_page_names_no_option_that_is_not_there() -> None:
    known = set().union(*(_options(c) for c in ALL)) | {"--version"}
    named = set(re.findall(r"`(--?[a-z][a-z-]*)", PAGE))
    assert named - known == set()


def _settings(*words: str) -> dict[str, Any]:
    return ingest.settings(_parser(COMMANDS["ingest"]).parse_args(["a.tif", "--layer", "x", *words]))


def test_ingest_passes_on_only_what_was_given() -> None:
    assert _settings() == {}


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--bands", "red, 2,nir"], "bands", ["red", 2, "nir"]),
        (["--band", "red=3", "--band", "nir=B8"], "bands", {"red": 3, "nir": "B8"}),
        (["--unit", "t2m=degC"], "units", {"t2m": "degC"}),
        (["--class", "1=water", "--class", "2=a=b"], "classes", {1: "water", 2: "a=b"}),
        (["--dimension", "depth", "--dimension", "model"], "dimensions", ("depth", "model")),
        (["--categorical", "scl", "--categorical", "qa"], "categorical", ("scl", "qa")),
        (["--time", "2024-05-03"], "time", "2024-05-03"),
        (["--time", "2024", "--time", "2025"], "time", ["2024", "2025"]),
        (["--time-pattern", "%Y%m%d"], "time_pattern", "%Y%m%d"),
        (["--method", "mean"], "method", "mean"),
        (["--method", "scl=mode", "--method", "red=mean"], "method", {"scl": "mode", "red": "mean"}),
        (["--nodata", "none"], "nodata", None),
        (["--nodata", "-9999"], "nodata", -9999),
        (["--memory-limit", "512MB"], "memory_limit", 512 * 2**20),
        (["--memory-limit", "1.5GiB"], "memory_limit", 3 * 2**29),
        (["--replace"], "mode", "replace"),
        (["--glob", "**/*.tif"], "glob", "**/*.tif"),
        (["--file-pattern", "landsat"], "file_pattern", "landsat"),
        (["--believe", "item"], "believe", "item"),
        (["--atomic"], "commit", "whole"),
        (["--portion-size", "2G"], "portion_bytes", 2**31),
        (["--skip-bad"], "skip_bad", True),
        (["--resolution", "0"], "resolution", 0),
    ],
)
def test_ingest_reads_its_options(words: list[str], name: str, value: Any) -> None:
    assert _settings(*words) == {name: value}


@pytest.mark.parametrize(
    "words",
    [
        ["--resolution", "16"],
        ["--band", "red"],
        ["--class", "water=1"],
        ["--memory-limit", "much"],
        ["--memory-limit", "0"],
        ["--replace", "--create"],
        ["--time", "2024", "--time-pattern", "auto"],
        ["--method", "mean", "--method", "mode"],
        ["--bands", "red", "--band", "a=b"],
    ],
)
def test_ingest_refuses_what_contradicts_itself(words: list[str]) -> None:
    with pytest.raises(UsageError):
        _settings(*words)


def test_settings_are_those_of_ingest() -> None:
    from cubeql.ingest.options import IngestOptions

    given = ["--bands", "a", "--band-pattern", "x", "--unit", "a=m", "--categorical", "a", "--class", "1=b"]
    given += ["--time", "2024", "--stamp", "start", "--step", "P1M", "--resolution", "5", "--method", "mean"]
    given += ["--crs", "EPSG:4326", "--memory-limit", "1G", "--replace", "--on-conflict", "merge", "--again"]
    given += ["--title", "t", "--licence", "l", "--citation", "c", "--nodata", "0"]
    given += ["--replace-changed", "--skip-bad", "--atomic", "--portion-sources", "3", "--portion-size", "1M"]
    assert IngestOptions(**_settings(*given)).crs == "EPSG:4326"
    assert IngestOptions(**_settings("--time-tag")).time_tag


def _sources(*words: str) -> list[Any]:
    return ingest.sources(_parser(COMMANDS["ingest"]).parse_args([*words, "--layer", "x"]))


def test_conditions_make_a_search_of_every_source() -> None:
    from cubeql.ingest import Search

    assert _sources("a.tif", "b.tif") == ["a.tif", "b.tif"]
    words = ["--collection", "c", "--bbox", "11,48,12,49", "--datetime", "2024-05", "--query", "eo:cloud_cover<20"]
    wanted = Search("https://x", ("c",), (11.0, 48.0, 12.0, 49.0), "2024-05", ("eo:cloud_cover<20",), max_items=3)
    assert _sources("--stac", "https://x", *words, "--max-items", "3") == [wanted]
    assert _sources("--stac", "https://x") == [Search("https://x")]
    assert _sources("catalog.json", "--datetime", "2024") == [Search("catalog.json", datetime="2024")]


@pytest.mark.parametrize("words", [[], ["a.tif", "--stac", "https://x"], ["--stac", "https://x", "--bbox", "all"]])
def test_sources_that_contradict(words: list[str]) -> None:
    with pytest.raises(UsageError):
        _sources(*words)
