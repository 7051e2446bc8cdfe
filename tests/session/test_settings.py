"""SET and SHOW SETTINGS: what a session may use, changed while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cubeql
from cubeql.errors import ConfigError, QueryError, QueryTimeout


@pytest.fixture
def session(cube_store: Path) -> Any:
    with cubeql.connect(cube_store) as opened:
        yield opened


def shown(session: Any) -> dict[str, str]:
    return {r["setting"]: r["value"] for r in session.query("SHOW SETTINGS").to_arrow().to_pylist()}


def engine(session: Any, name: str) -> Any:
    return session._database.execute("SELECT current_setting(?)", [name]).fetchone()[0]


def test_a_setting_holds_for_the_statements_that_follow(session: Any) -> None:
    assert shown(session)["timeout_s"] == "None"
    session.query("SET timeout_s = 0.000001")
    assert session.settings.timeout_s == 0.000001
    with pytest.raises(QueryTimeout):
        session.query("SELECT count(*) AS n FROM fine").to_arrow()
    session.query("SET timeout_s = NULL")
    assert session.query("SELECT count(*) AS n FROM fine").to_arrow().num_rows == 1


def test_the_engine_is_told(session: Any, tmp_path: Path) -> None:
    before = engine(session, "threads")
    session.query("SET threads = 1")
    session.query("SET memory_limit = '1300MiB'")
    session.query("SET temp_folder = $folder", {"folder": str(tmp_path / "it's")})
    assert engine(session, "threads") == 1 and engine(session, "memory_limit") == "914.0 MiB"  # less 256 and a tenth
    session.query("SET array_memory = '0'")
    assert engine(session, "memory_limit") == "1.0 GiB"
    assert engine(session, "temp_directory") == str(tmp_path / "it's")
    assert shown(session) | {"threads": "1", "memory_limit": "1300MiB"} == shown(session)
    session.query("SET THREADS = NULL")
    assert engine(session, "threads") == before and shown(session)["threads"] == "None"


@pytest.mark.parametrize(
    "text,code",
    [
        ("SET timeout = 3", "unknown_setting"),
        ("SET timeout_s = -1", "bad_setting"),
        ("SET timeout_s = 'soon'", "bad_setting"),
        ("SET threads = 1.5", "bad_setting"),
        ("SET threads = true", "bad_setting"),
        ("SET memory_limit = 5", "bad_setting"),
        ("SET memory_limit = 'much'", "bad_setting"),
        ("SET create = true", "bad_setting"),
        ("SET rules = NULL", "bad_setting"),
        ("SET threads = 1 + 1", "not_a_constant"),
        ("SET threads = $n", "unknown_parameter"),
    ],
)
def test_what_is_refused_changes_nothing(session: Any, text: str, code: str) -> None:
    before = shown(session)
    with pytest.raises(QueryError) as raised:
        session.query(text)
    assert [d.code for d in raised.value.diagnostics] == [code]
    assert raised.value.diagnostics[0].span is not None
    assert shown(session) == before


def test_set_from_python(session: Any) -> None:
    session.set("timeout_s", 60)
    assert shown(session)["timeout_s"] == "60"
    with pytest.raises(ConfigError, match="no setting"):
        session.set("speed", 9)
